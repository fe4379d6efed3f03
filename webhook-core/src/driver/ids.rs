//! By which ids a repeat may be recognized.

use super::Verifier;
use crate::delivery::{Delivery, DeliveryId, Identity, Trust};
use crate::provider::{Identified, Provider};

impl<P: Provider> Verifier<P> {
    /// Lets a layer recognize repeats by ids that the sender does not sign: see [`Trust`] for what someone else can do then.
    pub fn trust_unsigned_ids(mut self) -> Self
    where
        P: Identified,
    {
        self.settings().trusts_unsigned_ids = true;
        self
    }

    /// What identifies a delivery at an endpoint of the app, if repeats may be recognized by it: `None` if it has no id, or
    /// one that the sender does not sign and that the app does not [trust](Self::trust_unsigned_ids).
    pub fn identity(&self, delivery: &Delivery<P::Event>, endpoint: &str) -> Option<Identity> {
        self.trusted(delivery.id()?, endpoint)
    }

    pub(super) fn trusted(&self, id: DeliveryId, endpoint: &str) -> Option<Identity> {
        let is_trusted = id.trust() == Trust::Signed || self.shared.trusts_unsigned_ids;
        is_trusted.then(|| id.claim(endpoint))
    }

    /// Checks that repeats may be recognized by the ids of this sender.
    ///
    /// # Panics
    ///
    /// If the sender gives none; or does not sign them, and the app does not [trust](Self::trust_unsigned_ids) them all the
    /// same. The message says what someone else could do.
    #[track_caller]
    #[allow(
        clippy::panic,
        reason = "a mistake in the configuration, found before the first request"
    )]
    pub fn require_trusted_ids(&self)
    where
        P: Identified,
    {
        let sender = self.provider().name();
        if !self.provider().gives_ids() {
            panic!(
                "{sender} gives its deliveries no id, so a repeat cannot be recognized: make the handler's work the same when it \
                 is done twice; or, if they have one that is proven, say where it is"
            );
        }
        if self.shared.trusts_unsigned_ids {
            return;
        }
        match self.provider().trust() {
            Trust::Signed => {}
            Trust::Bearer => panic!(
                "{sender} does not sign the ids of its deliveries: anyone who knows the token can send a delivery with the id of \
                 a later one, which is then taken for handled; if only the sender knows it, call `trust_unsigned_ids` first"
            ),
            Trust::Unsigned => panic!(
                "{sender} does not sign the ids of its deliveries: anyone who has captured one can send it again with the id of \
                 a later one, which is then taken for handled; if nobody can guess ids, call `trust_unsigned_ids` first"
            ),
        }
    }
}

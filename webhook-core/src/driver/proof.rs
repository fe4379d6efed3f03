//! Which senders a layer may start tasks for, and ask stores.

use super::Verifier;
use crate::provider::Authenticated;

impl<P: Authenticated> Verifier<P> {
    /// Checks that the deliveries of this sender prove who sent them, for a layer that starts tasks or asks stores.
    ///
    /// # Panics
    ///
    /// If [they do not](Authenticated::unproven). The message says why, and what to change.
    #[track_caller]
    #[allow(
        clippy::panic,
        reason = "a mistake in the configuration, found before the first request"
    )]
    pub fn require_proof(&self) {
        if let Some(why) = self.provider().unproven() {
            let sender = self.provider().name();
            panic!("{sender} cannot be detached, handled once, or stored: {why}");
        }
    }
}

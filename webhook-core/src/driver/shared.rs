use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::answer::{Rejection, Reply};
use crate::delivery::{DeliveryId, Origin};
use crate::head::{Head, HeaderField};
use crate::observe::Observers;
use crate::provider::{Authentic, ClaimTime, Provider};
use crate::signing::Clock;

/// What all clones of a verifier and every delivery that waits for its body have in common.
pub(super) struct Shared<P> {
    pub(super) provider: Arc<P>,
    /// The app's, if it set one.
    pub(super) body_limit: Option<usize>,
    pub(super) body_timeout: Duration,
    pub(super) on_refusal: Option<RefusalHook>,
    pub(super) observers: Observers,
    /// The app's, if it set one.
    pub(super) tolerance: Option<Duration>,
    pub(super) clock: Clock,
    pub(super) trusts_unsigned_ids: bool,
}

/// A head that was accepted.
pub(super) struct Judged<C> {
    pub(super) claim: C,
    /// Whether the time is still to be judged.
    pub(super) time_in_body: bool,
    /// The length that the head announces.
    pub(super) announced: usize,
}

pub(super) type RefusalHook = Arc<dyn Fn(&Rejection, Reply) -> Reply + Send + Sync>;

impl<P: Provider> Shared<P> {
    pub(super) fn body_limit(&self) -> usize {
        self.body_limit
            .unwrap_or_else(|| self.provider.body_limit())
    }

    /// Judges what the head alone can show.
    pub(super) fn judge(&self, head: &Head<'_>) -> Result<Judged<P::Claim>, Rejection> {
        if head.method() != "POST" {
            return Err(Rejection::MethodNotAllowed);
        }
        let claim = self.provider.inspect(head)?;
        let time_in_body = match self.provider.time(&claim) {
            ClaimTime::InBody => true,
            ClaimTime::At(time) => {
                self.clock.check(self.tolerance(), Some(time))?;
                false
            }
            ClaimTime::Missing => {
                self.clock.check(self.tolerance(), None)?;
                false
            }
        };
        let announced = announced_length(head);
        if announced > self.body_limit() {
            return Err(Rejection::BodyTooLarge);
        }
        Ok(Judged {
            claim,
            time_in_body,
            announced,
        })
    }

    fn tolerance(&self) -> Option<Duration> {
        self.tolerance.or_else(|| self.provider.tolerance())
    }

    /// Compares the claim with the secrets, and judges the time if the body has it.
    #[inline]
    pub(super) fn authenticate(
        &self,
        claim: P::Claim,
        time_in_body: bool,
        body: &Bytes,
    ) -> Result<Authentic<P::Facts>, Rejection> {
        let authentic = self.provider.authenticate(claim, body)?;
        if time_in_body && authentic.proven {
            let time = self.provider.time_in_body(authentic.facts());
            self.clock.check(self.tolerance(), time)?;
        }
        Ok(authentic)
    }

    /// Whether the head has one of the headers that a credential of this sender comes in.
    #[cold]
    pub(super) fn has_credential(&self, head: &Head<'_>) -> bool {
        let names = self.provider.credential_headers();
        names.iter().any(|name| {
            !matches!(
                head.header(name),
                HeaderField::Absent | HeaderField::Once(b"")
            )
        })
    }
}

/// What a delivery asks its sender for.
impl<P: Provider> Origin<P::Event> for Shared<P> {
    fn sender(&self) -> &str {
        self.provider.name()
    }

    fn id(&self, event: &P::Event, body: &Bytes) -> Option<DeliveryId> {
        let id = self.provider.id(event, body)?;
        Some(id.sent_by(self.provider.name()))
    }
}

/// The `Content-Length`, or 0 if there is none that can be read: the limit then holds while reading. Digits that
/// overflow are a length over any limit.
fn announced_length(head: &Head<'_>) -> usize {
    let HeaderField::Once(value) = head.content_length() else {
        return 0;
    };
    let mut length = 0_usize;
    for byte in value {
        if !byte.is_ascii_digit() {
            return 0;
        }
        length = length
            .saturating_mul(10)
            .saturating_add(usize::from(byte - b'0'));
    }
    length
}

impl<P> Clone for Shared<P> {
    fn clone(&self) -> Self {
        Self {
            provider: Arc::clone(&self.provider),
            body_limit: self.body_limit,
            body_timeout: self.body_timeout,
            on_refusal: self.on_refusal.clone(),
            observers: self.observers.clone(),
            tolerance: self.tolerance,
            clock: self.clock.clone(),
            trusts_unsigned_ids: self.trusts_unsigned_ids,
        }
    }
}

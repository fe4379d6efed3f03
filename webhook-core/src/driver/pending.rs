use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;

use super::decoding;
use super::shared::Shared;
use super::{BodyBuffer, EarlyReply, InFlight};
use crate::answer::Rejection;
use crate::delivery::Delivery;
use crate::observe::{Stage, Watch};
use crate::provider::{Authentic, Decoded, Provider, hidden_path};

/// A delivery whose head was accepted and whose body has not arrived yet.
///
/// It owns what it needs, so a future can hold it.
pub struct Pending<P: Provider> {
    pub(super) shared: Arc<Shared<P>>,
    pub(super) claim: P::Claim,
    pub(super) time_in_body: bool,
    pub(super) announced: usize,
    /// Whether a header is there that a credential comes in; asked only if an observer listens.
    pub(super) with_credential: bool,
    pub(super) watch: Watch,
}

impl<P: Provider> Pending<P> {
    /// A buffer for the body, with the limit of this delivery and the length that its head announced.
    pub fn buffer(&self) -> BodyBuffer {
        BodyBuffer::announced(self.shared.body_limit(), self.announced)
    }

    /// How long the body may take. What is not complete by then is [refused](Self::refuse) with
    /// [`Rejection::BodyTimeout`].
    pub fn body_timeout(&self) -> Duration {
        self.shared.body_timeout
    }

    /// The headers to mark as sensitive before the handler sees them.
    pub fn credential_headers(&self) -> &[HeaderName] {
        self.shared.provider.credential_headers()
    }

    /// The path that the handler sees instead of this one, if it has the sender's credential in it. It is as long, with
    /// hyphens in place of the credential.
    #[inline]
    pub fn hidden_path(&self, path: &str) -> Option<String> {
        hidden_path(&*self.shared.provider, path)
    }

    /// Authenticates and decodes the whole body.
    ///
    /// # Errors
    ///
    /// The answer, if there is no event for the handler.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    #[inline]
    pub fn finish(self, body: Bytes) -> Result<Accepted<P::Event>, EarlyReply> {
        self.finish_with(body, |_| ())
            .map(|(accepted, ())| accepted)
    }

    /// The same; `keep` sees the facts before they are used up.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub(super) fn finish_with<K>(
        self,
        body: Bytes,
        keep: impl FnOnce(&P::Facts) -> K,
    ) -> Result<(Accepted<P::Event>, K), EarlyReply> {
        let Self {
            shared,
            claim,
            time_in_body,
            watch,
            with_credential,
            ..
        } = self;
        let bytes = body.len();
        let authenticated = if bytes > shared.body_limit() {
            Err(Rejection::BodyTooLarge)
        } else {
            shared.authenticate(claim, time_in_body, &body)
        };
        let Authentic {
            label,
            is_tenant,
            mut facts,
            proven,
        } = match authenticated {
            Ok(authentic) => authentic,
            Err(rejection) => {
                let stage = Stage::Body {
                    with_credential,
                    bytes: Some(bytes),
                };
                return Err(EarlyReply::refused(&shared, watch, rejection, stage));
            }
        };
        let kept = keep(&facts);
        match decoding::decode(&*shared.provider, &mut facts, &body) {
            Ok((Decoded::Event(event), json)) => {
                let mut rule = shared.provider.acknowledge(&event, &json);
                rule.fill_received(shared.provider.timing().received);
                drop(json);
                let observation = watch.accepted(
                    &shared.observers,
                    &*shared.provider,
                    &event,
                    label.as_ref(),
                    &body,
                );
                let accepted = Accepted {
                    delivery: Delivery::new(event, (label, is_tenant), body, Some(shared)),
                    in_flight: InFlight::new(rule, observation),
                };
                Ok((accepted, kept))
            }
            Ok((Decoded::Greeting(reply), _)) => {
                let known = (label.as_ref(), Some(bytes));
                Err(EarlyReply::greeted(&shared, watch, reply, known))
            }
            Ok((Decoded::Ignored { reply, topic }, _)) => {
                let known = (label.as_ref(), Some(bytes));
                let topic = topic.as_deref();
                Err(EarlyReply::ignored(&shared, watch, reply, topic, known))
            }
            Err(error) => {
                let stage = match proven {
                    true => Stage::Authentic {
                        label: label.as_ref(),
                        bytes,
                    },
                    false => Stage::Body {
                        with_credential,
                        bytes: Some(bytes),
                    },
                };
                Err(EarlyReply::refused(&shared, watch, error.into(), stage))
            }
        }
    }

    /// Calls [`finish`](Self::finish) if the body was collected, [`refuse`](Self::refuse) otherwise.
    ///
    /// # Errors
    ///
    /// As these two.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn finish_or_refuse(
        self,
        body: Result<Bytes, Rejection>,
    ) -> Result<Accepted<P::Event>, EarlyReply> {
        match body {
            Ok(body) => self.finish(body),
            Err(rejection) => Err(self.refuse(rejection)),
        }
    }

    /// Ends the delivery while its body is read: too long, too slow, or interrupted.
    pub fn refuse(self, rejection: Rejection) -> EarlyReply {
        let stage = Stage::Body {
            with_credential: self.with_credential,
            bytes: None,
        };
        EarlyReply::refused(&self.shared, self.watch, rejection, stage)
    }
}

impl<P: Provider> fmt::Debug for Pending<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("sender", &self.shared.provider.name())
            .field("body_limit", &self.shared.body_limit())
            .finish_non_exhaustive()
    }
}

/// A delivery that was accepted, for the handler, and what answers its sender.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted<E> {
    /// The delivery, for the handler.
    pub delivery: Delivery<E>,
    /// What turns the handler's answer into the sender's.
    pub in_flight: InFlight,
}

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::observe::{Stage, Watch};
use crate::verifier::Shared;
use crate::{
    Authentic, BodyBuffer, Delivery, InFlight, Provider, Rejection, RejectionClass, Reply, decoding,
};

/// A delivery whose head was accepted and whose body has not arrived yet.
///
/// It owns what it needs, so that a future can hold it.
pub struct Pending<P: Provider> {
    pub(crate) shared: Arc<Shared<P>>,
    pub(crate) claim: P::Claim,
    pub(crate) announced: usize,
    pub(crate) watch: Watch,
}

impl<P: Provider> Pending<P> {
    /// A buffer for the body, with the limit of this delivery and the length that its head announced.
    pub fn buffer(&self) -> BodyBuffer {
        BodyBuffer::announced(self.shared.body_limit, self.announced)
    }

    /// Authenticates and decodes the whole body.
    ///
    /// # Errors
    ///
    /// The reason and the answer; there is no event then.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn finish(self, body: Bytes) -> Result<Accepted<P::Event>, Refused> {
        let Self {
            shared,
            claim,
            watch,
            ..
        } = self;
        let bytes = body.len();
        let authenticated = if bytes > shared.body_limit {
            Err(Rejection::BodyTooLarge)
        } else {
            shared.provider.authenticate(claim, &body)
        };
        let Authentic {
            label,
            mut facts,
            proven,
        } = match authenticated {
            Ok(authentic) => authentic,
            Err(rejection) => {
                let stage = Stage::Body { bytes: Some(bytes) };
                return Err(Refused::new(&shared, &watch, rejection, stage));
            }
        };
        match decoding::decode(&*shared.provider, &mut facts, &body) {
            Ok((event, json)) => {
                let rule = shared.provider.acknowledge(&event, &json);
                drop(json);
                let observation = watch.accepted(&*shared.provider, &event, label.as_ref(), bytes);
                Ok(Accepted {
                    delivery: Delivery::new(event, label, body),
                    in_flight: InFlight::new(rule, observation),
                })
            }
            Err(error) => {
                let stage = match proven {
                    true => Stage::Authentic {
                        label: label.as_ref(),
                        bytes,
                    },
                    false => Stage::Body { bytes: Some(bytes) },
                };
                Err(Refused::new(&shared, &watch, error.into(), stage))
            }
        }
    }

    /// Calls [`finish`](Self::finish) if the body was collected, [`refuse`](Self::refuse) otherwise.
    ///
    /// # Errors
    ///
    /// As these two.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn collected(self, body: Result<Bytes, Rejection>) -> Result<Accepted<P::Event>, Refused> {
        match body {
            Ok(body) => self.finish(body),
            Err(rejection) => Err(self.refuse(rejection)),
        }
    }

    /// Ends the delivery while its body is read: too long, too slow, or interrupted.
    pub fn refuse(self, rejection: Rejection) -> Refused {
        let stage = Stage::Body { bytes: None };
        Refused::new(&self.shared, &self.watch, rejection, stage)
    }
}

impl<P: Provider> fmt::Debug for Pending<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("sender", &P::NAME)
            .field("body_limit", &self.shared.body_limit)
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

/// A request that was refused: why, for the app, and the answer, for the sender.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refused {
    /// Why.
    pub rejection: Rejection,
    /// The answer.
    pub reply: Reply,
}

impl Refused {
    /// Every refusal passes here: the sender's answer, the app's change to it, the log, the end of the connection.
    #[cold]
    pub(crate) fn new<P: Provider>(
        shared: &Shared<P>,
        watch: &Watch,
        rejection: Rejection,
        stage: Stage<'_>,
    ) -> Self {
        watch.refused(&*shared.provider, &shared.refusals, &rejection, stage);
        let mut reply = shared.provider.refuse(&rejection);
        if let Some(hook) = &shared.on_refusal {
            reply = hook(&rejection, reply);
        }
        // The rest of such a request is never read, so the next one on this connection could not be found.
        reply.close |= matches!(
            rejection.class(),
            RejectionClass::Size | RejectionClass::Time | RejectionClass::Interruption
        );
        Self { rejection, reply }
    }
}

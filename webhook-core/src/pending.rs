use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::observe::Watch;
use crate::{
    BodyBuffer, Delivery, Opened, Provider, Receipt, RefusalHook, Rejection, RejectionClass, Reply,
};

/// A delivery whose head has passed and whose body is awaited.
///
/// It owns what it needs, so that a future can hold it.
pub struct Pending<P: Provider> {
    pub(crate) provider: Arc<P>,
    pub(crate) credential: P::Credential,
    pub(crate) body_limit: usize,
    pub(crate) announced: usize,
    pub(crate) on_refusal: Option<RefusalHook>,
    pub(crate) watch: Watch,
}

impl<P: Provider> Pending<P> {
    /// A buffer for the body, with the limit of this delivery and the length that its head announced.
    pub fn buffer(&self) -> BodyBuffer {
        BodyBuffer::announced(self.body_limit, self.announced)
    }

    /// Authenticates and decodes the whole body.
    ///
    /// # Errors
    ///
    /// The reason and the answer; there is no event then.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn finish(self, body: Bytes) -> Result<Accepted<P::Event>, Refused> {
        let opened = if body.len() > self.body_limit {
            Err(Rejection::BodyTooLarge)
        } else {
            self.provider.open(self.credential, &body)
        };
        match opened {
            Ok(Opened { event, key }) => {
                let mut receipt = self.provider.receipt(&event, &body);
                receipt.observation =
                    self.watch
                        .accepted(&*self.provider, &event, key.as_ref(), body.len());
                let delivery = Delivery::new(event, key, body);
                Ok(Accepted { delivery, receipt })
            }
            Err(rejection) => Err(Refused::new(
                &*self.provider,
                self.on_refusal,
                &self.watch,
                rejection,
                Some(body.len()),
            )),
        }
    }

    /// [`finish`](Self::finish) or [`refuse`](Self::refuse), by what became of the body.
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

    /// Gives the delivery up while its body is read: too long, too slow, or interrupted.
    pub fn refuse(self, rejection: Rejection) -> Refused {
        Refused::new(
            &*self.provider,
            self.on_refusal,
            &self.watch,
            rejection,
            None,
        )
    }
}

impl<P: Provider> fmt::Debug for Pending<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("sender", &P::NAME)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

/// A delivery that passed, and what becomes of the handler's answer to it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted<E> {
    /// The delivery, for the handler.
    pub delivery: Delivery<E>,
    /// The sender's rules for the answer.
    pub receipt: Receipt,
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
        provider: &P,
        on_refusal: Option<RefusalHook>,
        watch: &Watch,
        rejection: Rejection,
        body_bytes: Option<usize>,
    ) -> Self {
        watch.refused(P::NAME, &rejection, body_bytes);
        let mut reply = provider.refuse(&rejection);
        if let Some(hook) = on_refusal {
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

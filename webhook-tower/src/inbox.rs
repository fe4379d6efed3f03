use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, Request, Response, Version};
use http_body::Body;
use http_body_util::Full;
use tokio::time::timeout;
use tower_service::Service;
use webhook_core::driver::{Incoming, Intake, Storing, Verifier};
use webhook_core::guarantee::{InboxStore, StoreError, Stored};
use webhook_core::provider::Deferrable;
use webhook_core::{Head, Provider, Rejection, Reply};

use crate::reading::{Reading, read};
use crate::{BoxError, WebhookLayer, response};

impl<P: Provider, B> WebhookLayer<P, B> {
    /// Stores each delivery, acknowledges it once it is durable, and leaves it to a worker: no handler can make the sender
    /// wait, and none that fails or dies loses an event. Call it last, when everything else is set. What it returns is a
    /// service of its own: a route's, not a layer around a handler.
    ///
    /// `endpoint` is the app's name for what it serves, such as `orders`: the worker finds the handler by it, so it must stay.
    /// A repeat is recognized if the sender signs its ids, or if the app [trusts](Self::trust_unsigned_ids) them.
    ///
    /// Klap has no such method: it takes an acknowledgement for the sale.
    ///
    /// ```compile_fail
    /// use webhook_core::guarantee::InboxStore;
    /// use webhook_tower::{MulticajaWebhookLayer, Inbox};
    ///
    /// fn on(store: impl InboxStore) {
    ///     let layer: MulticajaWebhookLayer = MulticajaWebhookLayer::new("key");
    ///     let inbox = layer.inbox("orders", store);
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// If the name is empty, longer than 64 bytes, or has a control character. If the sender is a
    /// [`Scheme`](webhook_core::signing::Scheme) that signs neither the body nor an id.
    #[track_caller]
    pub fn inbox(self, endpoint: &str, store: impl InboxStore) -> Inbox<P>
    where
        P: Deferrable,
    {
        Inbox::new(self.verifier, endpoint, store)
    }
}

/// Stores each authentic delivery and acknowledges it; a worker handles it later.
///
/// It is a service by itself: put it on a route with `route_service`. Made by
/// [`WebhookLayer::inbox`](crate::WebhookLayer::inbox), when everything else is set. Clones share the store.
///
/// | situation | answer |
/// |---|---|
/// | stored now, or before | the sender's acknowledgement, once the delivery is durable |
/// | the store fails, or is [late](Self::answer_by) | 503 with `Retry-After` |
/// | no id, or one that the sender does not sign and the app does not trust | stored, and a repeat is not recognized |
/// | a request that is refused | as by the layer |
#[must_use]
pub struct Inbox<P> {
    intake: Intake<P>,
    store: Arc<dyn InboxStore>,
    answer_by: Option<Duration>,
}

impl<P: Deferrable> Inbox<P> {
    /// How long a store may take, if the sender documents no deadline and the app sets none.
    const SLOWEST_STORE: Duration = Duration::from_secs(10);

    /// See [`WebhookLayer::inbox`](crate::WebhookLayer::inbox).
    ///
    /// # Panics
    ///
    /// As there.
    #[track_caller]
    pub fn new(verifier: Verifier<P>, endpoint: &str, store: impl InboxStore) -> Self {
        let answer_by = verifier.provider().timing().answer_by();
        Self {
            intake: Intake::new(verifier, endpoint),
            store: Arc::new(store),
            answer_by,
        }
    }

    /// Sets how long after the head of a request its answer is sent at the latest: 503 with `Retry-After`, if the delivery is
    /// not stored by then. Should it be stored all the same, it is handled, and the repeat is a duplicate.
    ///
    /// The default is the longest time that the sender documents to wait, less a second or a fifth, whichever is less, or 10
    /// seconds.
    pub fn answer_by(mut self, after: Duration) -> Self {
        self.answer_by = Some(after);
        self
    }

    /// Also stores these headers for the handler, each if it occurs once in the request.
    ///
    /// # Panics
    ///
    /// If one of them carries a credential.
    #[track_caller]
    pub fn keep_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.intake = self.intake.keep_headers(names);
        self
    }

    /// Stores no query: for an app that has put a secret of its own into the URL that the sender calls.
    pub fn without_query(mut self) -> Self {
        self.intake = self.intake.without_query();
        self
    }

    /// Judges a head: for an adapter that reads the body by itself.
    ///
    /// # Errors
    ///
    /// The answer.
    #[doc(hidden)]
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn begin(
        &self,
        head: &Head<'_>,
    ) -> Result<(Incoming<P>, Storer), webhook_core::driver::EarlyReply> {
        let incoming = self.intake.begin(head)?;
        let after = self.answer_by.unwrap_or(Self::SLOWEST_STORE);
        let storer = Storer {
            store: Arc::clone(&self.store),
            deadline: Instant::now() + after.min(Self::LONGEST),
        };
        Ok((incoming, storer))
    }

    /// So that a deadline does not overflow.
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
}

impl<P> Inbox<P> {
    /// What a worker makes the deliveries again with.
    pub fn intake(&self) -> &Intake<P> {
        &self.intake
    }
}

/// Stores one delivery before its deadline.
#[doc(hidden)]
pub struct Storer {
    store: Arc<dyn InboxStore>,
    deadline: Instant,
}

impl Storer {
    /// Stores it, and returns the answer for the sender.
    pub async fn store(self, storing: Storing) -> Reply {
        let Storing {
            delivery,
            in_flight,
            ..
        } = storing;
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return in_flight.too_late();
        }
        match timeout(left, self.store.store(delivery)).await {
            Ok(Ok(Stored::Duplicate)) => in_flight.duplicate(),
            Ok(Ok(_)) => in_flight.stored(),
            Ok(Err(error)) => in_flight.store_failed(&error),
            Err(_) => {
                let error =
                    StoreError::new("store a delivery", format!("no answer within {left:?}"));
                in_flight.store_failed(&error)
            }
        }
    }
}

impl<P, ReqBody> Service<Request<ReqBody>> for Inbox<P>
where
    P: Deferrable,
    ReqBody: Body + Send + 'static,
    ReqBody::Error: Into<BoxError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = InboxFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> InboxFuture {
        let version = request.version();
        let (incoming, storer) = match self.begin(&Head::from(&request)) {
            Ok(begun) => begun,
            Err(early) => return InboxFuture::ready(response::early(early, version)),
        };
        let mut reading = Reading::new(request.into_body(), incoming.buffer());
        let arrived = match reading.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => Ok(read.map(|()| reading.into_bytes())),
            Poll::Pending => Err(reading),
        };
        InboxFuture::waiting(async move {
            let body = match arrived {
                Ok(body) => body,
                Err(reading) => read(reading, incoming.body_timeout()).await,
            };
            finish(incoming, body, storer, version).await
        })
    }
}

async fn finish<P: Provider>(
    incoming: Incoming<P>,
    body: Result<Bytes, Rejection>,
    storer: Storer,
    version: Version,
) -> Response<Bytes> {
    match incoming.finish_or_refuse(body) {
        Ok(storing) => response::reply(storer.store(storing).await),
        Err(early) => response::early(early, version),
    }
}

impl<P> AsRef<Self> for Inbox<P> {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<P> Clone for Inbox<P> {
    fn clone(&self) -> Self {
        Self {
            intake: self.intake.clone(),
            store: Arc::clone(&self.store),
            answer_by: self.answer_by,
        }
    }
}

impl<P: Provider> fmt::Debug for Inbox<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("intake", &self.intake)
            .field("answer_by", &self.answer_by)
            .finish_non_exhaustive()
    }
}

/// The future of an [`Inbox`].
pub struct InboxFuture(State);

enum State {
    Ready(Option<Response<Bytes>>),
    Waiting(Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>),
}

impl InboxFuture {
    fn ready(response: Response<Bytes>) -> Self {
        Self(State::Ready(Some(response)))
    }

    fn waiting(future: impl Future<Output = Response<Bytes>> + Send + 'static) -> Self {
        Self(State::Waiting(Box::pin(future)))
    }
}

impl Future for InboxFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match &mut self.0 {
            State::Ready(response) => match response.take() {
                Some(response) => response,
                None => crate::future::polled_after_ready(),
            },
            State::Waiting(future) => match future.as_mut().poll(cx) {
                Poll::Ready(response) => response,
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(Ok(response.map(Full::new)))
    }
}

impl fmt::Debug for InboxFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxFuture").finish_non_exhaustive()
    }
}

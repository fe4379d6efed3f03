//! Handles what is in an inbox.

mod backoff;
mod handler;
mod housekeeping;
mod job;
mod next;
mod running;

use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;
use webhook_core::guarantee::{InboxQueue, InboxRecords};
use webhook_core::{Delivery, Provider};
use webhook_tower::__lease::{self, LONGEST};
use webhook_tower::{BoxError, Inbox};

use self::backoff::Backoff;
use self::handler::{ByFunction, ByService, Handler};
use self::job::Told;
pub use self::next::{Attempt, HandlerError, Retry};
pub use self::running::RunningWorker;

/// Takes deliveries from an inbox and has them handled: each until it was handled, or has failed for the last time.
///
/// Any number of workers, in any number of processes, may share a store. A delivery is handled at least once: if a process
/// dies after its handler's effect and before that is recorded, the delivery is handled again by another. Where that must not
/// be, the handler claims the delivery in the transaction of its effect:
/// [`guarantee::postgres`](webhook_core::guarantee::postgres), [`guarantee::sqlite`](webhook_core::guarantee::sqlite).
///
/// | the handler | the delivery |
/// |---|---|
/// | answers what its sender counts as received, or returns `Ok` | is done |
/// | answers anything else, returns an error, or panics | is handled again, after a pause that grows |
/// | says so with [`Retry`], or with `Retry-After` | is handled again after that, or is dead |
/// | fails for the last time | is dead: it stays until someone acts |
/// | lacks an extension that it asks for, or the event of another sender | is pending, no attempt counts, and an error is logged |
///
/// ```no_run
/// # #[cfg(feature = "sqlite")]
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use webhook_stores::{HandlerError, SqliteStore, Worker};
/// use webhook_tower::{Delivery, TfEvent, TfWebhookLayer};
///
/// async fn on_invoice(delivery: Delivery<TfEvent>) -> Result<(), HandlerError> {
///     println!("{} {:?}", delivery.evento, delivery.external_reference);
///     Ok(())
/// }
///
/// let store = SqliteStore::open("webhooks.db")?;
/// let layer: TfWebhookLayer = TfWebhookLayer::new("s3cr3t").trust_unsigned_ids();
/// let invoices = layer.inbox("invoices", store.clone());
/// let worker = Worker::new(store).on(&invoices, on_invoice).start();
/// // … `invoices` is the service of a route, and the server runs until it is told to stop.
/// println!("{}", worker.finish_within(Duration::from_secs(30)).await);
/// # Ok(())
/// # }
/// ```
#[must_use = "a worker does nothing until it is started"]
pub struct Worker {
    store: Arc<dyn Store>,
    handlers: Vec<Arc<dyn Handler>>,
    settings: Settings,
}

/// What a worker needs of a store.
trait Store: InboxQueue + InboxRecords {}

impl<T: InboxQueue + InboxRecords> Store for T {}

#[derive(Clone, Debug)]
struct Settings {
    concurrency: u32,
    lease: Duration,
    look_every: Duration,
    attempt_within: Duration,
    told: Arc<Told>,
    backoff: Backoff,
    keep_bodies: Duration,
}

impl Worker {
    /// A worker for this store, without a handler yet.
    pub fn new(store: impl InboxQueue + InboxRecords) -> Self {
        Self {
            store: Arc::new(store),
            handlers: Vec::new(),
            settings: Settings {
                concurrency: 16,
                lease: Duration::from_secs(60),
                look_every: Duration::from_millis(500),
                attempt_within: Duration::from_secs(15 * 60),
                told: Arc::default(),
                backoff: Backoff::default(),
                keep_bodies: Duration::from_secs(7 * 24 * 60 * 60),
            },
        }
    }

    /// Handles the deliveries of an inbox with an async function.
    ///
    /// # Panics
    ///
    /// If the endpoint has a handler already.
    #[track_caller]
    pub fn on<P, F, Fut, E>(self, inbox: &impl AsRef<Inbox<P>>, function: F) -> Self
    where
        P: Provider,
        F: Fn(Delivery<P::Event>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HandlerError> + 'static,
    {
        let intake = inbox.as_ref().intake().clone();
        self.with(Arc::new(ByFunction::new(intake, function)))
    }

    /// Handles the deliveries of an inbox with a tower service, such as an axum route: `post(on_event).with_state(state)`.
    ///
    /// It gets a `POST` with path, query and body of the original, the headers that the inbox
    /// [keeps](webhook_tower::Inbox::keep_headers), and the [`Delivery`] and its [`Attempt`] in its extensions. The extractors `Webhook`,
    /// `WebhookDelivery`, `State`, `Bytes`, `Uri`, `Method`, `Query` and `HeaderMap` work; there is no `ConnectInfo`, no
    /// `MatchedPath` and no `Deadline`.
    ///
    /// # Panics
    ///
    /// If the endpoint has a handler already.
    #[track_caller]
    pub fn serve<P, S, ResBody>(self, inbox: &impl AsRef<Inbox<P>>, service: S) -> Self
    where
        P: Provider,
        S: Service<Request<Full<Bytes>>, Response = Response<ResBody>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        ResBody: Body<Data = Bytes> + Send + 'static,
        ResBody::Error: Into<BoxError>,
    {
        let intake = inbox.as_ref().intake().clone();
        self.with(Arc::new(ByService::new(intake, service)))
    }

    #[track_caller]
    #[allow(
        clippy::panic,
        reason = "a mistake in the configuration, found before the first delivery"
    )]
    fn with(mut self, handler: Arc<dyn Handler>) -> Self {
        let endpoint = handler.endpoint();
        if self.handlers.iter().any(|it| it.endpoint() == endpoint) {
            panic!("the endpoint {endpoint:?} has two handlers: give one of them another name");
        }
        self.handlers.push(handler);
        self
    }

    /// Sets how many deliveries are handled at once. The default is 16.
    pub fn concurrency(mut self, deliveries: NonZeroU32) -> Self {
        self.settings.concurrency = deliveries.get().min(u32::MAX >> 3);
        self
    }

    /// Sets how long a delivery is this worker's without being renewed; it is renewed at a third of that while its handler
    /// runs. A process that is stopped, or cut off from the store, for two thirds of it or longer can lose it to another,
    /// which handles it as well. The default is a minute.
    ///
    /// # Panics
    ///
    /// If it is shorter than 100 milliseconds.
    #[track_caller]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = __lease::checked(lease);
        self
    }

    /// Sets how long an attempt may take: a handler that has not ended by then is dropped, and the attempt has failed. The
    /// default is 15 minutes.
    pub fn attempt_within(mut self, limit: Duration) -> Self {
        self.settings.attempt_within = limit.min(LONGEST);
        self
    }

    /// Sets how often the store is asked for deliveries that another process has stored, or that are due again. What this
    /// process stores is handled at once. The default is half a second.
    pub fn look_every(mut self, interval: Duration) -> Self {
        self.settings.look_every = interval.max(Duration::from_millis(1));
        self
    }

    /// Sets the pauses after a failed attempt: the first after the first, and so on. When they are used up, the delivery is
    /// dead. Each is made up to a fifth longer or shorter, so that what failed together is not tried together.
    ///
    /// The default is 1, 5 and 30 seconds, 2, 10 and 30 minutes, and 5 times an hour: 12 attempts in about 6 hours.
    pub fn pauses(mut self, pauses: impl IntoIterator<Item = Duration>) -> Self {
        self.settings.backoff = Backoff::new(pauses.into_iter().map(|it| it.min(LONGEST)));
        self
    }

    /// Sets how long bodies are kept once they were handled. The default is 7 days. Ids are kept for as long as the sender can
    /// repeat a delivery, and a day more.
    pub fn keep_bodies(mut self, after_done: Duration) -> Self {
        self.settings.keep_bodies = after_done;
        self
    }

    /// Starts the worker on the current runtime.
    ///
    /// # Panics
    ///
    /// If it has no handler, or there is no tokio runtime.
    #[track_caller]
    #[allow(
        clippy::panic,
        reason = "a mistake in the configuration, found before the first delivery"
    )]
    pub fn start(self) -> RunningWorker {
        if self.handlers.is_empty() {
            panic!("the worker has no handler: add one with `on` or `serve`");
        }
        RunningWorker::start(self.store, self.handlers, self.settings)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints = self.handlers.iter().map(|handler| handler.endpoint());
        f.debug_struct("Worker")
            .field("endpoints", &endpoints.collect::<Vec<_>>())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

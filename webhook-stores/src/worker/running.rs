use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use webhook_core::guarantee::Job;
use webhook_tower::Ended;

use super::handler::Handler;
use super::{Settings, Store, housekeeping, job};

/// A worker at work. Dropped, it runs on; [`finish_within`](Self::finish_within) ends it.
#[must_use = "it is to be finished when the server stops"]
pub struct RunningWorker {
    stop: watch::Sender<bool>,
    places: Arc<Semaphore>,
    concurrency: u32,
    finished: Arc<AtomicU64>,
    taking: JoinHandle<()>,
}

impl RunningWorker {
    pub(super) fn start(
        store: Arc<dyn Store>,
        handlers: Vec<Arc<dyn Handler>>,
        settings: Settings,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let places = Arc::new(Semaphore::new(settings.concurrency as usize));
        let finished = Arc::new(AtomicU64::new(0));
        let taker = Taker {
            store: Arc::clone(&store),
            handlers,
            settings: settings.clone(),
            places: Arc::clone(&places),
            finished: Arc::clone(&finished),
        };
        let until = stopped.clone();
        tokio::spawn(async move {
            let keeping = housekeeping::run(store, settings.keep_bodies);
            stopped_or(until, keeping).await;
        });
        Self {
            stop,
            places,
            concurrency: taker.settings.concurrency,
            finished,
            taking: tokio::spawn(taker.run(stopped)),
        }
    }

    /// Takes no more deliveries, and waits until those at work are handled, for this long at most. What is still running
    /// then goes on; if its process ends, it is another worker's once its lease has run out.
    pub async fn finish_within(self, limit: Duration) -> Ended {
        let before = self.finished.load(Ordering::Relaxed);
        self.stop.send_replace(true);
        let ended = timeout(limit, async {
            let _panicked = self.taking.await;
            let _all = self.places.acquire_many(self.concurrency).await;
        });
        let running = match ended.await {
            Ok(()) => 0,
            Err(_) => u64::from(self.concurrency) - self.places.available_permits() as u64,
        };
        let finished = self.finished.load(Ordering::Relaxed) - before;
        Ended::new(finished, running, 0)
    }
}

impl fmt::Debug for RunningWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningWorker")
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// Takes deliveries as long as there is a place for one.
struct Taker {
    store: Arc<dyn Store>,
    handlers: Vec<Arc<dyn Handler>>,
    settings: Settings,
    places: Arc<Semaphore>,
    finished: Arc<AtomicU64>,
}

impl Taker {
    async fn run(self, stopped: watch::Receiver<bool>) {
        let mut failures = Failures::default();
        while !*stopped.borrow() {
            let Some(place) = stopped_or(stopped.clone(), self.place()).await else {
                return;
            };
            let free = self.places.available_permits() + 1;
            match self.take(free).await {
                Ok(jobs) if jobs.is_empty() => {
                    failures.reset();
                    drop(place);
                    let waiting = timeout(self.settings.look_every, self.store.stirred());
                    match stopped_or(stopped.clone(), waiting).await {
                        None => return,
                        Some(Ok(Err(_))) => {
                            // A store that cannot tell is looked at as often as any other.
                            stopped_or(stopped.clone(), sleep(self.settings.look_every)).await;
                        }
                        Some(_) => {}
                    }
                }
                Ok(jobs) => {
                    failures.reset();
                    let mut place = Some(place);
                    for job in jobs {
                        self.start(job, place.take());
                    }
                }
                Err(error) => {
                    drop(place);
                    let pause = failures.count();
                    tracing::error!(
                        target: "webhook",
                        "deliveries in the inbox wait: {error}; the store is asked again in {pause:?}"
                    );
                    stopped_or(stopped.clone(), sleep(pause)).await;
                }
            }
        }
    }

    /// A place for a delivery. While many are at work, waits a moment for more places, so that they are filled at once.
    async fn place(&self) -> OwnedSemaphorePermit {
        let acquired = Arc::clone(&self.places).acquire_owned().await;
        let free = self.places.available_permits();
        if free < self.settings.concurrency as usize / 2 {
            sleep(Duration::from_millis(2)).await;
        }
        match acquired {
            Ok(place) => place,
            // Nobody closes it.
            Err(_) => std::future::pending().await,
        }
    }

    async fn take(&self, most: usize) -> Result<Vec<Job>, webhook_core::guarantee::StoreError> {
        let endpoints: Vec<_> = self.handlers.iter().map(|it| it.endpoint()).collect();
        let lease = self.settings.lease;
        self.store.take(&endpoints, most, lease).await
    }

    fn start(&self, job: Job, place: Option<OwnedSemaphorePermit>) {
        let mut handlers = self.handlers.iter();
        let Some(handler) = handlers.find(|it| it.endpoint() == job.delivery.endpoint()) else {
            // A store that gives what was not asked for: its lease ends.
            return;
        };
        // Only this loop takes places, so there are as many as it has asked deliveries for.
        let place = place.or_else(|| Arc::clone(&self.places).try_acquire_owned().ok());
        let (store, handler) = (Arc::clone(&self.store), Arc::clone(handler));
        let (settings, finished) = (self.settings.clone(), Arc::clone(&self.finished));
        tokio::spawn(async move {
            job::attempt(store, handler, job, settings).await;
            finished.fetch_add(1, Ordering::Relaxed);
            drop(place);
        });
    }
}

/// How long to leave a store alone that fails.
#[derive(Default)]
struct Failures(u32);

impl Failures {
    fn reset(&mut self) {
        self.0 = 0;
    }

    fn count(&mut self) -> Duration {
        let pause = Duration::from_millis(250) * 2_u32.pow(self.0.min(5));
        self.0 += 1;
        pause
    }
}

/// The output, unless the worker is stopped first.
async fn stopped_or<T>(
    mut stopped: watch::Receiver<bool>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let stop = async {
        // Nobody can stop a worker whose handle was dropped.
        if stopped.wait_for(|is_stopped| *is_stopped).await.is_err() {
            std::future::pending().await
        }
    };
    tokio::select! {
        biased;
        () = stop => None,
        output = work => Some(output),
    }
}

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Ended;

/// The handlers that run in tasks of their own: how many may at once, and waiting for them when the server stops.
///
/// Clones share one count. `axum::serve` and hyper return without waiting for such tasks, so wait for them afterwards:
///
/// ```
/// use std::time::Duration;
/// use webhook_tower::Tasks;
///
/// # async fn serve() {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tasks = Tasks::new();
/// // … the layers get `&tasks`, and the server runs until it is told to stop.
/// serve().await;
/// let ended = tasks.finish_within(Duration::from_secs(30)).await;
/// println!("{ended}");
/// # }
/// ```
#[derive(Clone)]
pub struct Tasks(Arc<Shared>);

struct Shared {
    /// A permit for each task.
    places: Arc<Semaphore>,
    limit: u32,
    /// Beside the permits, which `finish_within` takes as well.
    running: AtomicUsize,
    finished: AtomicU64,
    dropped: AtomicU64,
}

impl Tasks {
    /// How many tasks may run at once, unless the app sets another limit.
    pub const DEFAULT_LIMIT: u32 = 1024;

    /// No task is running, and 1,024 may.
    pub fn new() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }

    /// No task is running, and so many may. A delivery beyond that is answered with 503 and `Retry-After`.
    ///
    /// # Panics
    ///
    /// If the limit is 0 or more than 536,870,911.
    #[track_caller]
    #[allow(
        clippy::panic,
        reason = "a mistake in the configuration, found before the first request"
    )]
    pub fn with_limit(limit: u32) -> Self {
        if !(1..=u32::MAX >> 3).contains(&limit) {
            panic!(
                "{limit} tasks cannot be a limit: set it to a number from 1 to {}",
                u32::MAX >> 3
            );
        }
        Self(Arc::new(Shared {
            places: Arc::new(Semaphore::new(limit as usize)),
            limit,
            running: AtomicUsize::new(0),
            finished: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }))
    }

    /// How many tasks are running.
    pub fn running(&self) -> usize {
        self.0.running.load(Ordering::Relaxed)
    }

    /// Waits until no task is running, for this long at most. From this call on until it returns, new deliveries are answered
    /// with 503, so that they cannot prolong it.
    ///
    /// On actix, call it before the server is stopped: its workers take their tasks with them.
    pub async fn finish_within(&self, limit: Duration) -> Ended {
        let before = self.0.finished.load(Ordering::Relaxed);
        let all = self.0.places.acquire_many(self.0.limit);
        let running = match timeout(limit, all).await {
            Ok(_) => 0,
            Err(_) => self.running(),
        };
        Ended::new(
            self.0.finished.load(Ordering::Relaxed) - before,
            running as u64,
            self.0.dropped.load(Ordering::Relaxed),
        )
    }

    /// A place for another task, if there is one.
    pub(crate) fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.0.places).try_acquire_owned().ok()?;
        self.0.running.fetch_add(1, Ordering::Relaxed);
        Some(Place {
            shared: Arc::clone(&self.0),
            _permit: permit,
            finished: false,
        })
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("limit", &self.0.limit)
            .field("running", &self.running())
            .finish()
    }
}

/// The place of a running task.
pub(crate) struct Place {
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
    finished: bool,
}

impl Place {
    pub(crate) fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Place {
    /// Before the permit goes, so that `finish_within` sees the counts.
    fn drop(&mut self) {
        let count = match self.finished {
            true => &self.shared.finished,
            false => &self.shared.dropped,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.shared.running.fetch_sub(1, Ordering::Relaxed);
    }
}

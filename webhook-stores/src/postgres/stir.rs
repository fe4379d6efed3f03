use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{Mutex, Notify};

use super::pool::Connections;

/// The channel on which stores tell each other that a delivery may have become due.
pub(super) const CHANNEL: &str = "webhook_stirred";

/// Who waits for deliveries here, and how others are told.
#[derive(Debug)]
pub(super) struct Stirs {
    notify: Notify,
    waiting: AtomicUsize,
    /// What this store says on the channel, so that it does not listen to itself.
    name: String,
    to_tell: AtomicBool,
    telling: Mutex<()>,
}

impl Stirs {
    pub(super) fn new() -> Self {
        // The standard library's only source of random numbers.
        let name = RandomState::new().build_hasher().finish();
        Self {
            notify: Notify::new(),
            waiting: AtomicUsize::new(0),
            name: format!("{name:016x}"),
            to_tell: AtomicBool::new(false),
            telling: Mutex::new(()),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for the next stir after this call, or for one that nobody waited for.
    pub(super) fn next(&self) -> impl Future<Output = ()> + Send + '_ {
        let counted = Counted::new(&self.waiting);
        let notified = self.notify.notified();
        async move {
            notified.await;
            drop(counted);
        }
    }

    /// Wakes who waits here.
    pub(super) fn here(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.notify.notify_waiters();
        } else {
            self.notify.notify_one();
        }
    }

    /// Wakes who waits, here and in other processes.
    ///
    /// The transactions that store deliveries do not notify: PostgreSQL commits those that do one after the other. One that
    /// does nothing else, and need not be durable, is soon over; while one runs, the next is for all that came meanwhile.
    pub(super) async fn all(&self, connections: &Connections) {
        self.here();
        self.to_tell.store(true, Ordering::SeqCst);
        while self.to_tell.load(Ordering::SeqCst) {
            let Ok(_telling) = self.telling.try_lock() else {
                return;
            };
            if self.to_tell.swap(false, Ordering::SeqCst) {
                let notify = format!(
                    "begin; set local synchronous_commit = off; notify {CHANNEL}, '{}'; commit",
                    self.name
                );
                // A worker that is not told finds the delivery when it next looks.
                let _ = connections.run(&notify).await;
            }
        }
    }
}

/// One who waits.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

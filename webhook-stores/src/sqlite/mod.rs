//! An inbox on SQLite.
//!
//! ```
//! use webhook_core::guarantee::InboxRecords;
//! use webhook_stores::SqliteStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = std::env::temp_dir().join(format!("webhook-sqlite-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! # let path = directory.join("app.db");
//! let store = SqliteStore::open(path)?;
//! assert!(store.counts().await?.is_empty());
//! # drop(store);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok(())
//! # }
//! ```
//!
//! # The file
//!
//! It may be the app's own: the tables of the inbox, which begin with `webhook_`, stand beside the app's, and their
//! migrations beside the app's migrations. [`SqliteStore::open`] creates them, and later releases add to them. Releases
//! may share a file.
//!
//! The file is in WAL mode, and must be on a local disk: SQLite's locks do not work on a network file system. Any number
//! of processes on one machine may share it. A commit waits until it is on the disk (`synchronous = full`).
//! Every other connection to the file needs `synchronous` at `normal` or above: one that has it `off` can move what this store
//! has committed out of the log without waiting for the disk.
//!
//! # What is written together
//!
//! One thread writes. The deliveries that wait while it writes share its next transaction, so a disk that syncs a few
//! hundred times a second stores thousands of deliveries. Each is acknowledged after the commit.
//!
//! SQLite lets one connection write at a time. Keep the app's own transactions in the same file short: deliveries wait for
//! them, up to the [busy timeout](Settings::busy_timeout).
//!
//! # What is deleted
//!
//! Bodies that were [pruned](webhook_core::guarantee::InboxRecords::prune) are overwritten with zeros in the file. Until
//! the next checkpoint has run and the log has been reused, they are still in the file `-wal` beside it. Copies of the file,
//! and what a file system or a disk keeps by itself, are not the store's to erase.
//!
//! **Anyone who can write to the file can forge deliveries**, and anyone who can read it sees them: let only the app open it.

mod connection;
mod error;
mod manners;
mod queue;
mod reader;
mod records;
mod rows;
mod schema;
mod settings;
mod work;
mod writer;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use webhook_core::Identity;
use webhook_core::guarantee::{
    Count, Ending, Filter, InboxQueue, InboxRecords, InboxStore, Job, Pruned, Record, RecordId,
    StoreError, StoreFuture, Stored, StoredDelivery, Ticket,
};

use self::rows::{Clock, length};
pub use self::settings::Settings;
use self::work::{Ask, Lane, Turn};

/// So many rows at most are pruned or retried in one transaction: deliveries wait for it.
const AT_ONCE: i64 = 500;

/// An inbox in a SQLite file. See the [module](self). Clones are cheap, and share two threads.
///
/// When the last clone is dropped, it waits until what is queued is written.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    clock: Clock,
    stirs: Arc<Notify>,
    // Dropped in this order: the writer is the last to close the file, and empties the log.
    reader: Lane,
    writer: Lane,
}

impl SqliteStore {
    /// Opens the file, and creates it and its tables if they are not there. It blocks for a moment: open it before the
    /// server starts.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened for writing. The message says what to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::settings().open(path)
    }

    /// Settings for a store that is opened with other than the usual ones.
    pub fn settings() -> Settings {
        Settings::default()
    }
}

impl InboxStore for SqliteStore {
    fn store(&self, delivery: StoredDelivery) -> StoreFuture<'_, Stored> {
        let ask = Ask::to("store a delivery").with_bytes(delivery.body().len());
        let store = move |turn: &Turn<'_>| queue::store(turn, &delivery);
        Box::pin(self.inner.writer.ask(ask, store))
    }
}

impl InboxQueue for SqliteStore {
    fn take<'a>(
        &'a self,
        endpoints: &'a [&'a str],
        most: usize,
        lease: Duration,
    ) -> StoreFuture<'a, Vec<Job>> {
        let ask = Ask::to("take deliveries").only_if_awaited();
        let endpoints: BTreeSet<Box<str>> = endpoints.iter().map(|name| (*name).into()).collect();
        let lease = length(lease);
        let take = move |turn: &Turn<'_>| queue::take(turn, &endpoints, most, lease);
        Box::pin(self.inner.writer.ask(ask, take))
    }

    fn renew(&self, ticket: Ticket, lease: Duration) -> StoreFuture<'_, bool> {
        let ask = Ask::to("extend a lease");
        let lease = length(lease);
        let renew = move |turn: &Turn<'_>| queue::renew(turn, ticket, lease);
        Box::pin(self.inner.writer.ask(ask, renew))
    }

    fn finish(&self, ticket: Ticket, ending: Ending) -> StoreFuture<'_, bool> {
        let ask = Ask::to("record how an attempt ended");
        let finish = move |turn: &Turn<'_>| queue::finish(turn, ticket, &ending);
        Box::pin(self.inner.writer.ask(ask, finish))
    }

    fn stirred(&self) -> StoreFuture<'_, ()> {
        let stirred = self.inner.stirs.notified();
        Box::pin(async {
            stirred.await;
            Ok(())
        })
    }
}

impl InboxRecords for SqliteStore {
    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<Record>> {
        let ask = Ask::to("list deliveries").only_if_awaited();
        let filter = filter.clone();
        let list = move |turn: &Turn<'_>| records::list(turn, &filter);
        Box::pin(self.inner.reader.ask(ask, list))
    }

    fn show(&self, id: RecordId) -> StoreFuture<'_, Option<Record>> {
        let ask = Ask::to("show a delivery").only_if_awaited();
        let show = move |turn: &Turn<'_>| records::show(turn, id.0);
        Box::pin(self.inner.reader.ask(ask, show))
    }

    fn retry(&self, id: RecordId) -> StoreFuture<'_, bool> {
        let ask = Ask::to("retry a delivery");
        let retry = move |turn: &Turn<'_>| records::retry(turn, id.0);
        Box::pin(self.inner.writer.ask(ask, retry))
    }

    fn retry_dead<'a>(&'a self, endpoint: Option<&'a str>) -> StoreFuture<'a, u64> {
        let endpoint: Option<Arc<str>> = endpoint.map(Into::into);
        Box::pin(async move {
            let (mut retried, mut after) = (0, i64::MIN);
            // Upwards, so that one that dies again meanwhile is not retried for ever.
            loop {
                let ask = Ask::to("retry the dead deliveries");
                let endpoint = endpoint.clone();
                let retry = move |turn: &Turn<'_>| {
                    records::retry_dead(turn, endpoint.as_deref(), after, AT_ONCE)
                };
                let rows = self.inner.writer.ask(ask, retry).await?;
                let Some(last) = rows.last() else {
                    return Ok(retried);
                };
                after = *last;
                retried += rows.len() as u64;
            }
        })
    }

    fn forget(&self, id: RecordId) -> StoreFuture<'_, bool> {
        let ask = Ask::to("forget a delivery");
        let forget = move |turn: &Turn<'_>| records::forget(turn, id.0);
        Box::pin(self.inner.writer.ask(ask, forget))
    }

    fn forget_identity<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool> {
        let ask = Ask::to("forget a delivery");
        let key = identity.key();
        let forget = move |turn: &Turn<'_>| records::forget_key(turn, &key);
        Box::pin(self.inner.writer.ask(ask, forget))
    }

    fn prune(&self, bodies: Duration) -> StoreFuture<'_, Pruned> {
        Box::pin(async move {
            let keys = (self.inner.clock)();
            let bodies = keys.saturating_sub(length(bodies));
            let mut pruned = Pruned::default();
            // Each round deletes something that was there when the first began, so this ends.
            loop {
                let ask = Ask::to("prune deliveries");
                let prune = move |turn: &Turn<'_>| records::prune(turn, bodies, keys, AT_ONCE);
                let round = self.inner.writer.ask(ask, prune).await?;
                if round == Pruned::default() {
                    return Ok(pruned);
                }
                pruned.bodies += round.bodies;
                pruned.deliveries += round.deliveries;
            }
        })
    }

    fn counts(&self) -> StoreFuture<'_, Vec<Count>> {
        let ask = Ask::to("count deliveries").only_if_awaited();
        Box::pin(
            self.inner
                .reader
                .ask(ask, |turn: &Turn<'_>| records::counts(turn)),
        )
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

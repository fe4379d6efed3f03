//! The deliveries in one SQLite file: written by a thread of its own in batches, read beside it.

mod counts;
mod file;
mod read;
mod verdict;
mod write;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc, oneshot};

pub(super) use self::read::{Filter, Found, Kept};
use self::write::Writer;
use super::entry::{Entry, Outcome};
use crate::error::Error;

/// Deliveries that may wait to be written.
const QUEUE: usize = 256;

/// News that a page may be behind, before it is told to load again.
const NEWS: usize = 256;

/// How much is kept: the newest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) deliveries: u64,
    pub(super) bytes: u64,
}

impl Bounds {
    /// What of it refused deliveries may take, and what of it all that nobody has proven keeps where there is no room: strangers
    /// must not push out what is proven.
    fn tenth(self) -> Self {
        Self {
            deliveries: self.deliveries / 10,
            bytes: self.bytes / 10,
        }
    }
}

/// What has changed in the store.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// A delivery, as JSON for a list.
    Delivery { id: i64, summary: Arc<str> },
    /// A delivery that was not answered before, as JSON for a list.
    Answered { summary: Arc<str> },
    /// So much that a page must load again.
    Reload,
}

/// How much is in the store.
#[derive(Debug, Default)]
struct Size {
    deliveries: AtomicU64,
    bytes: AtomicU64,
}

enum Change {
    Add(Box<Entry>, oneshot::Sender<Result<i64, String>>),
    Answer(i64, Box<Outcome>, oneshot::Sender<Result<(), String>>),
    Clear(oneshot::Sender<Result<(), String>>),
}

/// The deliveries.
#[derive(Clone)]
pub(super) struct Store {
    changes: mpsc::Sender<Change>,
    reader: Arc<Mutex<Connection>>,
    news: broadcast::Sender<News>,
    size: Arc<Size>,
    bounds: Bounds,
}

impl Store {
    /// Opens a file, or creates it. The thread that writes ends once the store and all its clones are dropped.
    pub(super) fn open(path: &Path, bounds: Bounds) -> Result<(Self, JoinHandle<()>), Error> {
        let path = &file::find(path)?;
        let (connection, lock) = file::open(path)?;
        let reader = file::open_to_read(path)?;
        let (news, _) = broadcast::channel(NEWS);
        let (changes, queue) = mpsc::channel(QUEUE);
        let size = Arc::new(Size::default());
        let writer = Writer::new(connection, lock, bounds, news.clone(), Arc::clone(&size));
        let writer = writer.map_err(|error| file::failed(path, &error))?;
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|error| Error::failed(format!("no thread can be started: {error}")))?;
        let store = Self {
            changes,
            reader: Arc::new(Mutex::new(reader)),
            news,
            size,
            bounds,
        };
        Ok((store, thread))
    }

    /// Adds a delivery, and returns its number once it is in the file.
    pub(super) async fn add(&self, entry: Entry) -> Result<i64, String> {
        let (done, written) = oneshot::channel();
        let change = Change::Add(Box::new(entry), done);
        self.change(change, written).await
    }

    /// Adds what came of a delivery, if it is still there.
    pub(super) async fn answer(&self, id: i64, outcome: Outcome) -> Result<(), String> {
        let (done, written) = oneshot::channel();
        let change = Change::Answer(id, Box::new(outcome), done);
        self.change(change, written).await
    }

    /// Deletes all deliveries.
    pub(super) async fn clear(&self) -> Result<(), String> {
        let (done, written) = oneshot::channel();
        self.change(Change::Clear(done), written).await
    }

    async fn change<T>(
        &self,
        change: Change,
        written: oneshot::Receiver<Result<T, String>>,
    ) -> Result<T, String> {
        let ended = || "the store has ended".to_owned();
        self.changes.send(change).await.map_err(|_| ended())?;
        written.await.map_err(|_| ended())?
    }

    /// News from now on.
    pub(super) fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// How many deliveries are kept, and how many bytes.
    pub(super) fn size(&self) -> (u64, u64) {
        (
            self.size.deliveries.load(Ordering::Relaxed),
            self.size.bytes.load(Ordering::Relaxed),
        )
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The newest deliveries that fit.
    pub(super) async fn list(&self, filter: Filter) -> Result<Found, String> {
        self.read(move |connection| read::list(connection, &filter))
            .await
    }

    /// One delivery.
    pub(super) async fn get(&self, id: i64) -> Result<Option<Kept>, String> {
        self.read(move |connection| read::get(connection, id)).await
    }

    /// The deliveries after one, the oldest first, or `None` if there are more than this or there never was such a one.
    pub(super) async fn after(
        &self,
        id: i64,
        most: usize,
    ) -> Result<Option<Vec<super::entry::Summary>>, String> {
        self.read(move |connection| read::after(connection, id, most))
            .await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let reader = Arc::clone(&self.reader);
        let done = tokio::task::spawn_blocking(move || {
            read(&reader.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match done.await {
            Ok(read) => read.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(all(test, unix))]
mod tests;

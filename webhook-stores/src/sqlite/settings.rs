use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use webhook_core::guarantee::StoreError;

use super::connection::{check_writable, look_into, open};
use super::error::{Cause, cannot_open, refuse_path};
use super::reader::Reader;
use super::rows::{Clock, millis};
use super::work::Lane;
use super::writer::Writer;
use super::{Inner, SqliteStore, schema};

/// So many commands wait at most: one more is refused at once.
const QUEUED: usize = 10_000;

/// Less than any sender waits for its answer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);

/// How a [`SqliteStore`] is opened.
///
/// ```
/// use std::time::Duration;
/// use webhook_stores::SqliteStore;
///
/// # let directory = std::env::temp_dir().join(format!("webhook-settings-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("app.db");
/// let store = SqliteStore::settings()
///     .busy_timeout(Duration::from_secs(2))
///     .open(path)?;
/// # drop(store);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is opened yet"]
pub struct Settings {
    busy_timeout: Duration,
    clock: Clock,
    existing: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            busy_timeout: BUSY_TIMEOUT,
            clock: Arc::new(|| millis(SystemTime::now())),
            existing: false,
        }
    }
}

impl Settings {
    /// How long a transaction waits for another connection's: 4 seconds unless this is set. After that, what waits for it
    /// fails, and the sender repeats the delivery.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Where the store takes the time from: for leases, for when a delivery is due, and for when it was handled. For
    /// tests. When a delivery arrived is in the delivery.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(move || millis(clock()));
        self
    }

    /// Opens only a file that has the tables, and changes none: for a command beside the app.
    pub fn existing_only(mut self) -> Self {
        self.existing = true;
        self
    }

    /// Opens the file. See [`SqliteStore::open`].
    ///
    /// # Errors
    ///
    /// If the file cannot be opened for writing. The message says what to do.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        let path = path.as_ref();
        let Self {
            busy_timeout,
            clock,
            existing,
        } = self;
        refuse_path(path)?;
        if existing && !path.exists() {
            let why = "there is no such file: start the app first, or name another";
            return Err(cannot_open(path, why));
        }
        if existing && !is_inbox(path, busy_timeout)? {
            let why = "the tables of this release are not in the file: start the app of this release first";
            return Err(cannot_open(path, why));
        }
        let connection = open(path, !existing, busy_timeout)?;
        if !existing {
            schema::migrate(&connection, path, busy_timeout, clock())?;
        }
        check_writable(&connection, path)?;

        let stirs = Arc::new(Notify::new());
        let (commands, queue) = sync_channel(QUEUED);
        let writer = Writer {
            connection,
            queue,
            clock: Arc::clone(&clock),
            busy_timeout,
            stirs: Arc::clone(&stirs),
        };
        let writer = spawn(path, "webhook-writer", move || writer.run())?;
        let writer = Lane::new(commands, writer);

        let connection = open(path, false, busy_timeout)?;
        connection
            .execute_batch("pragma query_only = on")
            .map_err(|error| cannot_open(path, Cause::from(error)))?;
        let (commands, queue) = sync_channel(QUEUED);
        let reader = Reader {
            connection,
            queue,
            clock: Arc::clone(&clock),
            busy_timeout,
        };
        let reader = spawn(path, "webhook-reader", move || reader.run())?;
        let reader = Lane::new(commands, reader);

        let inner = Inner {
            path: path.to_owned(),
            clock,
            stirs,
            writer,
            reader,
        };
        Ok(SqliteStore {
            inner: Arc::new(inner),
        })
    }
}

/// Whether the tables are in the file, which is not changed by looking.
fn is_inbox(path: &Path, busy_timeout: Duration) -> Result<bool, StoreError> {
    let connection = look_into(path)?;
    schema::is_current(&connection, busy_timeout)
        .map_err(|error| cannot_open(path, Cause::from(error)))
}

fn spawn(
    path: &Path,
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, StoreError> {
    thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .map_err(|error| cannot_open(path, format!("no thread can be started: {error}")))
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("busy_timeout", &self.busy_timeout)
            .field("existing_only", &self.existing)
            .finish_non_exhaustive()
    }
}

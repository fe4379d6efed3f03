use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, ErrorCode, OpenFlags};
use webhook_core::guarantee::StoreError;

use super::error::{Cause, cannot_open, is_busy};

/// More than the statements of this store.
const STATEMENTS: usize = 64;

/// The shortest and the longest sleep between two attempts to get a lock. SQLite's own handler sleeps up to 100 ms: beside
/// a busy writer, which frees the lock for less than that, it waits for very long.
const SHORTEST_SLEEP: Duration = Duration::from_micros(100);
const LONGEST_SLEEP: Duration = Duration::from_millis(1);

/// Opens a file that is there, and changes nothing about it: it may be no inbox.
pub(super) fn look_into(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, Cause::from(error)))
}

/// Opens the file, creates it if that is wanted, and sets it up so that a commit is durable.
pub(super) fn open(
    path: &Path,
    create: bool,
    busy_timeout: Duration,
) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let failed = |error: Error| cannot_open(path, Cause::from(error));
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(Duration::ZERO).map_err(failed)?;

    let mode = patiently(busy_timeout, || {
        connection.query_row("pragma journal_mode = wal", [], |row| {
            row.get::<_, String>(0)
        })
    })
    .map_err(failed)?;
    if mode != "wal" {
        let why =
            format!("SQLite keeps the journal mode {mode} here: put the file on a local disk");
        return Err(cannot_open(path, why));
    }
    connection
        .execute_batch(
            "pragma synchronous = full;
             pragma fullfsync = on;
             pragma checkpoint_fullfsync = on;
             pragma secure_delete = on;
             pragma journal_size_limit = 67108864;",
        )
        .map_err(failed)?;
    Ok(connection)
}

/// Fails for a file that SQLite has silently opened for reading only. The tables must be there.
pub(super) fn check_writable(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    // `begin immediate` alone succeeds there: it begins to read.
    let checked = connection
        .execute_batch("begin immediate; delete from webhook_migrations where version < 0;");
    roll_back(connection);
    match checked {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            Err(cannot_open(path, Cause::from(error)))
        }
        // That another has the lock is no reason not to open the file.
        _ => Ok(()),
    }
}

/// Begins a transaction that writes. After that, no statement of it has to wait for a lock.
pub(super) fn begin(connection: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    // One that could not be rolled back when it failed.
    roll_back(connection);
    patiently(busy_timeout, || {
        connection
            .prepare_cached("begin immediate")?
            .execute([])
            .map(drop)
    })
}

/// Commits. If that fails, nothing of the transaction remains.
pub(super) fn commit(connection: &Connection) -> rusqlite::Result<()> {
    let committed = connection
        .prepare_cached("commit")
        .and_then(|mut commit| commit.execute([]));
    match committed {
        Ok(_) => Ok(()),
        Err(error) => {
            roll_back(connection);
            Err(error)
        }
    }
}

/// Ends a transaction, if there is one.
pub(super) fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        // If this fails, the next transaction fails to begin, or it is tried again then.
        drop(connection.execute_batch("rollback"));
    }
}

/// Tries until it gets the lock, or the time is over.
pub(super) fn patiently<T>(
    busy_timeout: Duration,
    mut attempt: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let began = Instant::now();
    let mut sleep = SHORTEST_SLEEP;
    loop {
        match attempt() {
            Err(error) if is_busy(&error) && began.elapsed() < busy_timeout => {
                thread::sleep(sleep);
                sleep = (sleep * 2).min(LONGEST_SLEEP);
            }
            other => return other,
        }
    }
}

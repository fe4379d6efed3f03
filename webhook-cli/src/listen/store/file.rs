use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::Error;

/// Marks a file of this command: `wrs1`.
const APPLICATION: i32 = 0x7772_7331;

/// What the tables are like.
const VERSION: i32 = 1;

const SCHEMA: &str = "
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        sender TEXT NOT NULL,
        verdict INTEGER NOT NULL,
        reason TEXT,
        kind TEXT,
        delivery_id TEXT,
        method TEXT NOT NULL,
        path TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        kept INTEGER NOT NULL,
        rest TEXT NOT NULL,
        body BLOB,
        status INTEGER,
        received INTEGER,
        took_ms INTEGER,
        told TEXT
    ) STRICT;
    CREATE INDEX deliveries_verdict ON deliveries (verdict, id);
    CREATE INDEX deliveries_sender ON deliveries (sender, id);
";

/// The file of a path, whatever it is called there: its lock is found by all.
///
/// # Errors
///
/// If there is something else. Nothing is changed.
pub(super) fn find(path: &Path) -> Result<PathBuf, Error> {
    let failed = |error: &dyn std::fmt::Display| failed(path, error);
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return new(path),
        Err(error) => return Err(failed(&error)),
    };
    if !metadata.is_file() {
        return Err(failed(&"it is no regular file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&metadata) > 1 {
        // What SQLite writes beside it has the name by which it was opened.
        return Err(failed(&"it has another name as well, by a hard link"));
    }
    let file = path.canonicalize().map_err(|error| failed(&error))?;
    if metadata.len() > 0 {
        let connection = open_to_read(&file)?;
        check(&connection, path)?;
    }
    Ok(file)
}

/// A file that is not there yet.
fn new(path: &Path) -> Result<PathBuf, Error> {
    let failed = |error: &dyn std::fmt::Display| failed(path, error);
    let name = path.file_name().ok_or_else(|| failed(&"it has no name"))?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let directory = directory.canonicalize().map_err(|error| failed(&error))?;
    Ok(directory.join(name))
}

/// Opens a file to write, with the lock that keeps other processes out.
pub(super) fn open(path: &Path) -> Result<(Connection, File), Error> {
    let lock = lock(path)?;
    // SQLite gives the files beside it the mode of this one.
    private_file(path).map_err(|error| failed(path, &error))?;
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| failed(path, &error))?;
    let is_empty = check(&connection, path)?;
    set_up(&mut connection, is_empty).map_err(|error| failed(path, &error))?;
    Ok((connection, lock))
}

/// Opens the same file to read.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    );
    let connection = connection.map_err(|error| failed(path, &error))?;
    connection
        .busy_timeout(Duration::from_secs(5))
        .map_err(|error| failed(path, &error))?;
    Ok(connection)
}

/// What went wrong with the file.
pub(super) fn failed(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::failed(format!(
        "{}: {error}: give another file with --store FILE",
        path.display()
    ))
}

/// Whether a file is empty, and not one of another program.
fn check(connection: &Connection, path: &Path) -> Result<bool, Error> {
    let foreign = |_| {
        Error::usage(format!(
            "{} is not a file of `webhook-rs listen`: give another one with --store FILE",
            path.display()
        ))
    };
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = number("application_id").map_err(foreign)?;
    let version = number("user_version").map_err(foreign)?;
    let tables = connection
        .query_row("SELECT count(*) FROM sqlite_schema", (), |row| {
            row.get::<_, i64>(0)
        })
        .map_err(foreign)?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(true),
        (APPLICATION, VERSION, 1..) => Ok(false),
        (APPLICATION, newer, _) if newer > VERSION => Err(Error::usage(format!(
            "{} was written by a newer webhook-rs: update this one, or give another file with --store FILE",
            path.display()
        ))),
        _ => Err(foreign(rusqlite::Error::InvalidQuery)),
    }
}

fn set_up(connection: &mut Connection, is_empty: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    // What is deleted is not left in the file.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    if is_empty {
        let transaction = connection.transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Two processes would each delete what the other has just written.
fn lock(path: &Path) -> Result<File, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = private_file(&name).map_err(|error| failed(&name, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::usage(format!(
            "another `webhook-rs listen` uses {}: stop it, or give another file with --store FILE",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed(&name, &error)),
    }
}

/// A file that only its owner can read, created if there is none.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        // One that was there before may be open to others.
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

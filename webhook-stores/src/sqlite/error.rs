use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Error, ErrorCode};
use webhook_core::guarantee::StoreError;

/// Why SQLite did not do it, and what to do. One failure of a shared transaction is told to all that were in it.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    error: Arc<Error>,
}

impl From<Error> for Cause {
    fn from(error: Error) -> Self {
        let error = Arc::new(error);
        Self { error }
    }
}

impl Cause {
    fn advice(&self) -> Option<&'static str> {
        Some(match self.error.sqlite_error_code()? {
            ErrorCode::DiskFull => "free space on the disk",
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                "let this process write to the file and to its directory"
            }
            ErrorCode::CannotOpen => {
                "create its directory, and let this process create and write files there"
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                "another connection held the lock for longer than the busy timeout: keep its transactions short, or raise the \
                 timeout"
            }
            ErrorCode::NotADatabase => "the file is not SQLite's: name another",
            ErrorCode::DatabaseCorrupt => "the file is damaged: restore it from a backup",
            ErrorCode::SystemIoFailure => "look at the disk, and keep the file on a local one",
            _ => return None,
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text of the statement is in some errors: its source has it, a log line need not.
        match &*self.error {
            Error::SqlInputError { msg, .. } => f.write_str(msg)?,
            error => error.fmt(f)?,
        }
        match self.advice() {
            Some(advice) => write!(f, ": {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Cause {}

pub(super) fn is_busy(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

pub(super) fn cannot_open(path: &Path, why: impl fmt::Display) -> StoreError {
    StoreError::new("open the inbox", format!("{}: {why}", path.display()))
}

/// What is wrong with a path that SQLite would tell less clearly, or not at all.
pub(super) fn refuse_path(path: &Path) -> Result<(), StoreError> {
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        let why = "a database in memory loses what it has acknowledged: name a file";
        return Err(cannot_open(path, why));
    }
    if path.is_dir() {
        return Err(cannot_open(path, "this is a directory: name a file in it"));
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
            let why = format!("there is no directory {}: create it", parent.display());
            Err(cannot_open(path, why))
        }
        _ => Ok(()),
    }
}

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use webhook_core::guarantee::StoreError;

/// Why the database did not do what it was asked for. It names neither values nor a password.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    text: Arc<str>,
    blame: Blame,
}

/// Whether the same statement could succeed with other rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    Row,
    Database,
}

impl Fault {
    pub(super) fn new(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            blame: Blame::Database,
        }
    }

    pub(super) fn slow(limit: Duration) -> Self {
        Self::new(format!("PostgreSQL did not answer within {limit:?}"))
    }

    /// Whether a batch may succeed without one of its rows.
    pub(super) fn blames_a_row(&self) -> bool {
        self.blame == Blame::Row
    }

    /// The error of an operation: "cannot …".
    pub(super) fn of(self, tried: &'static str) -> StoreError {
        StoreError::new(tried, self.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if let Some(refused) = error.as_db_error() {
            // Not its details: they can contain the values of a row, such as a body.
            let (message, code) = (refused.message(), refused.code().code());
            return Self {
                text: format!("PostgreSQL says: {message} ({code})").into(),
                blame: blame(code),
            };
        }
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        Self::new(text)
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(_) => Self::new(
                "no connection was free in time: PostgreSQL is slow, or the pool is too small",
            ),
            PoolError::Closed => Self::new("the app closed the pool"),
            other => Self::new(other.to_string()),
        }
    }
}

/// By the class of the error, its first two characters.
fn blame(code: &str) -> Blame {
    // No connection, transaction in the wrong state, no access, no such database or table, no resources, an operator, the
    // system, a bug: these are the same for each row.
    const OF_ALL: [&str; 9] = ["08", "25", "28", "3D", "42", "53", "57", "58", "XX"];
    match code.get(..2) {
        Some(class) if !OF_ALL.contains(&class) => Blame::Row,
        _ => Blame::Database,
    }
}

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio_postgres::Row;
use webhook_core::guarantee::{self, StoredDelivery};

use super::fault::Fault;

/// The columns that [`delivery`] reads, beside the body.
macro_rules! columns {
    () => {
        "id, taken, attempts, state, due_at, finished_at, last_error, format, sender, endpoint, kind, key, \
         extract(epoch from keep_key)::float8 as keep_key, received_at, envelope"
    };
}
pub(super) use columns;

/// The newest format that this release reads.
pub(super) const FORMAT: i32 = StoredDelivery::FORMAT as i32;

/// The delivery of a row, or why this row is none.
pub(super) fn delivery(row: &Row, body: Bytes) -> Result<Result<StoredDelivery, String>, Fault> {
    let format: i32 = row.try_get("format")?;
    let keep_key: f64 = row.try_get("keep_key")?;
    let columns = guarantee::Row {
        format: u16::try_from(format).unwrap_or(u16::MAX),
        sender: row.try_get("sender")?,
        endpoint: row.try_get("endpoint")?,
        kind: row.try_get("kind")?,
        key: row.try_get("key")?,
        keep_key: Duration::try_from_secs_f64(keep_key).unwrap_or_default(),
        received_at: row.try_get::<_, SystemTime>("received_at")?,
        envelope: row.try_get("envelope")?,
    };
    Ok(StoredDelivery::read(columns, body).map_err(|error| error.to_string()))
}

/// What is readable in every format: the columns.
pub(super) fn skeleton(row: &Row, body: Bytes) -> Result<StoredDelivery, Fault> {
    let columns = guarantee::Row {
        format: StoredDelivery::FORMAT,
        sender: row.try_get("sender")?,
        endpoint: row.try_get("endpoint")?,
        kind: row.try_get("kind")?,
        key: None,
        keep_key: Duration::ZERO,
        received_at: row.try_get::<_, SystemTime>("received_at")?,
        envelope: "{}",
    };
    StoredDelivery::read(columns, body).map_err(|error| Fault::new(error.to_string()))
}

/// For `make_interval`: what is longer than a century is one.
pub(super) fn seconds(duration: Duration) -> f64 {
    const CENTURY: f64 = 100.0 * 365.25 * 86_400.0;
    duration.as_secs_f64().min(CENTURY)
}

/// PostgreSQL stores no NUL.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rusqlite::types::ValueRef;
use webhook_core::guarantee::{Record, RecordId, Row, State, StoredDelivery, UnreadableRow};

/// The time, in milliseconds since 1970.
pub(super) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// No time of a row is further away than this, so that sums of them stay integers.
const FURTHEST: i64 = i64::MAX / 8;

pub(super) fn millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => length(after),
        Err(before) => -length(before.duration()),
    }
}

pub(super) fn length(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).map_or(FURTHEST, |millis| millis.min(FURTHEST))
}

fn time(millis: i64) -> SystemTime {
    let distance = Duration::from_millis(millis.unsigned_abs());
    let time = if millis < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(UNIX_EPOCH)
}

pub(super) const PENDING: i64 = 0;
pub(super) const RUNNING: i64 = 1;
pub(super) const DONE: i64 = 2;
pub(super) const DEAD: i64 = 3;

pub(super) fn number(state: State) -> i64 {
    match state {
        State::Pending => PENDING,
        State::Running => RUNNING,
        State::Done => DONE,
        State::Dead => DEAD,
    }
}

pub(super) fn state(number: i64) -> State {
    match number {
        PENDING => State::Pending,
        RUNNING => State::Running,
        DONE => State::Done,
        _ => State::Dead,
    }
}

/// The columns that [`delivery`] reads, in its order.
pub(super) const DELIVERY: &str =
    "format, sender, endpoint, kind, key, keep_key, received_at, envelope";

/// What the columns of a row make.
pub(super) fn delivery(
    row: &rusqlite::Row<'_>,
    body: Bytes,
) -> rusqlite::Result<Result<StoredDelivery, UnreadableRow>> {
    let (sender, endpoint, kind) = (text(row, 1)?, text(row, 2)?, text(row, 3)?);
    let envelope = text(row, 7)?;
    let key = match row.get_ref(4)? {
        ValueRef::Null => None,
        _ => Some(text(row, 4)?),
    };
    Ok(StoredDelivery::read(
        Row {
            format: format(row.get(0)?),
            sender: &sender,
            endpoint: &endpoint,
            kind: &kind,
            key: key.as_deref(),
            keep_key: Duration::from_millis(row.get::<_, i64>(5)?.unsigned_abs()),
            received_at: time(row.get(6)?),
            envelope: &envelope,
        },
        body,
    ))
}

/// The columns that [`record`] reads after those.
pub(super) const RECORD: &str = "id, state, attempts, due_at, finished_at, last_error";

/// A row as an operator sees it. One that cannot be read is shown all the same, with the reason as its error: that someone
/// can find it and delete it.
pub(super) fn record(row: &rusqlite::Row<'_>, body: Bytes) -> rusqlite::Result<Record> {
    let (delivery, unreadable) = match delivery(row, body.clone())? {
        Ok(delivery) => (delivery, None),
        Err(error) => (skeleton(row, body)?, Some(error.to_string().into())),
    };
    let mut record = Record::new(
        RecordId(row.get(8)?),
        state(row.get(9)?),
        time(row.get(11)?),
        delivery,
    );
    record.attempts = count(row.get(10)?);
    record.finished_at = row.get::<_, Option<i64>>(12)?.map(time);
    record.last_error = match row.get_ref(13)? {
        ValueRef::Null => unreadable,
        _ => Some(text(row, 13)?.into()),
    };
    Ok(record)
}

/// What is readable in every format: the columns.
fn skeleton(row: &rusqlite::Row<'_>, body: Bytes) -> rusqlite::Result<StoredDelivery> {
    let (sender, endpoint, kind) = (text(row, 1)?, text(row, 2)?, text(row, 3)?);
    let columns = Row {
        format: StoredDelivery::FORMAT,
        sender: &sender,
        endpoint: &endpoint,
        kind: &kind,
        key: None,
        keep_key: Duration::ZERO,
        received_at: time(row.get(6)?),
        envelope: "{}",
    };
    StoredDelivery::read(columns, body)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(super) fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

fn format(number: i64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

pub(super) fn when(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<SystemTime> {
    row.get(column).map(time)
}

/// A text, whatever another program has written there: one row must not keep the others from being read.
pub(super) fn text<'a>(
    row: &'a rusqlite::Row<'_>,
    column: usize,
) -> rusqlite::Result<Cow<'a, str>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes),
        _ => Cow::Borrowed(""),
    })
}

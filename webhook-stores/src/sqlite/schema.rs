use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Error, OptionalExtension as _};
use webhook_core::guarantee::StoreError;

use super::connection::{begin, commit, patiently, roll_back};
use super::error::{Cause, cannot_open};

/// The steps from an empty file to the tables of this release. A step is never changed once it was released, and only adds:
/// an earlier release goes on beside a later one.
///
/// A body has a table of its own. The state of a delivery changes twice at least, and SQLite writes a row anew each time.
const STEPS: &[&str] = &["
create table webhook_inbox (
    id integer primary key autoincrement,
    format integer not null,
    sender text not null,
    endpoint text not null,
    label text,
    kind text not null,
    delivery_id text,
    key text,
    keep_key integer not null,
    envelope text not null,
    state integer not null default 0,
    attempts integer not null default 0,
    taken integer not null default 0,
    due_at integer not null,
    received_at integer not null,
    finished_at integer,
    last_error text,
    has_body integer not null default 1
) strict;

create table webhook_bodies (
    id integer primary key,
    body blob not null
) strict;

create unique index webhook_inbox_key on webhook_inbox (key) where key is not null;
create index webhook_inbox_due on webhook_inbox (endpoint, format, due_at) where state <= 1;
create index webhook_inbox_dead on webhook_inbox (endpoint) where state = 3;
create index webhook_inbox_done on webhook_inbox (finished_at) where state = 2 and has_body = 1;
create index webhook_inbox_kept on webhook_inbox (finished_at + keep_key) where state = 2 and has_body = 0;
create index webhook_inbox_counts on webhook_inbox (endpoint, state, received_at, format);
"];

const CREATE_LIST: &str = "create table if not exists webhook_migrations (
    version integer primary key,
    applied_at integer not null
) strict";

/// Brings the tables to this release, or leaves them if they are there. Those of a later release are left as they are.
pub(super) fn migrate(
    connection: &Connection,
    path: &Path,
    busy_timeout: Duration,
    now: i64,
) -> Result<(), StoreError> {
    let failed = |error: Error| cannot_open(path, Cause::from(error));
    // Without the lock first: a process that starts need not wait for one that writes.
    if is_current(connection, busy_timeout).map_err(failed)? {
        return Ok(());
    }
    begin(connection, busy_timeout).map_err(failed)?;
    let migrated = steps(connection, now).and_then(|()| commit(connection));
    migrated.map_err(|error| {
        roll_back(connection);
        failed(error)
    })
}

/// Whether the tables of this release, or of a later one, are in the file.
pub(super) fn is_current(
    connection: &Connection,
    busy_timeout: Duration,
) -> rusqlite::Result<bool> {
    patiently(busy_timeout, || {
        let listed: Option<i64> = connection
            .query_row(
                "select 1 from sqlite_schema where type = 'table' and name = 'webhook_migrations'",
                [],
                |row| row.get(0),
            )
            .optional()?;
        match listed {
            Some(_) => Ok(version(connection)? >= latest()),
            None => Ok(false),
        }
    })
}

fn steps(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    connection.execute(CREATE_LIST, [])?;
    let version = version(connection)?;
    for (number, step) in (1_i64..).zip(STEPS) {
        if number > version {
            connection.execute_batch(step)?;
            connection.execute(
                "insert into webhook_migrations (version, applied_at) values (?1, ?2)",
                [number, now],
            )?;
        }
    }
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "select coalesce(max(version), 0) from webhook_migrations";
    connection.query_row(sql, [], |row| row.get(0))
}

fn latest() -> i64 {
    (1..)
        .zip(STEPS)
        .map(|(number, _)| number)
        .last()
        .unwrap_or(0)
}

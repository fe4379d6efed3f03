//! The statements for SQLite, from 3.38, with which a handler claims a delivery in its own transaction.
//!
//! Begin the transaction with [`BEGIN`], then [`CLAIM`]. If it inserts a row, the delivery is new: do the work and commit. If
//! it inserts none, the delivery was handled: answer as if it were new. A roll-back, or the end of the process, frees the
//! claim.
//!
//! One transaction at a time writes to a database: another waits in [`BEGIN`], as long as [`SET_LOCK_TIMEOUT`] says, and
//! then fails with `SQLITE_BUSY`: answer 503, and the sender repeats the delivery. A transaction that reads first and writes
//! later can fail without waiting, so `begin` alone is not enough.
//!
//! Unless the database is in WAL mode (`pragma journal_mode = wal`), a reader can make the commit fail, too. Roll
//! back then, and answer 503. Leave `pragma synchronous` at `full`: with less, what was acknowledged can be lost with the
//! power.

/// Creates the table, if it is not there. For your migrations, or to run at the start.
pub const CREATE_TABLE: &str = "\
create table if not exists webhook_once (
    key text primary key,
    seen_at integer not null default (unixepoch())
) without rowid, strict";

/// Sets how long a connection waits for another's transaction: 4 seconds, less than any sender of these crates waits for
/// its answer. It returns a row. Most drivers have a setting for it, which does the same: use that if you have one.
pub const SET_LOCK_TIMEOUT: &str = "pragma busy_timeout = 4000";

/// Begins the transaction in which a delivery is claimed.
pub const BEGIN: &str = "begin immediate";

/// Claims a delivery: `?1` is [`Identity::key`](crate::Identity::key). One row: it is new. None: it was handled.
pub const CLAIM: &str = "insert into webhook_once (key) values (?1) on conflict do nothing";

/// Forgets a delivery, so that it is handled again if it is repeated: `?1` is its key.
pub const FORGET: &str = "delete from webhook_once where key = ?1";

/// Forgets what was handled more than `?1` seconds ago, a whole number. Keep ids for 7 days at least:
/// [`Timing::keep_ids`](crate::provider::Timing::keep_ids).
pub const PRUNE: &str = "delete from webhook_once where seen_at < unixepoch() - ?1";

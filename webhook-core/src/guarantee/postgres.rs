//! The statements for PostgreSQL with which a handler claims a delivery in its own transaction.
//!
//! In one transaction with what the handler writes: [`SET_LOCK_TIMEOUT`], then [`CLAIM`]. If it inserts a row, the delivery is
//! new: do the work and commit. If it inserts none, the delivery was handled: answer as if it were new. A roll-back, or the
//! end of the process, frees the claim.
//!
//! While another transaction holds the claim, the statement waits for its end, with the connection; the timeout ends that
//! with error 55P03 (`lock_not_available`): answer 503, and the sender repeats the delivery.

/// Creates the table, if it is not there. For your migrations, or to run at the start.
pub const CREATE_TABLE: &str = "\
create table if not exists webhook_once (
    key text primary key,
    seen_at timestamptz not null default now()
)";

/// Sets how long the claim waits: `$1` is text with a unit, such as `4s`. It holds until the end of the transaction.
pub const SET_LOCK_TIMEOUT: &str = "select set_config('lock_timeout', $1, true)";

/// Claims a delivery: `$1` is [`Identity::key`](crate::Identity::key). One row: it is new. None: it was handled.
pub const CLAIM: &str = "insert into webhook_once (key) values ($1) on conflict do nothing";

/// Forgets a delivery, so that it is handled again if it is repeated: `$1` is its key.
pub const FORGET: &str = "delete from webhook_once where key = $1";

/// Forgets what was handled more than `$1` seconds ago (`float8`). Keep ids for 7 days at least:
/// [`Timing::keep_ids`](crate::provider::Timing::keep_ids).
pub const PRUNE: &str =
    "delete from webhook_once where seen_at < now() - make_interval(secs => $1)";

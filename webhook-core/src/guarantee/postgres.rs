//! The statements for PostgreSQL with which a handler claims a delivery in its own transaction.
//!
//! [`CLAIM`] comes first, in one transaction with what the handler writes. If it inserts a row, the delivery is new: do the
//! work and commit. If it inserts none, the delivery was handled: answer as if it were new. A roll-back, or the end of the
//! process, frees the claim.
//!
//! While another transaction has claimed the delivery, the statement waits for its end, and keeps its connection. If it
//! waits too long, it fails with 55P03 (`lock_not_available`): answer 503, and the sender repeats the delivery. Under
//! `repeatable read` and `serializable` it fails with 40001 (`serialization_failure`) if that transaction commits: answer
//! the same.
//!
//! The server frees the claim of a killed process at once, but learns late, after two hours by default, that a machine has
//! lost its network. `tcp_keepalives_idle`, or `idle_in_transaction_session_timeout`, shortens that.

/// Creates the table, if it is not there: for your migrations. Of two processes that run it at the same moment, one can fail
/// with 23505 (`unique_violation`).
pub const CREATE_TABLE: &str = "\
create table if not exists webhook_once (
    key text primary key,
    seen_at timestamptz not null default now()
)";

/// Claims a delivery: `$1` is [`Identity::key`](crate::Identity::key). One row: it is new. None: it was handled.
///
/// `$2` is how long it waits for another transaction, as text with a unit, such as `4s`: together with the wait for a
/// connection, less than the sender waits for its answer. It is the `lock_timeout` until the end of the transaction.
pub const CLAIM: &str = "\
insert into webhook_once (key) \
select $1 from set_config('lock_timeout', $2, true) \
on conflict do nothing";

/// Forgets a delivery, so that it is handled again if it is repeated: `$1` is its key.
pub const FORGET: &str = "delete from webhook_once where key = $1";

/// Forgets what was handled more than `$1` seconds ago (`float8`). Keep ids for 7 days at least:
/// [`Timing::keep_ids`](crate::provider::Timing::keep_ids).
pub const PRUNE: &str =
    "delete from webhook_once where seen_at < now() - make_interval(secs => $1)";

use bytes::Bytes;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, params, params_from_iter};
use webhook_core::guarantee::{Count, Filter, Pruned, Record, State, StoredDelivery};

use super::rows::{DELIVERY, RECORD, number, record, state, text, when};
use super::work::Turn;

pub(super) fn list(turn: &Turn<'_>, filter: &Filter) -> rusqlite::Result<Vec<Record>> {
    // The indexes are named because SQLite would guess: what is dead or waits is rare, what is done is nearly everything.
    let (index, state) = match filter.state {
        None => ("not indexed", "true".to_owned()),
        Some(State::Done) => ("not indexed", "state = 2".to_owned()),
        Some(State::Dead) => ("indexed by webhook_inbox_dead", "state = 3".to_owned()),
        Some(state @ (State::Pending | State::Running)) => (
            "indexed by webhook_inbox_due",
            format!("state <= 1 and state = {}", number(state)),
        ),
    };
    let mut sql = format!("select {DELIVERY}, {RECORD} from webhook_inbox {index} where {state}");
    let mut values: Vec<Value> = Vec::new();
    if let Some(endpoint) = &filter.endpoint {
        sql += " and endpoint = ?";
        values.push(endpoint.to_string().into());
    }
    if let Some(label) = &filter.label {
        sql += " and label = ?";
        values.push(label.to_string().into());
    }
    if let Some(before) = filter.before {
        sql += " and id < ?";
        values.push(before.0.into());
    }
    sql += " order by id desc limit ?";
    values.push(i64::from(filter.limit).into());
    turn.connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), |row| record(row, Bytes::new()))?
        .collect()
}

pub(super) fn show(turn: &Turn<'_>, id: i64) -> rusqlite::Result<Option<Record>> {
    let sql = format!(
        "select {DELIVERY}, {RECORD},
            (select body from webhook_bodies where webhook_bodies.id = webhook_inbox.id)
         from webhook_inbox where id = ?1"
    );
    turn.connection
        .prepare_cached(&sql)?
        .query_row([id], |row| {
            let body: Option<Vec<u8>> = row.get(14)?;
            record(row, body.unwrap_or_default().into())
        })
        .optional()
}

pub(super) fn counts(turn: &Turn<'_>) -> rusqlite::Result<Vec<Count>> {
    let sql = "select endpoint, state, count(*), min(received_at), sum(format > ?1)
        from webhook_inbox indexed by webhook_inbox_counts group by endpoint, state";
    turn.connection
        .prepare_cached(sql)?
        .query_map([StoredDelivery::FORMAT], |row| {
            let mut count = Count::new(
                text(row, 0)?,
                state(row.get(1)?),
                row.get::<_, i64>(2)?.unsigned_abs(),
                when(row, 3)?,
            );
            count.newer_format = row.get::<_, i64>(4)?.unsigned_abs();
            Ok(count)
        })?
        .collect()
}

pub(super) fn retry(turn: &Turn<'_>, id: i64) -> rusqlite::Result<bool> {
    let retried = turn
        .connection
        .prepare_cached(
            "update webhook_inbox set state = 0, attempts = 0, due_at = ?2, finished_at = null
             where id = ?1 and state in (0, 3) and has_body = 1",
        )?
        .execute([id, turn.now])?;
    if retried > 0 {
        turn.stir();
    }
    Ok(retried > 0)
}

/// Retries the first `most` after this row, and returns which.
pub(super) fn retry_dead(
    turn: &Turn<'_>,
    endpoint: Option<&str>,
    after: i64,
    most: i64,
) -> rusqlite::Result<Vec<i64>> {
    let dead: Vec<i64> = turn
        .connection
        .prepare_cached(
            "select id from webhook_inbox indexed by webhook_inbox_dead
             where state = 3 and has_body = 1 and id > ?1 and (?2 is null or endpoint = ?2)
             order by id limit ?3",
        )?
        .query_map(params![after, endpoint, most], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for row in &dead {
        retry(turn, *row)?;
    }
    Ok(dead)
}

pub(super) fn forget(turn: &Turn<'_>, id: i64) -> rusqlite::Result<bool> {
    let forgotten = turn
        .connection
        .prepare_cached("delete from webhook_inbox where id = ?1 and state <> 1")?
        .execute([id])?;
    if forgotten > 0 {
        forget_body(turn, id)?;
    }
    Ok(forgotten > 0)
}

pub(super) fn forget_key(turn: &Turn<'_>, key: &str) -> rusqlite::Result<bool> {
    let row: Option<i64> = turn
        .connection
        .prepare_cached("select id from webhook_inbox where key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    match row {
        Some(row) => forget(turn, row),
        None => Ok(false),
    }
}

fn forget_body(turn: &Turn<'_>, id: i64) -> rusqlite::Result<()> {
    turn.connection
        .prepare_cached("delete from webhook_bodies where id = ?1")?
        .execute([id])
        .map(drop)
}

/// Prunes `most` rows at most of either kind, those that were handled until `bodies` and those whose keys were to be kept
/// until `keys`.
pub(super) fn prune(
    turn: &Turn<'_>,
    bodies: i64,
    keys: i64,
    most: i64,
) -> rusqlite::Result<Pruned> {
    let mut pruned = Pruned::default();
    let handled: Vec<(i64, bool)> = turn
        .connection
        .prepare_cached(
            "select id, key is null or finished_at + keep_key <= ?2
             from webhook_inbox indexed by webhook_inbox_done
             where state = 2 and has_body = 1 and finished_at <= ?1
             order by finished_at limit ?3",
        )?
        .query_map([bodies, keys, most], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (row, forgettable) in handled {
        if forgettable {
            forget(turn, row)?;
            pruned.deliveries += 1;
        } else {
            forget_body(turn, row)?;
            turn.connection
                .prepare_cached("update webhook_inbox set has_body = 0 where id = ?1")?
                .execute([row])?;
            pruned.bodies += 1;
        }
    }
    let forgotten = turn
        .connection
        .prepare_cached(
            "delete from webhook_inbox where id in (
                 select id from webhook_inbox indexed by webhook_inbox_kept
                 where state = 2 and has_body = 0 and finished_at + keep_key <= ?1 limit ?2)",
        )?
        .execute([keys, most])?;
    pruned.deliveries += forgotten as u64;
    Ok(pruned)
}

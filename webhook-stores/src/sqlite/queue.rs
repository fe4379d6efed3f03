use std::collections::BTreeSet;

use bytes::Bytes;
use rusqlite::{OptionalExtension as _, params};
use webhook_core::guarantee::{Ending, Job, Stored, StoredDelivery, Ticket};

use super::rows::{DELIVERY, count, delivery, length, millis};
use super::work::Turn;

/// How often a take looks again because what it found could not be read.
const ROUNDS: usize = 64;

/// How many bytes of bodies are taken at once, and one body more, at most.
const MOST_BYTES: usize = 16 * 1024 * 1024;

pub(super) fn store(turn: &Turn<'_>, delivery: &StoredDelivery) -> rusqlite::Result<Stored> {
    let sql = "insert into webhook_inbox
        (format, sender, endpoint, label, kind, delivery_id, key, keep_key, envelope, due_at, received_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) on conflict do nothing";
    let stored = turn.connection.prepare_cached(sql)?.execute(params![
        delivery.format(),
        delivery.sender(),
        delivery.endpoint(),
        delivery.label(),
        delivery.kind(),
        delivery.id(),
        delivery.key(),
        length(delivery.keep_key()),
        delivery.envelope(),
        turn.now,
        millis(delivery.received_at()),
    ])?;
    if stored == 0 {
        return Ok(Stored::Duplicate);
    }
    turn.connection
        .prepare_cached("insert into webhook_bodies (id, body) values (?1, ?2)")?
        .execute(params![
            turn.connection.last_insert_rowid(),
            &delivery.body()[..],
        ])?;
    turn.stir();
    Ok(Stored::New)
}

pub(super) fn take(
    turn: &Turn<'_>,
    endpoints: &BTreeSet<Box<str>>,
    most: usize,
    lease: i64,
) -> rusqlite::Result<Vec<Job>> {
    let mut jobs = Vec::new();
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let due = due(turn, endpoints, most - jobs.len())?;
        if due.is_empty() {
            break;
        }
        for row in due {
            if bytes >= MOST_BYTES {
                return Ok(jobs);
            }
            let job = lease_row(turn, row, lease)?;
            bytes += job.as_ref().map_or(0, |job| job.delivery.body().len());
            jobs.extend(job);
        }
        if jobs.len() >= most {
            break;
        }
    }
    Ok(jobs)
}

/// The rows that are due, the longest due first. Each endpoint has its part of the index: what waits for another, or for
/// later, or is of a later format, is not looked at.
fn due(turn: &Turn<'_>, endpoints: &BTreeSet<Box<str>>, most: usize) -> rusqlite::Result<Vec<i64>> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let mut select = turn.connection.prepare_cached(
        "select due_at, id from webhook_inbox indexed by webhook_inbox_due
         where endpoint = ?1 and format = ?2 and state <= 1 and due_at <= ?3
         order by due_at limit ?4",
    )?;
    let mut due: Vec<(i64, i64)> = Vec::new();
    for endpoint in endpoints {
        for format in 1..=StoredDelivery::FORMAT {
            let rows = select.query_map(params![endpoint, format, turn.now, limit], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            for row in rows {
                due.push(row?);
            }
        }
    }
    due.sort_unstable();
    due.truncate(most);
    Ok(due.into_iter().map(|(_, row)| row).collect())
}

fn lease_row(turn: &Turn<'_>, row: i64, lease: i64) -> rusqlite::Result<Option<Job>> {
    let body = turn
        .connection
        .prepare_cached("select body from webhook_bodies where id = ?1")?
        .query_row([row], |row| row.get::<_, Vec<u8>>(0))
        .optional()?;
    let Some(body) = body else {
        bury(turn, row, "the body is not in the store any more")?;
        return Ok(None);
    };
    let (attempt, taken, delivery) = turn
        .connection
        .prepare_cached(&format!(
            "update webhook_inbox
             set state = 1, attempts = attempts + 1, taken = taken + 1, due_at = ?2
             where id = ?1 returning {DELIVERY}, attempts, taken"
        ))?
        .query_row([row, turn.now.saturating_add(lease)], |row| {
            let delivery = delivery(row, Bytes::from(body))?;
            Ok((count(row.get(8)?), row.get(9)?, delivery))
        })?;
    match delivery {
        Ok(delivery) => Ok(Some(Job::new(Ticket { row, taken }, attempt, delivery))),
        Err(error) => {
            bury(turn, row, &error.to_string())?;
            Ok(None)
        }
    }
}

/// What no worker can be given stays until someone acts.
fn bury(turn: &Turn<'_>, row: i64, why: &str) -> rusqlite::Result<()> {
    turn.connection
        .prepare_cached(
            "update webhook_inbox set state = 3, finished_at = ?2, last_error = ?3 where id = ?1",
        )?
        .execute(params![row, turn.now, why])
        .map(drop)
}

pub(super) fn renew(turn: &Turn<'_>, ticket: Ticket, lease: i64) -> rusqlite::Result<bool> {
    let renewed = turn
        .connection
        .prepare_cached(
            "update webhook_inbox set due_at = ?3 where id = ?1 and taken = ?2 and state = 1",
        )?
        .execute([ticket.row, ticket.taken, turn.now.saturating_add(lease)])?;
    Ok(renewed == 1)
}

pub(super) fn finish(turn: &Turn<'_>, ticket: Ticket, ending: &Ending) -> rusqlite::Result<bool> {
    let Ticket { row, taken } = ticket;
    let now = turn.now;
    let connection = turn.connection;
    let finished = match ending {
        Ending::Done => connection
            .prepare_cached(
                "update webhook_inbox set state = 2, finished_at = ?3
                 where id = ?1 and taken = ?2 and state = 1",
            )?
            .execute([row, taken, now])?,
        Ending::Again { after, counts, why } => {
            let due = now.saturating_add(length(*after));
            connection
                .prepare_cached(
                    "update webhook_inbox set state = 0, due_at = ?3, last_error = ?4, attempts = max(attempts - ?5, 0)
                     where id = ?1 and taken = ?2 and state = 1",
                )?
                .execute(params![row, taken, due, why, i64::from(!counts)])?
        }
        Ending::Dead { why } => connection
            .prepare_cached(
                "update webhook_inbox set state = 3, finished_at = ?3, last_error = ?4
                 where id = ?1 and taken = ?2 and state = 1",
            )?
            .execute(params![row, taken, now, why])?,
        // One that this release does not know: the lease runs out, and the delivery is taken again.
        _ => 0,
    };
    Ok(finished == 1)
}

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use tokio::sync::{broadcast, mpsc};

use super::super::entry::{Entry, Kind, Outcome, Summary};
use super::counts::{Count, Counts};
use super::{Bounds, Change, News, Size, number, read};

/// Deliveries in one transaction, at most.
const BATCH: usize = 128;

/// Writes the file, in a thread of its own.
pub(super) struct Writer {
    connection: Connection,
    /// Is released when the file is closed.
    _lock: File,
    bounds: Bounds,
    counts: Counts,
    news: broadcast::Sender<News>,
    size: Arc<Size>,
}

impl Writer {
    pub(super) fn new(
        mut connection: Connection,
        lock: File,
        bounds: Bounds,
        news: broadcast::Sender<News>,
        size: Arc<Size>,
    ) -> rusqlite::Result<Self> {
        let count = |condition: &str| {
            let sql =
                format!("SELECT count(*), coalesce(sum(kept), 0) FROM deliveries {condition}");
            connection.query_row(&sql, (), |row| {
                Ok(Count {
                    deliveries: row.get::<_, i64>(0)?.unsigned_abs(),
                    bytes: row.get::<_, i64>(1)?.unsigned_abs(),
                })
            })
        };
        let mut counts = Counts {
            all: count("")?,
            refused: count("WHERE verdict = 2")?,
        };
        // The bounds may have been wider the last time.
        let transaction = connection.transaction()?;
        evict(&transaction, &mut counts, bounds)?;
        transaction.commit()?;
        let writer = Self {
            connection,
            _lock: lock,
            bounds,
            counts,
            news,
            size,
        };
        writer.publish();
        Ok(writer)
    }

    /// Writes until nobody is left who could add something.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Change>) {
        let mut next = queue.blocking_recv();
        while let Some(change) = next.take() {
            match change {
                Change::Clear(done) => {
                    let cleared = self.clear().map_err(|error| error.to_string());
                    let _not_awaited = done.send(cleared);
                }
                Change::Answer(id, outcome, done) => {
                    let answered = self.answer(id, &outcome);
                    let _not_awaited = done.send(answered.map_err(|error| error.to_string()));
                }
                Change::Add(first, first_done) => {
                    let mut entries = vec![first];
                    let mut waiting = vec![first_done];
                    while entries.len() < BATCH {
                        match queue.try_recv() {
                            Ok(Change::Add(entry, done)) => {
                                entries.push(entry);
                                waiting.push(done);
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    let added = self.add(&entries);
                    for (at, done) in waiting.into_iter().enumerate() {
                        let id = match &added {
                            Ok(ids) => ids.get(at).copied().ok_or_else(String::new),
                            Err(error) => Err(error.to_string()),
                        };
                        let _not_awaited = done.send(id);
                    }
                }
            }
            if next.is_none() {
                next = queue.blocking_recv();
            }
        }
    }

    fn add(&mut self, entries: &[Box<Entry>]) -> rusqlite::Result<Vec<i64>> {
        let mut counts = self.counts;
        let transaction = self.connection.transaction()?;
        let mut ids = Vec::with_capacity(entries.len());
        for entry in entries {
            ids.push(insert(&transaction, entry, self.bounds, &mut counts)?);
        }
        evict(&transaction, &mut counts, self.bounds)?;
        transaction.commit()?;
        self.counts = counts;
        self.publish();
        for (id, entry) in ids.iter().zip(entries) {
            let summary = serde_json::to_string(&Summary::of(*id, entry)).unwrap_or_default();
            let _nobody_looks = self.news.send(News::Delivery {
                id: *id,
                summary: summary.into(),
            });
        }
        Ok(ids)
    }

    fn answer(&mut self, id: i64, outcome: &Outcome) -> rusqlite::Result<()> {
        let told = told(outcome);
        let length = u64::try_from(told.len()).unwrap_or(u64::MAX);
        let mut counts = self.counts;
        let transaction = self.connection.transaction()?;
        let verdict: Option<i64> = transaction
            .prepare_cached(
                "UPDATE deliveries SET status = ?2, received = ?3, took_ms = ?4, told = ?5, kept = kept + ?6
                 WHERE id = ?1 AND status IS NULL RETURNING verdict",
            )?
            .query_row(
                params![id, outcome.status, outcome.received, int(outcome.took_ms), told, int(length)],
                |row| row.get(0),
            )
            .optional()?;
        // It may have been deleted meanwhile.
        let Some(verdict) = verdict else {
            return Ok(());
        };
        counts.all.bytes += length;
        if verdict == number(Kind::Refused) {
            counts.refused.bytes += length;
        }
        let summary = read::one(&transaction, id)?;
        evict(&transaction, &mut counts, self.bounds)?;
        transaction.commit()?;
        self.counts = counts;
        self.publish();
        let summary = serde_json::to_string(&summary).unwrap_or_default();
        let summary = summary.into();
        let _nobody_looks = self.news.send(News::Answered { summary });
        Ok(())
    }

    fn clear(&mut self) -> rusqlite::Result<()> {
        self.connection.execute("DELETE FROM deliveries", ())?;
        self.counts = Counts::default();
        self.publish();
        // What is left is small, and the space is the system's again.
        self.connection
            .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
        let _nobody_looks = self.news.send(News::Reload);
        Ok(())
    }

    fn publish(&self) {
        let Count { deliveries, bytes } = self.counts.all;
        self.size.deliveries.store(deliveries, Ordering::Relaxed);
        self.size.bytes.store(bytes, Ordering::Relaxed);
    }
}

fn insert(
    transaction: &Transaction<'_>,
    entry: &Entry,
    bounds: Bounds,
    counts: &mut Counts,
) -> rusqlite::Result<i64> {
    let is_refused = entry.verdict == Kind::Refused;
    let bounds = match is_refused {
        true => bounds.refused(),
        false => bounds,
    };
    let rest = serde_json::to_string(&entry.rest).unwrap_or_default();
    let outcome = entry.outcome.as_ref();
    let told = outcome.map(told);
    let length = |body: &Option<Vec<u8>>| {
        let texts =
            [&entry.kind, &entry.delivery_id].map(|text| text.as_ref().map_or(0, String::len));
        let body = body.as_ref().map_or(0, Vec::len);
        let told = told.as_ref().map_or(0, String::len);
        let length = body + rest.len() + told + entry.path.len() + texts.iter().sum::<usize>();
        u64::try_from(length).unwrap_or(u64::MAX)
    };
    // One that fits no bound would push out all others, and then itself.
    let body = match length(&entry.body) <= bounds.bytes {
        true => &entry.body,
        false => &None,
    };
    let kept = length(body);
    let mut statement = transaction.prepare_cached(
        "INSERT INTO deliveries (at_ms, sender, verdict, reason, kind, delivery_id, method, path, bytes, kept,
             rest, body, status, received, took_ms, told)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    let id = statement.insert(params![
        entry.at_ms,
        entry.sender,
        number(entry.verdict),
        entry.reason,
        entry.kind,
        entry.delivery_id,
        entry.method,
        entry.path,
        int(entry.bytes),
        int(kept),
        rest,
        body,
        outcome.map(|it| it.status),
        outcome.and_then(|it| it.received),
        outcome.map(|it| int(it.took_ms)),
        told,
    ])?;
    counts.all.add(kept);
    if is_refused {
        counts.refused.add(kept);
    }
    Ok(id)
}

/// What is only shown when a delivery is looked at.
fn told(outcome: &Outcome) -> String {
    serde_json::to_string(&outcome.told).unwrap_or_default()
}

/// Deletes the oldest until what is left is within the bounds, of what was refused first.
fn evict(
    transaction: &Transaction<'_>,
    counts: &mut Counts,
    bounds: Bounds,
) -> rusqlite::Result<()> {
    while counts.refused.is_above(bounds.refused()) {
        let Some((_, kept)) = delete_oldest(transaction, "WHERE verdict = 2")? else {
            break;
        };
        counts.refused.remove(kept);
        counts.all.remove(kept);
    }
    while counts.all.is_above(bounds) {
        let Some((verdict, kept)) = delete_oldest(transaction, "")? else {
            break;
        };
        counts.all.remove(kept);
        if verdict == number(Kind::Refused) {
            counts.refused.remove(kept);
        }
    }
    Ok(())
}

fn delete_oldest(
    transaction: &Transaction<'_>,
    condition: &str,
) -> rusqlite::Result<Option<(i64, u64)>> {
    let mut statement = transaction.prepare_cached(&format!(
        "DELETE FROM deliveries WHERE id = (SELECT min(id) FROM deliveries {condition})
         RETURNING verdict, kept"
    ))?;
    // Not `query_row`: the deletion is complete once all rows are read.
    let mut rows = statement.query(())?;
    let deleted = match rows.next()? {
        Some(row) => Some((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())),
        None => None,
    };
    while rows.next()?.is_some() {}
    Ok(deleted)
}

/// A number as SQLite has it.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use tokio::sync::{broadcast, mpsc};

use super::super::entry::{Entry, Outcome, Summary, Told};
use super::counts::{Count, Counts};
use super::verdict::Verdict;
use super::{Bounds, Change, News, Size, read};

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
        let transaction = connection.transaction()?;
        end_what_was_at_work(&transaction)?;
        let mut counts = count(&transaction)?;
        // The bounds may have been wider the last time.
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
        let verdict: Option<Verdict> = transaction
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
        counts.add(verdict, 0, length);
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
    let verdict = Verdict::new(entry.verdict, entry.is_proven);
    let bounds = match verdict.is_refused() {
        true => bounds.tenth(),
        false => bounds,
    };
    let rest = serde_json::to_string(&entry.rest).unwrap_or_default();
    let outcome = entry.outcome.as_ref();
    let told = outcome.map(told);
    let length = |body: &Option<Vec<u8>>| {
        let optional = [&entry.reason, &entry.kind, &entry.delivery_id, &told];
        let optional = optional.map(|text| text.as_ref().map_or(0, String::len));
        let texts = [&entry.sender, &entry.method, &entry.path, &rest].map(String::len);
        let body = body.as_ref().map_or(0, Vec::len);
        let length = body + optional.iter().chain(&texts).sum::<usize>();
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
        verdict,
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
    counts.add(verdict, 1, kept);
    Ok(id)
}

/// What is only shown when a delivery is looked at.
fn told(outcome: &Outcome) -> String {
    serde_json::to_string(&outcome.told).unwrap_or_default()
}

/// What is in the file.
fn count(transaction: &Transaction<'_>) -> rusqlite::Result<Counts> {
    let mut counts = Counts::default();
    let mut statement = transaction
        .prepare("SELECT verdict, count(*), sum(kept) FROM deliveries GROUP BY verdict")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let [deliveries, bytes] = [row.get::<_, i64>(1)?, row.get(2)?].map(i64::unsigned_abs);
        counts.add(row.get(0)?, deliveries, bytes);
    }
    Ok(counts)
}

/// Says of deliveries that had no answer when the command ended that they have none: their connections ended with it.
fn end_what_was_at_work(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let told = serde_json::to_string(&Told {
        failure: Some("`webhook-rs listen` ended before the app answered".to_owned()),
        ..Told::default()
    });
    transaction.execute(
        "UPDATE deliveries SET status = 0, received = 0, told = ?1, kept = kept + length(?1) WHERE status IS NULL",
        [told.unwrap_or_default()],
    )?;
    Ok(())
}

/// Deletes the oldest until what is left is within the bounds: of what was refused, then of what nobody has proven down to its
/// part, then of all.
fn evict(
    transaction: &Transaction<'_>,
    counts: &mut Counts,
    bounds: Bounds,
) -> rusqlite::Result<()> {
    loop {
        let which: &[Verdict] = if counts.refused.is_above(bounds.tenth()) {
            &[Verdict::REFUSED]
        } else if !counts.all.is_above(bounds) {
            return Ok(());
        } else if counts.unproven.is_above(bounds.tenth()) {
            &Verdict::UNPROVEN
        } else {
            &[]
        };
        let Some((verdict, kept)) = delete_oldest(transaction, which)? else {
            return Ok(());
        };
        counts.remove(verdict, kept);
    }
}

/// Deletes the oldest of these verdicts, or of all if there are none.
fn delete_oldest(
    transaction: &Transaction<'_>,
    which: &[Verdict],
) -> rusqlite::Result<Option<(Verdict, u64)>> {
    // The oldest of each is found in the index; the oldest of several at once would be looked for among all of them.
    let each: Vec<_> = which
        .iter()
        .map(|verdict| {
            let number = verdict.number();
            format!("SELECT min(id) AS id FROM deliveries WHERE verdict = {number}")
        })
        .collect();
    let from = match each.is_empty() {
        true => "deliveries".to_owned(),
        false => format!("({})", each.join(" UNION ALL ")),
    };
    let mut statement = transaction.prepare_cached(&format!(
        "DELETE FROM deliveries WHERE id = (SELECT min(id) FROM {from}) RETURNING verdict, kept"
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

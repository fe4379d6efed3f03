use std::iter;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Notify;

use super::connection::{begin, commit, roll_back};
use super::error::Cause;
use super::manners::Manners;
use super::rows::Clock;
use super::work::{Turn, Work};

/// So many commands at most share a transaction, and so many bytes: others wait for the lock meanwhile.
const MOST_COMMANDS: usize = 256;
const MOST_BYTES: usize = 8 << 20;

/// The one thread of a store that writes: what waits shares a transaction, and is answered when that is durable.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) queue: Receiver<Box<dyn Work>>,
    pub(super) clock: Clock,
    pub(super) busy_timeout: Duration,
    pub(super) stirs: Arc<Notify>,
}

impl Writer {
    /// Runs until the store is dropped and what it has queued is written.
    pub(super) fn run(self) {
        let mut manners = Manners::new();
        loop {
            let first = match self.queue.try_recv() {
                Ok(work) => {
                    manners.let_others_in();
                    work
                }
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => match self.queue.recv() {
                    Ok(work) => work,
                    Err(_) => return,
                },
            };
            self.write(self.batch(first));
            manners.look_for_others(&self.connection);
        }
    }

    fn batch(&self, first: Box<dyn Work>) -> Vec<Box<dyn Work>> {
        let mut bytes = first.bytes();
        let mut batch = vec![first];
        while batch.len() < MOST_COMMANDS
            && bytes < MOST_BYTES
            && let Ok(work) = self.queue.try_recv()
        {
            bytes += work.bytes();
            batch.push(work);
        }
        batch.retain(|work| work.is_wanted());
        batch
    }

    fn write(&self, batch: Vec<Box<dyn Work>>) {
        if batch.is_empty() {
            return;
        }
        if let Err(error) = begin(&self.connection, self.busy_timeout) {
            return fail(batch, error);
        }
        let turn = Turn::new(&self.connection, (self.clock)());
        let mut written = Vec::with_capacity(batch.len());
        let mut batch = batch.into_iter();
        for mut work in batch.by_ref() {
            match apart(&turn, &mut *work) {
                Ok(()) => written.push(work),
                Err(error) => work.failed(error.into()),
            }
            // Some errors end the whole transaction, with what the others have written in it.
            if self.connection.is_autocommit() {
                written.extend(batch);
                return self.write_one_by_one(written);
            }
        }
        self.commit(&turn, written);
    }

    /// Each in a transaction of its own, so that only those fail that cannot be written.
    fn write_one_by_one(&self, works: Vec<Box<dyn Work>>) {
        let mut works = works.into_iter();
        while let Some(mut work) = works.next() {
            if let Err(error) = begin(&self.connection, self.busy_timeout) {
                // To wait once is enough for all.
                return fail(iter::once(work).chain(works), error);
            }
            let turn = Turn::new(&self.connection, (self.clock)());
            match work.run(&turn) {
                Ok(()) => self.commit(&turn, vec![work]),
                Err(error) => {
                    roll_back(&self.connection);
                    work.failed(error.into());
                }
            }
        }
    }

    fn commit(&self, turn: &Turn<'_>, written: Vec<Box<dyn Work>>) {
        if let Err(error) = commit(&self.connection) {
            return fail(written, error);
        }
        if turn.has_stirred() {
            // Those who wait, and the next one to do so.
            self.stirs.notify_waiters();
            self.stirs.notify_one();
        }
        for work in written {
            work.committed();
        }
    }
}

/// Runs one command of a transaction: if it fails, the others are not touched. If that cannot be had, the whole transaction
/// is rolled back.
fn apart(turn: &Turn<'_>, work: &mut dyn Work) -> rusqlite::Result<()> {
    let connection = turn.connection;
    let run = |sql: &str| -> rusqlite::Result<()> {
        connection.prepare_cached(sql)?.execute([]).map(drop)
    };
    run("savepoint work")?;
    let ran = work.run(turn);
    if connection.is_autocommit() {
        return ran;
    }
    let ended = match &ran {
        Ok(()) => run("release work"),
        Err(_) => run("rollback to work").and_then(|()| run("release work")),
    };
    if ended.is_err() {
        roll_back(connection);
    }
    ran
}

fn fail(batch: impl IntoIterator<Item = Box<dyn Work>>, error: rusqlite::Error) {
    let cause = Cause::from(error);
    for work in batch {
        work.failed(cause.clone());
    }
}

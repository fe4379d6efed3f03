use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// How long another connection is thought to want the lock again after it has committed.
const REMEMBERED: Duration = Duration::from_secs(1);
/// How long the lock is left to another that wants it. Long enough that another store, which looks every millisecond at
/// least, gets it soon; an app that writes all the time is given about as much as it leaves.
const PAUSE: Duration = Duration::from_micros(400);
/// How often a pause is made in case that another wants it of whom nothing has been seen.
const GUESS: Duration = Duration::from_millis(100);

/// Lets other processes in. SQLite's lock has no queue: who begins the next transaction as soon as the last one is
/// committed keeps it, and those who wait find it taken each time they look.
pub(super) struct Manners {
    version: Option<i64>,
    seen: Option<Instant>,
    paused: Instant,
}

impl Manners {
    pub(super) fn new() -> Self {
        Self {
            version: None,
            seen: None,
            paused: Instant::now(),
        }
    }

    /// Looks whether another connection has committed something since the last time.
    pub(super) fn look_for_others(&mut self, connection: &Connection) {
        let version = connection
            .prepare_cached("pragma data_version")
            .and_then(|mut version| version.query_row([], |row| row.get::<_, i64>(0)));
        // A failure means that another is at work.
        let version = version.ok();
        if self.version.is_some() && version != self.version {
            self.seen = Some(Instant::now());
        }
        self.version = version;
    }

    /// To be called before a transaction that follows the last one at once.
    pub(super) fn let_others_in(&mut self) {
        let seen = self.seen.is_some_and(|seen| seen.elapsed() < REMEMBERED);
        if seen || self.paused.elapsed() > GUESS {
            thread::sleep(PAUSE);
            self.paused = Instant::now();
        }
    }
}

//! What the rig has done.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use webhook_tests::ledger::now;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Started(u32),
    Killed(u32),
    /// Stopped and continued, or stopped and then killed.
    Stopped(u32),
    AskedToEnd(u32),
    /// It has ended as it was asked to.
    Ended(u32),
    /// It has ended as it was asked to, but before its handlers had.
    Left(u32),
    /// The database was stopped and started again.
    Restarted,
    /// The clock of the store was set forward, or back, by so many milliseconds.
    ClockSet(i64),
    /// The rig itself did not run, so it is likely that nothing did.
    Stalled,
}

/// An act, from just before it began until just after it had ended.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    pub kind: Kind,
    pub from: Duration,
    pub until: Duration,
}

impl Act {
    pub fn length(&self) -> Duration {
        self.until.saturating_sub(self.from)
    }

    pub fn overlaps(&self, from: Duration, until: Duration) -> bool {
        self.from <= until && self.until >= from
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, from, until } = self;
        write!(
            f,
            "{} until {}: {kind:?}",
            from.as_micros(),
            until.as_micros()
        )
    }
}

/// All acts. Clones share them.
#[derive(Clone, Default)]
pub struct Acts(Arc<Mutex<Vec<Act>>>);

impl Acts {
    /// Something that takes no time, or ends now.
    pub fn add(&self, kind: Kind, from: Duration) {
        let until = now();
        let act = Act { kind, from, until };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(act);
    }

    pub fn all(&self) -> Vec<Act> {
        let mut acts = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        acts.sort_by_key(|act| act.from);
        acts
    }

    pub fn count(&self, is: impl Fn(Kind) -> bool) -> usize {
        self.all().iter().filter(|act| is(act.kind)).count()
    }
}

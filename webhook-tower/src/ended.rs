use std::fmt;

/// What became of the handlers that were waited for when the server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// How many finished while they were waited for.
    pub finished: u64,
    /// How many still run.
    pub running: u64,
    /// How many were dropped before they finished, since the first one: their runtime ended, or they were aborted.
    pub dropped: u64,
}

impl Ended {
    /// So many.
    pub fn new(finished: u64, running: u64, dropped: u64) -> Self {
        Self {
            finished,
            running,
            dropped,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            finished,
            running,
            dropped,
        } = self;
        write!(
            f,
            "{finished} webhook handlers finished, {running} still run, {dropped} were dropped"
        )
    }
}

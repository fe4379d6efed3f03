use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use crate::show::note;

/// Says that the search goes on, once it takes long enough to be asked about.
pub(super) struct Patience {
    since: Instant,
    /// Whether nothing is left to say.
    is_said: bool,
}

impl Patience {
    const LONG: Duration = Duration::from_secs(2);

    /// For a person at a terminal: nobody reads it in the log of a script.
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            is_said: !io::stderr().is_terminal(),
        }
    }

    pub(super) fn ask(&mut self) {
        if !self.is_said && self.since.elapsed() >= Self::LONG {
            self.is_said = true;
            note(
                "trying what may have happened to the request; with a long body that takes a while",
            );
        }
    }
}

//! What a receiver that is tortured writes down about each attempt, and what the id of a delivery tells its handler to do.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the handler does with a delivery. It is written into the delivery's id, which every sender can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which delivery this is.
    pub number: u64,
    /// How many attempts fail.
    pub fails: u32,
    /// How long each attempt takes.
    pub takes: Duration,
}

impl Plan {
    /// The plan in an id, wherever it is there.
    pub fn find(id: &str) -> Option<Self> {
        let (number, rest) = id.split_once("plan-")?.1.split_once('-')?;
        let (fails, rest) = rest.split_once('-')?;
        let (takes, _) = rest.split_once("ms")?;
        Some(Self {
            number: number.parse().ok()?,
            fails: fails.parse().ok()?,
            takes: Duration::from_millis(takes.parse().ok()?),
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            fails,
            takes,
        } = self;
        write!(f, "plan-{number}-{fails}-{}ms", takes.as_millis())
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Begun,
    Handled,
    Failed,
}

impl Mark {
    const ALL: [(Self, &str); 3] = [
        (Self::Begun, "begun"),
        (Self::Handled, "handled"),
        (Self::Failed, "failed"),
    ];
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub mark: Mark,
    pub number: u64,
    pub attempt: u32,
    pub pid: u32,
    /// By the clock of the machine, since 1970.
    pub at: Duration,
}

impl Entry {
    /// An entry of this process, now.
    pub fn now(mark: Mark, number: u64, attempt: u32) -> Self {
        Self {
            mark,
            number,
            attempt,
            pid: std::process::id(),
            at: now(),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let name = words.next()?;
        let entry = Self {
            mark: Mark::ALL.iter().find(|(_, it)| *it == name)?.0,
            number: words.next()?.parse().ok()?,
            attempt: words.next()?.parse().ok()?,
            pid: words.next()?.parse().ok()?,
            at: Duration::from_micros(words.next()?.parse().ok()?),
        };
        words.next().is_none().then_some(entry)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Mark::ALL.iter().find(|(mark, _)| *mark == self.mark);
        let name = name.map_or("", |(_, name)| name);
        let at = self.at.as_micros();
        write!(
            f,
            "{name} {} {} {} {at}",
            self.number, self.attempt, self.pid
        )
    }
}

/// A file to which several processes append.
#[derive(Debug)]
pub struct Ledger(File);

impl Ledger {
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(file))
    }

    /// In one write, so that lines neither mix nor are written by half when the process is killed.
    pub fn write(&self, entry: Entry) -> io::Result<()> {
        (&self.0).write_all(format!("{entry}\n").as_bytes())
    }

    /// All entries.
    ///
    /// # Panics
    ///
    /// If a line is none.
    #[track_caller]
    pub fn read(path: impl AsRef<Path>) -> Vec<Entry> {
        let text = std::fs::read_to_string(path).unwrap();
        let entry = |line: &str| {
            Entry::parse(line).unwrap_or_else(|| panic!("a line in the ledger: {line:?}"))
        };
        text.lines().map(entry).collect()
    }
}

/// The time, since 1970.
pub fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

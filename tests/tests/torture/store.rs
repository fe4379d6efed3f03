//! The store that the processes share, as the rig sees it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use tokio::runtime::{Builder, Runtime};
use webhook_axum::guarantee::{Filter, InboxRecords, Record, State};
use webhook_stores::{PostgresStore, SqliteStore};
use webhook_tests::directory::Directory;
use webhook_tests::ledger::now;
use webhook_tests::postgres::Cluster;

use crate::act::{Acts, Kind};

pub struct Store {
    pub directory: Directory,
    pub url: String,
    /// The server, unless it is SQLite.
    pub cluster: Option<&'static Cluster>,
    /// Whether nothing is to be done to the processes for now.
    pub leave_alone: AtomicBool,
}

impl Store {
    pub fn sqlite() -> Self {
        let directory = Directory::new();
        let url = format!("sqlite:{}", directory.file("inbox.db").display());
        Self {
            directory,
            url,
            cluster: None,
            leave_alone: AtomicBool::new(false),
        }
    }

    pub fn postgres(cluster: &'static Cluster) -> Self {
        Self {
            directory: Directory::new(),
            url: cluster.create_database(),
            cluster: Some(cluster),
            leave_alone: AtomicBool::new(false),
        }
    }

    pub fn name(&self) -> &'static str {
        match self.cluster {
            Some(_) => "PostgreSQL",
            None => "SQLite",
        }
    }

    /// Opens what the processes have created.
    pub fn open(&self) -> View {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let records: Box<dyn InboxRecords> = match self.url.strip_prefix("sqlite:") {
            Some(path) => Box::new(SqliteStore::settings().existing_only().open(path).unwrap()),
            None => {
                let connecting = PostgresStore::settings().existing_only().connect(&self.url);
                Box::new(runtime.block_on(connecting).unwrap())
            }
        };
        View { runtime, records }
    }
}

/// What an operator sees.
pub struct View {
    runtime: Runtime,
    records: Box<dyn InboxRecords>,
}

impl View {
    /// How many are in each state, by its name.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for count in self.runtime.block_on(self.records.counts()).unwrap() {
            *counts.entry(count.state.name()).or_default() += count.deliveries;
        }
        counts
    }

    /// How many are still to be handled.
    pub fn waiting(&self) -> u64 {
        let counts = self.counts();
        let waiting = [State::Pending, State::Running].map(State::name);
        waiting.iter().filter_map(|state| counts.get(state)).sum()
    }

    pub fn all(&self) -> Vec<Record> {
        let mut all: Vec<Record> = Vec::new();
        // A bound, far above what can be sent.
        for _ in 0..10_000 {
            let mut filter = Filter::default();
            filter.limit = 1000;
            filter.before = all.last().map(|record| record.id);
            let page = self.runtime.block_on(self.records.list(&filter)).unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
        panic!("a list without end");
    }
}

/// The clock of a SQLite store, as a file that its processes read.
pub struct Clock {
    acts: Acts,
    ahead: i64,
}

impl Clock {
    pub const FILE: &str = "clock";

    pub fn new(acts: &Acts) -> Self {
        Self {
            acts: acts.clone(),
            ahead: 0,
        }
    }

    pub fn ahead(&self) -> i64 {
        self.ahead
    }

    /// Sets it forward, or back if this is less than now.
    pub fn set(&mut self, directory: &Path, ahead: i64) {
        let from = now();
        let new = directory.join("clock.new");
        fs::write(&new, ahead.to_string()).unwrap();
        fs::rename(&new, directory.join(Self::FILE)).unwrap();
        self.acts.add(Kind::ClockSet(ahead - self.ahead), from);
        self.ahead = ahead;
    }
}

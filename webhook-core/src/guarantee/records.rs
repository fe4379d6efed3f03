use std::fmt;
use std::time::{Duration, SystemTime};

use super::{StoreFuture, StoredDelivery};
use crate::delivery::Identity;

/// What an operator can see of an inbox, and do about it.
pub trait InboxRecords: Send + Sync + 'static {
    /// The deliveries that fit a filter, the newest first.
    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<Record>>;

    /// One delivery, if it is there.
    fn show(&self, id: RecordId) -> StoreFuture<'_, Option<Record>>;

    /// Makes a delivery due now, with all its attempts before it, if it is dead or pending, or if the lease of its worker has
    /// run out. `false` if there is none.
    fn retry(&self, id: RecordId) -> StoreFuture<'_, bool>;

    /// Does so for all that are dead, of one endpoint or of all, and returns how many.
    fn retry_dead<'a>(&'a self, endpoint: Option<&'a str>) -> StoreFuture<'a, u64>;

    /// Deletes a delivery with its body and its id, unless a worker has it whose lease has not run out: should the sender repeat it, it is new. `false`
    /// if nothing was deleted.
    fn forget(&self, id: RecordId) -> StoreFuture<'_, bool>;

    /// The same, by what identifies the delivery.
    fn forget_identity<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool>;

    /// Deletes the bodies of deliveries that were handled longer ago than `bodies`, and the rows of those whose ids need
    /// not be remembered any longer. What is dead stays.
    fn prune(&self, bodies: Duration) -> StoreFuture<'_, Pruned>;

    /// How many deliveries there are, by endpoint and state.
    fn counts(&self) -> StoreFuture<'_, Vec<Count>>;
}

/// The number of a delivery in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub i64);

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The states of a delivery in an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It waits for its first attempt, or for the next.
    Pending,
    /// A worker has it.
    Running,
    /// It was handled.
    Done,
    /// It failed for the last time, and stays until someone acts.
    Dead,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Running, Self::Done, Self::Dead];

    /// The name, as in a table or a metric: `pending`, `running`, `done`, `dead`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A delivery in an inbox, with what has become of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// Its number.
    pub id: RecordId,
    /// Its state.
    pub state: State,
    /// How many attempts have begun.
    pub attempts: u32,
    /// When the next attempt is due, if it is pending; until when it is leased, if it is running.
    pub due_at: SystemTime,
    /// When it was handled, or died.
    pub finished_at: Option<SystemTime>,
    /// Why the last attempt failed.
    pub last_error: Option<Box<str>>,
    /// The delivery. Its body is empty once it was pruned, and in a list.
    pub delivery: StoredDelivery,
}

impl Record {
    /// A delivery in this state, of which nothing else is known.
    pub fn new(id: RecordId, state: State, due_at: SystemTime, delivery: StoredDelivery) -> Self {
        Self {
            id,
            state,
            attempts: 0,
            due_at,
            finished_at: None,
            last_error: None,
            delivery,
        }
    }
}

/// Which deliveries an operator asks for. The default asks for the newest 100 of all.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Filter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this endpoint.
    pub endpoint: Option<Box<str>>,
    /// Only with this label of the secret.
    pub label: Option<Box<str>>,
    /// Only older than this one: the last of the page before.
    pub before: Option<RecordId>,
    /// At most so many.
    pub limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            state: None,
            endpoint: None,
            label: None,
            before: None,
            limit: 100,
        }
    }
}

/// How many deliveries of one endpoint are in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Count {
    /// The endpoint.
    pub endpoint: Box<str>,
    /// The state.
    pub state: State,
    /// How many.
    pub deliveries: u64,
    /// When the oldest of them arrived.
    pub oldest: SystemTime,
    /// How many of them are of a format that this release does not know.
    pub newer_format: u64,
}

impl Count {
    /// So many deliveries.
    pub fn new(
        endpoint: impl Into<Box<str>>,
        state: State,
        deliveries: u64,
        oldest: SystemTime,
    ) -> Self {
        Self {
            endpoint: endpoint.into(),
            state,
            deliveries,
            oldest,
            newer_format: 0,
        }
    }
}

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many bodies, of deliveries whose ids are still remembered.
    pub bodies: u64,
    /// How many deliveries as a whole.
    pub deliveries: u64,
}

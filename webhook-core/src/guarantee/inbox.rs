use std::sync::Arc;
use std::time::Duration;

use super::{StoreFuture, StoredDelivery};

/// Keeps deliveries until they are handled.
///
/// A queue of another system (NATS, Kafka, SQS) needs only this trait: a program of its own then handles what arrives there.
pub trait InboxStore: Send + Sync + 'static {
    /// Stores a delivery. When this is ready with `Ok`, the delivery is durable: the sender is told so and does not repeat
    /// it.
    ///
    /// A delivery with a [key](StoredDelivery::key) that is there already is a duplicate, in whatever state that is.
    fn store(&self, delivery: StoredDelivery) -> StoreFuture<'_, Stored>;
}

/// A store that is shared.
impl<T: InboxStore + ?Sized> InboxStore for Arc<T> {
    fn store(&self, delivery: StoredDelivery) -> StoreFuture<'_, Stored> {
        (**self).store(delivery)
    }
}

/// Whether a delivery was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stored {
    /// Now.
    New,
    /// Before.
    Duplicate,
}

/// What a worker takes deliveries from. Any number of workers, in any number of processes, may share one.
pub trait InboxQueue: InboxStore {
    /// Takes up to `most` deliveries that are due, the longest due first, for these endpoints, and leases them.
    ///
    /// Due are: those that are pending and whose time has come, and those that another worker has taken whose lease has run
    /// out. A delivery of a format that this release does not know is never taken.
    fn take<'a>(
        &'a self,
        endpoints: &'a [&'a str],
        most: usize,
        lease: Duration,
    ) -> StoreFuture<'a, Vec<Job>>;

    /// Extends the lease. `false` if it has run out and someone else has taken the delivery.
    fn renew(&self, ticket: Ticket, lease: Duration) -> StoreFuture<'_, bool>;

    /// Records how an attempt ended. `false`, and nothing is written, if the lease has run out and someone else has taken
    /// the delivery.
    fn finish(&self, ticket: Ticket, ending: Ending) -> StoreFuture<'_, bool>;

    /// Is ready when a delivery may have become due: one was stored, or an operator wants one handled again. It may be
    /// ready too often, and it may miss one, which the worker finds when it next looks by itself.
    fn stirred(&self) -> StoreFuture<'_, ()>;
}

/// A queue that is shared.
impl<T: InboxQueue + ?Sized> InboxQueue for Arc<T> {
    fn take<'a>(
        &'a self,
        endpoints: &'a [&'a str],
        most: usize,
        lease: Duration,
    ) -> StoreFuture<'a, Vec<Job>> {
        (**self).take(endpoints, most, lease)
    }

    fn renew(&self, ticket: Ticket, lease: Duration) -> StoreFuture<'_, bool> {
        (**self).renew(ticket, lease)
    }

    fn finish(&self, ticket: Ticket, ending: Ending) -> StoreFuture<'_, bool> {
        (**self).finish(ticket, ending)
    }

    fn stirred(&self) -> StoreFuture<'_, ()> {
        (**self).stirred()
    }
}

/// A delivery that a worker has taken.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// What ends the attempt.
    pub ticket: Ticket,
    /// Which attempt this is, from 1. An attempt whose process was killed counts.
    pub attempt: u32,
    /// The delivery.
    pub delivery: StoredDelivery,
}

impl Job {
    /// A delivery for a worker.
    pub fn new(ticket: Ticket, attempt: u32, delivery: StoredDelivery) -> Self {
        Self {
            ticket,
            attempt,
            delivery,
        }
    }
}

/// The right to end an attempt: the row, and how many times it has been taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The row.
    pub row: i64,
    /// How many times the row has been taken, which grows each time.
    pub taken: i64,
}

/// How an attempt to handle a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It was handled.
    Done,
    /// It is tried again.
    Again {
        /// How long from now.
        after: Duration,
        /// Whether this attempt counts.
        counts: bool,
        /// Why, for the operator. It contains no NUL.
        why: Box<str>,
    },
    /// It is kept until someone acts.
    Dead {
        /// Why, for the operator. It contains no NUL.
        why: Box<str>,
    },
}

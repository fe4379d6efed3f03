use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;
use webhook_core::guarantee::StoreError;

use super::error::Cause;

/// So many bytes wait for a thread at most: a disk that does not answer must not fill the memory.
const QUEUED_BYTES: usize = 64 << 20;

/// What a command sees when it runs.
pub(super) struct Turn<'a> {
    pub(super) connection: &'a Connection,
    /// In milliseconds since 1970.
    pub(super) now: i64,
    stirred: Cell<bool>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(connection: &'a Connection, now: i64) -> Self {
        Self {
            connection,
            now,
            stirred: Cell::new(false),
        }
    }

    /// Workers are told to look once this is durable.
    pub(super) fn stir(&self) {
        self.stirred.set(true);
    }

    pub(super) fn has_stirred(&self) -> bool {
        self.stirred.get()
    }
}

/// A command that waits for a thread.
pub(super) trait Work: Send {
    /// Whether it is to run at all.
    fn is_wanted(&self) -> bool;
    /// How much it writes, roughly.
    fn bytes(&self) -> usize;
    /// Runs it in a transaction. It can run again if that is lost.
    fn run(&mut self, turn: &Turn<'_>) -> rusqlite::Result<()>;
    /// Answers, after the commit.
    fn committed(self: Box<Self>);
    fn failed(self: Box<Self>, cause: Cause);
}

/// A command, and where its result goes.
struct Task<T, F> {
    tried: &'static str,
    load: Load,
    /// Not run if nobody waits for it any more.
    only_if_awaited: bool,
    run: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: FnMut(&Turn<'_>) -> rusqlite::Result<T> + Send,
{
    fn is_wanted(&self) -> bool {
        !(self.only_if_awaited && self.reply.is_closed())
    }

    fn bytes(&self) -> usize {
        self.load.bytes
    }

    fn run(&mut self, turn: &Turn<'_>) -> rusqlite::Result<()> {
        self.result = None;
        self.result = Some((self.run)(turn)?);
        Ok(())
    }

    fn committed(self: Box<Self>) {
        let result = self
            .result
            .ok_or_else(|| StoreError::new(self.tried, "the command did not run"));
        // It is written, whether anyone still wants to know or not.
        drop(self.reply.send(result));
    }

    fn failed(self: Box<Self>, cause: Cause) {
        drop(self.reply.send(Err(StoreError::new(self.tried, cause))));
    }
}

/// The bytes of a command, as long as it waits or runs.
struct Load {
    bytes: usize,
    all: Arc<AtomicUsize>,
}

impl Load {
    /// `None` if too much waits.
    fn add(bytes: usize, all: &Arc<AtomicUsize>) -> Option<Self> {
        let load = Self {
            bytes,
            all: Arc::clone(all),
        };
        let before = all.fetch_add(bytes, Ordering::Relaxed);
        // A command without a body never waits for those with one, and one that is large is written when it is alone.
        (bytes == 0 || before == 0 || before.saturating_add(bytes) <= QUEUED_BYTES).then_some(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The door to a thread that runs commands.
pub(super) struct Lane {
    bytes: Arc<AtomicUsize>,
    /// `None` once the store is being dropped.
    queue: Option<SyncSender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    pub(super) fn new(queue: SyncSender<Box<dyn Work>>, thread: JoinHandle<()>) -> Self {
        Self {
            bytes: Arc::default(),
            queue: Some(queue),
            thread: Some(thread),
        }
    }

    /// Queues a command, and waits for its result.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        ask: Ask,
        run: impl FnMut(&Turn<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let tried = ask.tried;
        let full = || {
            StoreError::new(
                tried,
                "too much waits for the disk already: try again later",
            )
        };
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Task {
            tried,
            load: Load::add(ask.bytes, &self.bytes).ok_or_else(full)?,
            only_if_awaited: ask.only_if_awaited,
            run,
            result: None,
            reply,
        });
        let gone = || StoreError::new(tried, "the thread of the store has ended: open it again");
        match self.queue.as_ref().map(|queue| queue.try_send(task)) {
            Some(Ok(())) => answer.await.unwrap_or_else(|_| Err(gone())),
            Some(Err(TrySendError::Full(_))) => Err(full()),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(gone()),
        }
    }
}

/// Ends the thread, and waits for it: what is queued is done first.
impl Drop for Lane {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            // The last clone may be dropped by whom the thread itself has just woken.
            && thread.thread().id() != thread::current().id()
        {
            drop(thread.join());
        }
    }
}

/// A command: what it is called in an error, and how it is queued.
#[derive(Clone, Copy)]
pub(super) struct Ask {
    tried: &'static str,
    bytes: usize,
    only_if_awaited: bool,
}

impl Ask {
    pub(super) fn to(tried: &'static str) -> Self {
        Self {
            tried,
            bytes: 0,
            only_if_awaited: false,
        }
    }

    pub(super) fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    pub(super) fn only_if_awaited(self) -> Self {
        Self {
            only_if_awaited: true,
            ..self
        }
    }
}

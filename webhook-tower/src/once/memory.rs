use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use webhook_core::Identity;
use webhook_core::guarantee::{Claim, OnceStore, StoreFuture, Token};

/// Remembers in memory which deliveries were handled: for one process, until it ends.
///
/// Two bounds keep its size: as many claims may run at once, and as many handled deliveries are remembered; the oldest of
/// these are forgotten first, a running claim never is.
///
/// Clones share what they remember.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    most_running: usize,
    most_handled: usize,
    now: Box<dyn Fn() -> Instant + Send + Sync>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    deliveries: HashMap<Box<str>, State>,
    running: usize,
    /// The handled ones in the order in which they were recorded. One that was forgotten since, or recorded again, is
    /// recognized by its number.
    handled: VecDeque<(Box<str>, u64)>,
    last_number: u64,
}

#[derive(Clone, Copy)]
enum State {
    Running { token: u64, until: Instant },
    Handled { number: u64, until: Instant },
}

impl MemoryStore {
    /// How many claims may run at once, and how many handled deliveries are remembered, unless the app says otherwise.
    pub const DEFAULT_CAPACITY: usize = 100_000;

    /// Remembers nothing yet.
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY, Self::DEFAULT_CAPACITY)
    }

    /// With other bounds: how many claims may run at once, and how many handled deliveries are remembered. One takes about
    /// 150 bytes beside its key.
    pub fn with_capacity(running: usize, handled: usize) -> Self {
        Self::build(running, handled, Box::new(Instant::now))
    }

    /// An empty one with the same bounds and another clock, for tests.
    pub fn with_clock(self, now: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self::build(
            self.shared.most_running,
            self.shared.most_handled,
            Box::new(now),
        )
    }

    fn build(
        most_running: usize,
        most_handled: usize,
        now: Box<dyn Fn() -> Instant + Send + Sync>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                most_running,
                most_handled,
                now,
                memory: Mutex::default(),
            }),
        }
    }

    /// Each step leaves the memory whole, so a panic elsewhere does not matter.
    fn memory(&self) -> (MutexGuard<'_, Memory>, Instant) {
        let memory = &self.shared.memory;
        let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        (memory, (self.shared.now)())
    }

    fn claim_now(&self, key: String, lease: Duration) -> Claim {
        let (mut memory, now) = self.memory();
        let known = memory.deliveries.get(key.as_str()).copied();
        match known {
            Some(State::Handled { until, .. }) if until > now => return Claim::Done,
            Some(State::Running { until, .. }) if until > now => return Claim::Running,
            Some(State::Running { .. }) => memory.running -= 1,
            Some(State::Handled { .. }) | None => {}
        }
        if memory.running >= self.shared.most_running {
            memory.sweep(now);
        }
        if memory.running >= self.shared.most_running {
            return Claim::Full;
        }
        let until = later(now, lease);
        memory.running += 1;
        let token = memory.number();
        memory
            .deliveries
            .insert(key.into(), State::Running { token, until });
        Claim::First(Token(token))
    }

    /// Does something to a claim that is held by this token.
    fn if_held(
        &self,
        identity: &Identity,
        Token(token): Token,
        change: impl FnOnce(&mut Memory, Box<str>, Instant),
    ) -> bool {
        let key = identity.key();
        let (mut memory, now) = self.memory();
        match memory.deliveries.get(key.as_str()) {
            Some(State::Running { token: held, .. }) if *held == token => {
                change(&mut memory, key.into(), now);
                true
            }
            _ => false,
        }
    }
}

/// So long after now, or a hundred years if that is more than the clock can count.
fn later(now: Instant, after: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now + after.min(LONGEST)
}

impl Memory {
    /// Forgets the claims whose leases have run out, and which nobody has claimed again.
    fn sweep(&mut self, now: Instant) {
        self.deliveries.retain(|_, state| match state {
            State::Running { until, .. } => *until > now,
            State::Handled { .. } => true,
        });
        let running = self
            .deliveries
            .values()
            .filter(|it| matches!(it, State::Running { .. }));
        self.running = running.count();
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Forgets what need not be remembered any longer, and the oldest beyond the bound.
    fn trim(&mut self, most: usize, now: Instant) {
        while let Some((key, number)) = self.handled.front() {
            let is_due = match self.deliveries.get(key) {
                Some(State::Handled {
                    number: kept,
                    until,
                }) if kept == number => {
                    if self.handled.len() <= most && *until > now {
                        return;
                    }
                    true
                }
                _ => false,
            };
            if let Some((key, _)) = self.handled.pop_front()
                && is_due
            {
                self.deliveries.remove(&key);
            }
        }
    }
}

impl OnceStore for MemoryStore {
    fn claim<'a>(&'a self, identity: &'a Identity, lease: Duration) -> StoreFuture<'a, Claim> {
        Box::pin(ready(Ok(self.claim_now(identity.key(), lease))))
    }

    fn renew<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        lease: Duration,
    ) -> StoreFuture<'a, bool> {
        let renewed = self.if_held(identity, token, |memory, key, now| {
            let until = later(now, lease);
            let token = token.0;
            memory
                .deliveries
                .insert(key, State::Running { token, until });
        });
        Box::pin(ready(Ok(renewed)))
    }

    fn done<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        keep: Duration,
    ) -> StoreFuture<'a, bool> {
        let most = self.shared.most_handled;
        let recorded = self.if_held(identity, token, |memory, key, now| {
            memory.running -= 1;
            let number = memory.number();
            let until = later(now, keep);
            memory.handled.push_back((key.clone(), number));
            memory
                .deliveries
                .insert(key, State::Handled { number, until });
            memory.trim(most, now);
        });
        Box::pin(ready(Ok(recorded)))
    }

    fn release<'a>(&'a self, identity: &'a Identity, token: Token) -> StoreFuture<'a, bool> {
        let released = self.if_held(identity, token, |memory, key, _| {
            memory.running -= 1;
            memory.deliveries.remove(&key);
        });
        Box::pin(ready(Ok(released)))
    }

    fn forget<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool> {
        let (mut memory, _) = self.memory();
        let forgotten = memory.deliveries.remove(identity.key().as_str());
        if let Some(State::Running { .. }) = forgotten {
            memory.running -= 1;
        }
        Box::pin(ready(Ok(forgotten.is_some())))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (memory, _) = self.memory();
        f.debug_struct("MemoryStore")
            .field("running", &memory.running)
            .field("handled", &(memory.deliveries.len() - memory.running))
            .finish_non_exhaustive()
    }
}

use std::collections::hash_map::Entry;
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
    deliveries: HashMap<Arc<str>, State>,
    running: usize,
    /// The handled ones in the order in which they were recorded.
    handled: VecDeque<Handled>,
    last_number: u64,
    /// When the claims were last looked at for those whose leases have run out.
    swept: Option<Instant>,
}

enum State {
    Running { token: u64, until: Instant },
    Handled { number: u64, until: Instant },
}

/// One that was forgotten since, or recorded again, is recognized by its number.
struct Handled {
    key: Arc<str>,
    number: u64,
    until: Instant,
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

    fn claim_now(&self, key: Arc<str>, lease: Duration) -> Claim {
        let (mut memory, now) = self.memory();
        let memory = &mut *memory;
        if memory.running >= self.shared.most_running {
            memory.sweep(now);
        }
        let entry = memory.deliveries.entry(key);
        if let Entry::Occupied(known) = &entry {
            match known.get() {
                State::Handled { until, .. } if *until > now => return Claim::Done,
                State::Running { until, .. } if *until > now => return Claim::Running,
                State::Running { .. } => memory.running -= 1,
                State::Handled { .. } => {}
            }
        }
        if memory.running >= self.shared.most_running {
            return Claim::Full;
        }
        let until = later(now, lease);
        memory.running += 1;
        memory.last_number += 1;
        let token = memory.last_number;
        entry.insert_entry(State::Running { token, until });
        Claim::First(Token(token))
    }
}

/// So long after now, or a hundred years if that is more than the clock can count.
fn later(now: Instant, after: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now + after.min(LONGEST)
}

impl Memory {
    /// Forgets the claims whose leases have run out, and which nobody has claimed again: once a second at most, since it looks
    /// at all.
    fn sweep(&mut self, now: Instant) {
        if self
            .swept
            .is_some_and(|at| now < at + Duration::from_secs(1))
        {
            return;
        }
        self.swept = Some(now);
        let mut running = 0;
        self.deliveries.retain(|_, state| match state {
            State::Running { until, .. } if *until <= now => false,
            State::Running { .. } => {
                running += 1;
                true
            }
            State::Handled { .. } => true,
        });
        self.running = running;
    }

    /// The claim, if it is held by this token.
    fn held(&mut self, key: &str, Token(number): Token) -> Option<&mut State> {
        let state = self.deliveries.get_mut(key)?;
        matches!(state, State::Running { token: holder, .. } if *holder == number).then_some(state)
    }

    /// Forgets what need not be remembered any longer, and the oldest beyond the bound.
    fn trim(&mut self, most: usize, now: Instant) {
        while let Some(oldest) = self.handled.front()
            && (self.handled.len() > most || oldest.until <= now)
            && let Some(Handled { key, number, .. }) = self.handled.pop_front()
        {
            if let Some(State::Handled { number: kept, .. }) = self.deliveries.get(&key)
                && *kept == number
            {
                self.deliveries.remove(&key);
            }
        }
    }
}

impl OnceStore for MemoryStore {
    fn claim<'a>(&'a self, identity: &'a Identity, lease: Duration) -> StoreFuture<'a, Claim> {
        Box::pin(ready(Ok(self.claim_now(identity.key().into(), lease))))
    }

    fn renew<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        lease: Duration,
    ) -> StoreFuture<'a, bool> {
        let (mut memory, now) = self.memory();
        let held = memory.held(&identity.key(), token);
        let renewed = held.is_some();
        if let Some(State::Running { until, .. }) = held {
            *until = later(now, lease);
        }
        Box::pin(ready(Ok(renewed)))
    }

    fn done<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        keep: Duration,
    ) -> StoreFuture<'a, bool> {
        let key = identity.key();
        let (mut memory, now) = self.memory();
        if memory.held(&key, token).is_none() {
            return Box::pin(ready(Ok(false)));
        }
        memory.running -= 1;
        memory.last_number += 1;
        let number = memory.last_number;
        let until = later(now, keep);
        if let Some((key, _)) = memory.deliveries.remove_entry(key.as_str()) {
            memory
                .deliveries
                .insert(Arc::clone(&key), State::Handled { number, until });
            memory.handled.push_back(Handled { key, number, until });
        }
        memory.trim(self.shared.most_handled, now);
        Box::pin(ready(Ok(true)))
    }

    fn release<'a>(&'a self, identity: &'a Identity, token: Token) -> StoreFuture<'a, bool> {
        let key = identity.key();
        let (mut memory, _) = self.memory();
        let released = memory.held(&key, token).is_some();
        if released {
            memory.running -= 1;
            memory.deliveries.remove(key.as_str());
        }
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

//! What happens to the two processes.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use webhook_tests::ledger::now;
use webhook_tests::patience::PATIENCE;

use crate::act::{Acts, Kind};
use crate::process::Process;
use crate::rig::LEASE;
use crate::senders::Sent;
use crate::store::{Clock, Store};

/// A process is asked to end, and does so within this, whatever the store does.
const END: Duration = Duration::from_secs(40);

/// How far the clock is from the machine's at most, in milliseconds. It is waited for as long in the end.
const BACK: i64 = -6_000;
const AHEAD: i64 = 8_000;

pub struct Chaos<'a> {
    store: &'a Store,
    acts: &'a Acts,
    sent: &'a Sent,
    variables: &'a [(&'a str, &'a str)],
    rng: Rng,
    clock: Clock,
    slots: [Slot; 2],
    started: usize,
    ticked: Instant,
}

/// The place of a process. It is empty until this time.
struct Slot {
    process: Option<Process>,
    start_at: Instant,
}

impl<'a> Chaos<'a> {
    pub fn new(
        store: &'a Store,
        acts: &'a Acts,
        sent: &'a Sent,
        variables: &'a [(&'a str, &'a str)],
        rng: Rng,
    ) -> Self {
        let slot = || Slot {
            process: None,
            start_at: Instant::now(),
        };
        let mut clock = Clock::new(acts);
        clock.set(store.directory.path(), 0);
        Self {
            store,
            acts,
            sent,
            variables,
            rng,
            clock,
            slots: [slot(), slot()],
            started: 0,
            ticked: Instant::now(),
        }
    }

    pub fn run_until(&mut self, until: Instant) {
        let mut next = Instant::now();
        self.ticked = Instant::now();
        while Instant::now() < until {
            self.tend();
            if Instant::now() >= next {
                if !self.store.leave_alone.load(Ordering::Relaxed) {
                    self.act();
                }
                next = Instant::now() + Duration::from_millis(self.rng.u64(100..1_200));
            }
            let from = now();
            thread::sleep(Duration::from_millis(10));
            if self.ticked.elapsed() > LEASE / 3 {
                self.acts.add(Kind::Stalled, from);
            }
            self.ticked = Instant::now();
        }
    }

    /// Does something to a process that listens, or to the clock.
    fn act(&mut self) {
        let at = self.rng.usize(..2);
        let what = self.rng.u32(..100);
        if what < 15 {
            let ahead = self.rng.i64(BACK..AHEAD);
            // Forward by more than a lease, so that it shows what it does.
            let lease = LEASE.as_millis() as i64;
            if self.store.cluster.is_none() && !(0..lease).contains(&(ahead - self.clock.ahead())) {
                self.set_clock(ahead);
            }
            return;
        }
        let restart = Duration::from_millis(self.rng.u64(0..1_500));
        let short = Duration::from_millis(self.rng.u64(20..400));
        let long = LEASE + Duration::from_millis(self.rng.u64(200..2_500));
        let slot = &mut self.slots[at];
        let Some(process) = slot
            .process
            .as_mut()
            .filter(|it| it.began.elapsed() > restart)
        else {
            return;
        };
        if process.addr().is_none() {
            return;
        }
        match what {
            ..45 => {
                process.kill();
                slot.empty(self.sent, at, restart);
            }
            45..65 if process.asked_to_end.is_none() => {
                process.ask_to_end();
            }
            65..80 if !process.is_stopped() => process.stop(short),
            80.. if !process.is_stopped() => process.stop(long),
            _ => {}
        }
    }

    /// Starts what is to be started, continues what was stopped for long enough, and fails if a process has ended that
    /// should not have.
    pub fn tend(&mut self) {
        for (at, slot) in self.slots.iter_mut().enumerate() {
            let Some(process) = &mut slot.process else {
                if slot.start_at <= Instant::now() {
                    let name = format!("process-{}", self.started);
                    self.started += 1;
                    let directory = self.store.directory.path();
                    let process = Process::start(self.variables, directory, &name, self.acts);
                    slot.process = Some(process);
                }
                continue;
            };
            process.continue_if_due();
            let addr = process.addr();
            let open = addr.filter(|_| process.asked_to_end.is_none());
            *self.sent.addresses[at]
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = open;
            let from = now();
            let Some(status) = process.status() else {
                let asked = process.asked_to_end.filter(|_| !process.is_stopped());
                let late = asked.is_some_and(|asked| asked.elapsed() > END)
                    || addr.is_none() && process.began.elapsed() > PATIENCE;
                assert!(!late, "neither listens nor ends:\n{}", process.stderr());
                continue;
            };
            let stderr = process.stderr();
            assert!(!stderr.contains("panicked"), "{stderr}");
            match (process.asked_to_end, status.code()) {
                (Some(_), Some(0)) => self.acts.add(Kind::Ended(process.id()), from),
                (Some(_), Some(9)) => self.acts.add(Kind::Left(process.id()), from),
                // The store is away, or locked by the other process, which is stopped.
                (None, Some(1)) if addr.is_none() && stderr.contains("open the inbox") => {}
                _ => panic!("it ended by itself, {status}:\n{stderr}"),
            }
            let restart = Duration::from_millis(self.rng.u64(100..1_000));
            slot.empty(self.sent, at, restart);
        }
    }

    pub fn set_clock(&mut self, ahead: i64) {
        self.clock.set(self.store.directory.path(), ahead);
    }

    pub fn wait_until_all_listen(&mut self) {
        let began = Instant::now();
        while !self.all_listen() {
            assert!(
                began.elapsed() < PATIENCE,
                "they do not listen:\n{}",
                self.stderr()
            );
            self.tend();
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn all_listen(&mut self) -> bool {
        self.slots.iter_mut().all(|slot| {
            let process = slot.process.as_mut();
            process.is_some_and(|it| it.addr().is_some() && it.asked_to_end.is_none())
        })
    }

    /// From now on, both run.
    pub fn calm_down(&mut self) {
        for slot in &mut self.slots {
            if let Some(process) = &mut slot.process {
                process.continue_now();
            }
        }
        self.wait_until_all_listen();
    }

    /// Asks both to end, and waits until they have.
    pub fn end(&mut self) {
        for slot in &mut self.slots {
            if let Some(mut process) = slot.process.take() {
                process.ask_to_end();
                let asked = Instant::now();
                let status = loop {
                    if let Some(status) = process.status() {
                        break status;
                    }
                    assert!(asked.elapsed() < END, "does not end:\n{}", process.stderr());
                    thread::sleep(Duration::from_millis(10));
                };
                assert!(status.success(), "{status}:\n{}", process.stderr());
            }
        }
    }

    /// The last of what the processes that run have said.
    pub fn stderr(&self) -> String {
        let processes = self.slots.iter().filter_map(|slot| slot.process.as_ref());
        let last = |process: &Process| {
            let stderr = process.stderr();
            let lines: Vec<_> = stderr.lines().collect();
            lines[lines.len().saturating_sub(20)..].join("\n")
        };
        processes.map(last).collect::<Vec<_>>().join("\n--\n")
    }
}

impl Slot {
    fn empty(&mut self, sent: &Sent, at: usize, until: Duration) {
        *sent.addresses[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
        self.process = None;
        self.start_at = Instant::now() + until;
    }
}

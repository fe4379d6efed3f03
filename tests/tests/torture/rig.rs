//! The course of a run.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use webhook_tests::ledger::{Ledger, now};

use crate::act::{Acts, Kind};
use crate::chaos::Chaos;
use crate::judge::Judge;
use crate::senders::{SECRETS, SENDERS, Sent};
use crate::store::{Clock, Store};

/// The lease of the processes. It is longer than a busy machine takes to renew it.
pub const LEASE: Duration = Duration::from_secs(2);

/// How long it may take until everything is handled, once nothing happens any more. The clock may have been set back.
const CALM: Duration = Duration::from_secs(90);

pub struct Rig {
    store: Store,
    acts: Acts,
    sent: Sent,
}

impl Rig {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            acts: Acts::default(),
            sent: Sent::default(),
        }
    }

    #[allow(
        clippy::print_stdout,
        reason = "to repeat the run, and to know what it did"
    )]
    pub fn torture(self, time: Duration, seed: u64) {
        let Self { store, acts, sent } = &self;
        println!(
            "{}: TORTURE_SEED={seed} TORTURE_SECONDS={}",
            store.name(),
            time.as_secs()
        );
        let ledger = store.directory.file("ledger");
        let lease = LEASE.as_millis().to_string();
        let variables = [
            ("STORE", store.url.as_str()),
            ("LEDGER", ledger.to_str().unwrap()),
            (
                "CLOCK",
                &store.directory.file(Clock::FILE).display().to_string(),
            ),
            ("LEASE_MS", &lease),
            ("RUST_LOG", "warn"),
        ];
        let variables = [&variables[..], &SECRETS].concat();
        let mut rng = Rng::with_seed(seed);
        let mut chaos = Chaos::new(store, acts, sent, &variables, rng.fork());
        chaos.wait_until_all_listen();

        let until = Instant::now() + time;
        thread::scope(|scope| {
            let mut others = Vec::new();
            for _ in 0..SENDERS {
                let rng = rng.fork();
                others.push(scope.spawn(move || sent.send_until(until, rng)));
            }
            let restarts = rng.fork();
            others.push(scope.spawn(move || restart(store, acts, until, restarts)));
            chaos.run_until(until);
            // Someone may wait for a process that is stopped. All ends within a minute.
            while others.iter().any(|other| !other.is_finished()) {
                chaos.tend();
                thread::sleep(Duration::from_millis(10));
            }
        });

        chaos.calm_down();
        let view = store.open();
        let began = Instant::now();
        while view.waiting() > 0 {
            let counts = view.counts();
            assert!(
                began.elapsed() < CALM,
                "still not handled: {counts:?}\n{}",
                chaos.stderr()
            );
            chaos.tend();
            thread::sleep(Duration::from_millis(50));
        }
        // A lease that was forgotten would run out.
        thread::sleep(LEASE * 2);
        chaos.tend();
        let entries = Ledger::read(&ledger);
        if store.cluster.is_none() {
            // Much later nothing is due again.
            chaos.set_clock(24 * 60 * 60 * 1000);
            thread::sleep(Duration::from_secs(1));
        }
        let later = Ledger::read(&ledger);
        assert_eq!(
            entries.len(),
            later.len(),
            "handled again: {:?}",
            &later[entries.len()..]
        );
        chaos.end();

        // Otherwise there is nothing to judge.
        let acknowledged = sent.tally().acknowledged.len() as u64;
        assert!(
            acknowledged >= time.as_secs(),
            "only {acknowledged} were acknowledged"
        );
        let judge = Judge::new(&entries, acts.all(), store.cluster.is_none());
        let verdict = judge.judge(&sent.tally(), &view.all());
        let tally = sent.tally();
        println!(
            "{}: {} deliveries in {} requests ({} repeats), {} acknowledged, {} times 503, {} connections broken",
            store.name(),
            tally.plans.len(),
            tally.requests,
            tally.repeats,
            tally.acknowledged.len(),
            tally.unavailable,
            tally.broken,
        );
        println!(
            "{}: {} kills, {} stops, {} ends ({} before the handlers'), {} restarts of the database, {} jumps of the clock, \
             {} stalls of the machine",
            store.name(),
            acts.count(|kind| matches!(kind, Kind::Killed(_))),
            acts.count(|kind| matches!(kind, Kind::Stopped(_))),
            acts.count(|kind| matches!(kind, Kind::Ended(_) | Kind::Left(_))),
            acts.count(|kind| matches!(kind, Kind::Left(_))),
            acts.count(|kind| kind == Kind::Restarted),
            acts.count(|kind| matches!(kind, Kind::ClockSet(by) if by != 0)),
            acts.count(|kind| kind == Kind::Stalled),
        );
        println!("{}: {verdict}", store.name());
    }
}

/// Stops the database as a crash does, a third into the run and then from time to time. Every other time the processes are left
/// alone meanwhile: they must come through.
fn restart(store: &Store, acts: &Acts, until: Instant, mut rng: Rng) {
    let Some(cluster) = store.cluster else {
        return;
    };
    let mut next = (until - Instant::now()) / 3;
    let mut alone = true;
    while Instant::now() + next < until {
        thread::sleep(next);
        store.leave_alone.store(alone, Ordering::Relaxed);
        alone = !alone;
        let from = now();
        cluster.stop();
        // Some outages are longer than a lease.
        thread::sleep(Duration::from_millis(rng.u64(0..4_000)));
        cluster.restart();
        acts.add(Kind::Restarted, from);
        store.leave_alone.store(false, Ordering::Relaxed);
        next = Duration::from_secs(rng.u64(8..20));
    }
}

//! Two processes that share an inbox are killed, stopped and asked to end while they receive deliveries and handle them, the
//! database is restarted, and the clock jumps. What was acknowledged must be handled, and each time that a delivery is handled
//! once more than it should must have a cause among what was done.
//!
//! `TORTURE_SECONDS` says for how long, and `TORTURE_SEED` repeats the choices of an earlier run, if not its timing.

#![cfg(unix)]

mod act;
mod chaos;
mod judge;
mod process;
mod rig;
mod senders;
mod store;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use webhook_tests::postgres;

use rig::Rig;
use store::Store;

/// Each has the machine to itself.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn what_sqlite_has_acknowledged_is_handled_whatever_happens() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Rig::new(Store::sqlite()).torture(seconds(), seed());
}

#[test]
fn what_postgres_has_acknowledged_is_handled_whatever_happens() {
    let Some(cluster) = postgres::shared() else {
        return;
    };
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Rig::new(Store::postgres(cluster)).torture(seconds(), seed());
}

fn seconds() -> Duration {
    Duration::from_secs(variable("TORTURE_SECONDS").unwrap_or(10))
}

fn seed() -> u64 {
    variable("TORTURE_SEED").unwrap_or_else(|| fastrand::u64(..))
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is not a whole number: {text:?}")))
}

//! A check waits far more than it works, so receivers are checked at once.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;

/// A test: its name, and what it does.
pub(crate) type Case = (&'static str, fn());

/// Tests by their names.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), $name as fn())),*]
    };
}
pub(crate) use cases;

const AT_ONCE: usize = 32;

/// Does this with each, and waits for all.
pub(crate) fn each<T: Send>(all: impl IntoIterator<Item = T>, what: impl Fn(T) + Sync) {
    let left = Mutex::new(all.into_iter().collect::<VecDeque<_>>());
    let next = || left.lock().unwrap().pop_front();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(one) = next() {
                    what(one);
                }
            });
        }
    });
}

/// Runs all, and fails with the names of those that fail.
pub(crate) fn run(all: &[&[Case]]) {
    let failed = Mutex::new(Vec::new());
    each(all.concat(), |(name, test)| {
        let thread = thread::Builder::new().name(name.to_owned());
        if thread.spawn(test).unwrap().join().is_err() {
            failed.lock().unwrap().push(name);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "failed, see above: {failed:?}");
}

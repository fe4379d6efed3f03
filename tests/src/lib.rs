//! What the end-to-end tests share: HTTP written by hand, receivers and a database that run as processes of their own, what
//! such a receiver writes down, and how long a test waits.

#![forbid(unsafe_code)]

pub mod client;
pub mod directory;
pub mod ledger;
pub mod patience;
#[cfg(unix)]
pub mod postgres;
pub mod redis;
pub mod server;

/// The paths of the two receivers, which must not differ in anything that a sender sees.
///
/// It is a macro because cargo tells the path of a binary only to the tests of its own package.
#[macro_export]
macro_rules! receivers {
    () => {
        [
            env!("CARGO_BIN_EXE_test-receiver"),
            env!("CARGO_BIN_EXE_test-receiver-actix"),
        ]
    };
}

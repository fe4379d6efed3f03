//! A receiver that stores what it acknowledges, as a process, on each store: what it does in a quiet hour, and when its store
//! fails.

#![cfg(unix)]

mod faults;
mod receiver;
mod subject;

//! `webhook-rs listen`, as a process: what it answers, keeps, shows and passes on.

#![cfg(unix)]

#[path = "../command/canned.rs"]
mod canned;
mod events;
mod forward;
mod kept;
mod listener;
mod load;
mod page;
mod receive;
mod start;
mod stop;

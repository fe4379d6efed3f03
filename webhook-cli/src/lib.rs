//! The command `webhook-rs`: it sends webhooks as their senders do, checks receivers, says why a captured request is not
//! authentic, and shows what arrives.
//!
//! ```sh
//! cargo install webhook-cli
//! webhook-rs listen
//! webhook-rs send tusfacturas http://127.0.0.1:4000/tusfacturas
//! ```
//!
//! The [README](https://crates.io/crates/webhook-cli) describes it. The library is there for the command: it has one function,
//! and the rules of the senders are those of [`webhook-core`](https://docs.rs/webhook-core).

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

mod check;
mod cli;
mod conclusion;
mod error;
mod inbox;
mod list;
mod listen;
mod net;
mod secrets;
mod send;
mod senders;
mod show;
mod verify;

use std::process::ExitCode;

/// Runs the command with the arguments of this process.
///
/// The status is 0 if the answer to what was asked is yes (received, authentic, no fault found), 1 if it is no, 2 if the
/// command line is wrong or the command could not be carried out.
pub fn run() -> ExitCode {
    cli::run()
}

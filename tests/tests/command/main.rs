//! The command `webhook-rs`, as a process: what it sends, what it says, and its exit status.

mod attempts;
mod canned;
mod courier;
mod help;
mod inbox;
mod made;
mod run;
mod send;
mod tls;

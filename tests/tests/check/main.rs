//! `webhook-rs check`: it finds nothing in our receivers, what is there in receivers as senders describe them, and each
//! fault that was planted.

mod command;
mod documented;
mod ours;
mod planted;
mod receiver;

//! Handlers in tasks of their own: what a sender that hangs up, a server that stops, a panic, a stranger and a deadline do to
//! them, on three servers.

mod deadline;
mod hang_up;
mod panics;
mod spans;
mod stop;
mod strangers;
#[path = "../subject/mod.rs"]
mod subject;

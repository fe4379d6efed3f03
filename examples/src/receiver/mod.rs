//! The receivers for all senders, one per framework. A sender cannot tell which one it talks to.

pub mod actix;
pub mod axum;
pub mod durable;

//! The receivers of all senders, one for each framework. No sender can tell which one it talks to.

pub mod actix;
pub mod axum;

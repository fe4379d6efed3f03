//! One request, one connection, and what came back.

mod exchange;
mod target;
mod tls;

pub(crate) use self::exchange::{Answer, Exchange, Failure, Patience, exchange};
pub(crate) use self::target::{Reach, Target};

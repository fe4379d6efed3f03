//! One request, one connection, and what came back.

mod connect;
mod exchange;
mod parse;
mod target;
mod tls;
mod wire;

pub(crate) use self::exchange::{Answer, Exchange, Failure, LONGEST_ANSWER, Patience, exchange};
pub(crate) use self::target::{Reach, Target};
pub(crate) use self::wire::{Poured, Wire, head_of};

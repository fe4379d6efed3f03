//! What is said in the log of a delivery: one event for each, emitted here so that no adapter can forget it. Without the
//! feature `tracing` all of this is empty.

#[cfg(not(feature = "tracing"))]
mod disabled;
#[cfg(feature = "tracing")]
mod enabled;
#[cfg(feature = "tracing")]
mod refusals;

use http::StatusCode;

#[cfg(not(feature = "tracing"))]
pub(crate) use self::disabled::{Observation, Refusals, Watch};
#[cfg(feature = "tracing")]
pub(crate) use self::enabled::{Observation, Watch};
#[cfg(feature = "tracing")]
pub(crate) use self::refusals::Refusals;
use crate::Label;

/// How a delivery ended.
#[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "nobody asks"))]
pub(crate) struct Ended {
    /// The status of the handler's answer.
    pub(crate) status: StatusCode,
    /// The status that was sent.
    pub(crate) sent: StatusCode,
    /// Whether the sender counts what was sent as received.
    pub(crate) received: bool,
    /// Whether a success was replaced because this sender wants JSON.
    pub(crate) was_not_json: bool,
}

/// How far a request came before it was refused.
#[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "nobody asks"))]
#[derive(Clone, Copy)]
pub(crate) enum Stage<'a> {
    /// Its head was judged. Whether it has a header that a credential of this sender comes in.
    Head { with_credential: bool },
    /// Its body was read, or could not be.
    Body { bytes: Option<usize> },
    /// Its credential matched the secret with this label.
    Authentic {
        label: Option<&'a Label>,
        bytes: usize,
    },
}

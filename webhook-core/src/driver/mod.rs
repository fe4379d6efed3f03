//! What an adapter for a framework drives: for authors of adapters.
//!
//! An adapter moves bytes and calls the handler; every rule is here. For each request:
//!
//! 1. [`Verifier::begin`] judges the [`Head`](crate::Head), which wraps the framework's headers with [`Headers`]. An
//!    [`EarlyReply`] is sent at once, and the body is not read.
//! 2. The [`Pending`] delivery gives a [`BodyBuffer`], which takes the frames of the body and refuses one too many. The
//!    adapter stops reading after [`Pending::body_timeout`], and lets other tasks run after
//!    [`BodyBuffer::FRAMES_PER_TURN`] frames.
//! 3. [`Pending::credential_headers`] are marked as sensitive, and [`Pending::hidden_path`], if there is one, replaces the
//!    path that the handler sees. [`Pending::finish_or_refuse`] authenticates and decodes: it
//!    returns what to answer at once, or the [`Delivery`](crate::Delivery) and its [`InFlight`].
//! 4. The delivery goes into the request's extensions. Only now does the adapter ask for the capacity of the handler, so
//!    that no stranger holds it, and calls it.
//! 5. Each poll of the handler's future runs in [`InFlight::reporting_panics`], so that a panic is told from a hang-up.
//! 6. [`InFlight::answer`] says what becomes of the handler's answer: pass, another status, or replaced. Dropped without an
//!    answer, it reports that the handler did not answer.
//!
//! `webhook-tower` and `webhook-actix` are adapters to read; the smallest complete one is below. It serves one sender on
//! bare hyper, and passes the table of answers that the other adapters pass.
//!
//! ```no_run
#![doc = include_str!("../../examples/bare-hyper.rs")]
//! ```

mod buffer;
mod decoding;
mod early_reply;
mod ids;
mod in_flight;
mod intake;
mod pending;
mod proof;
mod recall;
mod settings;
mod shared;
mod verifier;
mod verify_token;

pub use self::buffer::BodyBuffer;
pub use self::early_reply::EarlyReply;
pub use self::in_flight::{Conclusion, InFlight, Misconfigured};
pub use self::intake::{Incoming, Intake, Storing, endpoint_name};
pub use self::pending::{Accepted, Pending};
pub use self::verifier::Verifier;
pub(crate) use self::verifier::cannot_start;
pub use crate::answer::Answer;
pub use crate::head::Headers;

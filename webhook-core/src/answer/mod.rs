//! Answers to the sender, for accepted and for refused deliveries.

mod acknowledgement;
mod body_error;
mod received;
mod rejection;
mod reply;

pub(crate) use self::acknowledgement::Applied;
pub use self::acknowledgement::{Acknowledgement, Answer};
pub use self::body_error::{BodyError, BodyErrorKind};
pub use self::received::Received;
pub use self::rejection::{Rejection, RejectionClass};
pub use self::reply::Reply;

//! Signatures, for authors of senders: keys that are prepared once, the signatures that a request carries, and signed
//! times. All comparisons take constant time.
//!
//! A sender that signs its bodies with HMAC-SHA256 holds a [`Keyring`](crate::Keyring)`<`[`HmacKeys`]`>`, reads the
//! [`Signatures`] of a request from its head, and compares them when the body is complete. The [guide](crate::guide) has
//! the whole of it.

mod hmac;
mod signatures;
mod time;

pub use self::hmac::{HmacKeys, HmacSha256};
pub use self::signatures::{Encoding, Signatures};
pub(crate) use self::time::Tolerance;
pub use self::time::{DEFAULT_TOLERANCE, unix_time};

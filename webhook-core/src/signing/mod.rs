//! Signatures, for code that adds a sender: prepared keys, the signatures in a request, and signed times. All
//! comparisons take constant time.
//!
//! A sender that signs its bodies with HMAC-SHA256 has a [`Keyring`](crate::Keyring)`<`[`HmacKeys`]`>`, reads the
//! [`Signatures`] of a request from its headers, and compares them when the body is complete. The
//! [guide](crate::guide) shows it in full.

#[cfg(feature = "ed25519")]
mod ed25519;
mod hmac;
mod scheme;
mod signatures;
mod time;

#[cfg(feature = "ed25519")]
#[cfg_attr(docsrs, doc(cfg(feature = "ed25519")))]
pub use self::ed25519::{Ed25519Key, Ed25519Keys};
pub use self::hmac::{HmacKeys, HmacSha256};
pub use self::scheme::{
    BodyFormat, Characters, Credential, Field, Form, Handshake, KeyEncoding, Scheme, SchemeBuilder,
    SchemeError, SchemeErrorKind, SchemeSecrets, SchemeStore, TimeField, TimeUnit, Verifies,
};
pub(crate) use self::scheme::{Compares, Place, Rules, SignedContent};
#[cfg(feature = "testing")]
pub(crate) use self::scheme::{Sending, Unsigned};
pub use self::signatures::{Encoding, Signatures};
pub(crate) use self::time::Clock;
pub use self::time::{DEFAULT_TOLERANCE, unix_time};

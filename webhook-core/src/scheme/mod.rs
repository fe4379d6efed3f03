//! Senders that are described by data: a [`Scheme`](crate::signing::Scheme) says how they prove their deliveries, and
//! [`SchemeProvider`] makes a sender of it.
//!
//! Most senders differ only in which header has the signature, how it is encoded, where the time is, and what is signed. Those
//! that this crate knows are [presets](Preset), such as [`slack`](crate::slack); any other takes ten lines:
//!
//! ```
//! use webhook_core::driver::Verifier;
//! use webhook_core::scheme::SchemeProvider;
//! use webhook_core::signing::{Credential, Field, Scheme, TimeField};
//!
//! let acme = Scheme::builder("acme")
//!     .hmac_sha256(Credential::header("x-acme-signature").prefix("v0=").hex())
//!     .time(TimeField::header("x-acme-timestamp").seconds())
//!     .signs("v0:{time}:{body}")
//!     .topic(Field::body("type"))
//!     .id(Field::body("event_id"))
//!     .build()?;
//! let verifier = Verifier::new(SchemeProvider::<serde_json::Value>::new(acme, "s3cr3t")?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The event of all of them is [`SignedEvent`]: what its signature covers is beside the payload, what it does not is in
//! [`unauthenticated`](SignedEvent::unauthenticated).

mod body;
mod claim;
mod decode;
mod error;
mod event;
mod guarantees;
mod handshake;
mod preset;
mod provider;
mod topics;

pub use self::body::SignedBody;
pub use self::claim::{SchemeClaim, SchemeFacts};
pub use self::error::SchemeProviderError;
pub use self::event::{Proof, SignedEvent, UnsignedHead};
pub use self::preset::{GivesIds, HasVerifyToken, Preset, SignsTime, Source};
pub use self::provider::{AnyScheme, SchemeProvider};
pub use self::topics::TopicError;
#[doc(hidden)]
pub use self::topics::check as __check_topics;

//! Authenticates and decodes webhooks, without I/O: the rules of TusFacturasAPP, Multicaja/Klap, Mercado Pago, Stripe,
//! GitHub, Wompi and Standard Webhooks, and one trait for any other sender.
//!
//! An app does not use this crate by itself: it adds the layer of [`webhook-axum`], [`webhook-actix`] or
//! [`webhook-tower`], which re-export what an app needs. What is here serves three readers:
//!
//! - **An app** finds its sender's module ([`tusfacturas`], [`multicaja`], [`mercadopago`], [`stripe`], [`github`],
//!   [`standard_webhooks`], [`wompi`], [`scheme`] for those that differ only in data, such as [`meta`] and [`shopify`], and
//!   [`unsigned`] for those that prove nothing): what a delivery proves, and what each event has. [`Delivery`] is what a
//!   handler gets; [`Keyring`] rotates secrets while the server runs; [`Rejection`] says why a request was refused;
//!   [`observe`] counts. [`testing`] signs requests for the tests of an app.
//! - **The author of a sender** describes it as data, with a [`Scheme`](signing::Scheme), or implements [`Provider`] if its
//!   proof is special: the [`guide`] has a whole one, with [`signing`], [`secrets`] and [`answer`].
//! - **The author of an adapter** for another framework drives a [`Verifier`](driver::Verifier): see [`driver`].
//!
//! ```
//! use webhook_core::driver::Verifier;
//! use webhook_core::testing;
//! use webhook_core::tusfacturas::{TfEvent, TfEvento, TusFacturas};
//!
//! let verifier = Verifier::<TusFacturas>::try_new("s3cr3t")?;
//!
//! let request = testing::tusfacturas(&TfEvent::new(TfEvento::Emitido), "s3cr3t");
//! let accepted = request.deliver(&verifier).expect("the token and the body are right");
//! assert_eq!(accepted.delivery.evento, TfEvento::Emitido);
//! # Ok::<(), webhook_core::SecretsError>(())
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `tracing` | the log: one event for each delivery, through `tracing` or `log` |
//! | `metrics` | [`observe::Metrics`]: counters and a histogram through the `metrics` facade |
//! | `ed25519` | `Secret::public_key`: Standard Webhooks with `v1a`; Discord; and `signing::Ed25519Key` for senders of your own |
//! | `jiff-0_2` | the dates of TusFacturasAPP as times, in the types of jiff 0.2 |
//! | `testing` | [`testing`] |
//!
//! None is on by default.
//!
//! [`webhook-axum`]: https://docs.rs/webhook-axum
//! [`webhook-actix`]: https://docs.rs/webhook-actix
//! [`webhook-tower`]: https://docs.rs/webhook-tower

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod answer;
mod delivery;
pub mod driver;
pub mod guarantee;
#[doc = include_str!("guide.md")]
pub mod guide {}
mod head;
pub mod observe;
mod parse;
pub mod provider;
pub mod scheme;
pub mod secrets;
mod senders;
pub mod signing;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

#[doc(inline)]
pub use self::answer::{BodyError, BodyErrorKind, Rejection, RejectionClass, Reply};
pub use self::delivery::{Deadline, Delivery, DeliveryId, Identity, Trust};
pub use self::head::{Head, HeaderField};
#[doc(inline)]
pub use self::provider::{FromSecrets, Payload, Provider};
#[doc(inline)]
pub use self::secrets::{IntoSecrets, Keyring, Label, Secret, SecretsError, SecretsErrorKind};
pub use self::senders::presets::*;
pub use self::senders::{
    github, mercadopago, multicaja, standard_webhooks, stripe, tusfacturas, unsigned, wompi,
};
/// The crate whose [`Bytes`](bytes::Bytes) a body is.
pub use bytes;
/// The crate whose types a [`Reply`] and a [`Head`] are made of.
pub use http;
/// The payload type of senders that sign, unless the app names one of its own: any JSON.
pub use serde_json::Value;

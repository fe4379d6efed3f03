#![doc = include_str!("../README.md")]
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

mod buffer;
mod delivery;
mod head;
mod json;
pub mod multicaja;
mod observe;
mod provider;
mod receipt;
mod rejection;
mod reply;
mod secrets;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
pub mod tusfacturas;
mod verifier;

pub use self::buffer::BodyBuffer;
pub use self::delivery::Delivery;
pub use self::head::{Head, HeaderField, Headers};
pub use self::multicaja::{
    CardToken, Multicaja, MulticajaEvent, MulticajaValidation, MulticajaValidationEvent, Order,
    OrderIds, QuotasType, Unauthenticated,
};
pub use self::provider::{AcknowledgeFailures, Opened, Provider};
pub use self::receipt::{Receipt, Settlement};
pub use self::rejection::{BodyError, BodyErrorKind, Rejection, RejectionClass};
pub use self::reply::Reply;
pub use self::secrets::{
    BearerTokens, FromSecrets, IntoSecret, IntoSecrets, Keyring, Label, LoadedSecrets, PrivateKeys,
    Secret, SecretKey, SecretStore, Secrets, SecretsError, SecretsErrorKind,
};
pub use self::tusfacturas::{
    TfAttempt, TfCreado, TfEvent, TfEvento, TfRecurso, TfScheduleEstimate, TusFacturas,
};
/// The crate whose [`Bytes`](bytes::Bytes) a body is.
pub use bytes;
/// The crate whose types stand in [`Reply`].
pub use http;

pub use self::verifier::{Accepted, Pending, RefusalHook, Refused, Verifier};

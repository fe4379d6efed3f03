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

mod acknowledgement;
mod authentic;
mod body_error;
mod buffer;
mod decoding;
mod delivery;
mod form;
pub mod github;
#[doc = include_str!("guide.md")]
pub mod guide {}
mod head;
mod hmac;
mod in_flight;
mod json;
mod json_path;
pub mod mercadopago;
pub mod multicaja;
mod observe;
mod payload;
mod pending;
mod provider;
mod rejection;
mod repair;
mod reply;
mod reserved;
mod secrets;
mod signatures;
pub mod standard_webhooks;
pub mod stripe;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod tolerance;
pub mod tusfacturas;
mod verifier;

pub use self::acknowledgement::{Acknowledgement, Answer};
pub use self::authentic::{Authentic, Matched};
pub use self::body_error::{BodyError, BodyErrorKind};
pub use self::buffer::BodyBuffer;
pub use self::delivery::Delivery;
pub use self::github::{Github, GithubBody, GithubEvent, GithubHead, GithubPayload, GithubPing};
pub use self::head::{Head, HeaderField, Headers};
pub use self::in_flight::InFlight;
pub use self::mercadopago::{
    MercadoPago, MercadoPagoData, MercadoPagoEvent, MercadoPagoNotification,
    MercadoPagoUnauthenticated,
};
pub use self::multicaja::{
    CardToken, Multicaja, MulticajaEvent, MulticajaValidation, MulticajaValidationEvent, Order,
    OrderIds, QuotasType, Unauthenticated,
};
pub use self::payload::{Payload, decode_json};
pub use self::provider::{AcknowledgeFailures, Provider};
pub use self::rejection::{Rejection, RejectionClass};
pub use self::reply::Reply;
pub use self::secrets::{
    BearerTokens, FromSecrets, IntoSecret, IntoSecrets, Keyring, Label, LoadedSecrets, PrivateKeys,
    Secret, SecretKey, SecretStore, Secrets, SecretsError, SecretsErrorKind,
};
pub use self::standard_webhooks::{StandardEvent, StandardWebhooks};
pub use self::stripe::{Stripe, StripeEvent, StripeRelatedObject, StripeThinEvent};
pub use self::tolerance::Timestamped;
pub use self::tusfacturas::{
    TfAttempt, TfCreado, TfEvent, TfEvento, TfRecurso, TfScheduleEstimate, TusFacturas,
};
/// The crate whose [`Bytes`](bytes::Bytes) a body is.
pub use bytes;
/// The crate whose types stand in [`Reply`].
pub use http;
/// The payload type of senders that sign, unless the app names one of its own: any JSON.
pub use serde_json::Value;

pub use self::pending::{Accepted, Pending, Refused};
pub use self::verifier::Verifier;

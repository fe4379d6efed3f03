#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod answering;
mod body;
mod deadline;
mod future;
mod layer;
mod reading;
mod response;
mod service;
mod waiting;

pub use self::body::ResponseBody;
pub use self::future::ResponseFuture;
pub use self::layer::{MulticajaValidationLayer, WebhookLayer};
pub use self::service::WebhookService;
#[doc(inline)]
pub use webhook_core::github::{self, GithubEvent};
#[doc(inline)]
pub use webhook_core::mercadopago::{self, MercadoPagoEvent};
#[doc(inline)]
pub use webhook_core::multicaja::{self, MulticajaEvent, MulticajaValidationEvent};
#[doc(inline)]
pub use webhook_core::standard_webhooks::{self, StandardEvent};
#[doc(inline)]
pub use webhook_core::stripe::{self, StripeEvent};
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
#[doc(inline)]
pub use webhook_core::testing;
#[doc(inline)]
pub use webhook_core::tusfacturas::{self, TfEvent};
#[doc(inline)]
pub use webhook_core::{
    BodyError, BodyErrorKind, Delivery, DeliveryId, FromSecrets, Head, HeaderField, Identity,
    IntoSecrets, Keyring, Label, Payload, Provider, Rejection, RejectionClass, Reply, Secret,
    SecretsError, SecretsErrorKind, Trust, Value, answer, observe, provider, secrets, signing,
};
pub use webhook_core::{bytes, http};

use self::github::Github;
use self::mercadopago::MercadoPago;
use self::multicaja::Multicaja;
use self::standard_webhooks::StandardWebhooks;
use self::stripe::Stripe;
use self::tusfacturas::TusFacturas;

/// The layer for TusFacturasAPP; its event is [`TfEvent`]. See [`tusfacturas`], and [`WebhookLayer`] for its methods.
pub type TfWebhookLayer = WebhookLayer<TusFacturas>;

/// The layer for confirm and reject of Multicaja/Klap; its event is [`MulticajaEvent`]. See [`multicaja`], and
/// [`WebhookLayer`] for its methods.
pub type MulticajaWebhookLayer = WebhookLayer<Multicaja>;

/// The layer for Standard Webhooks, with payloads of type `T`; its event is [`StandardEvent<T>`](StandardEvent). See
/// [`standard_webhooks`], and [`WebhookLayer`] for its methods.
pub type StandardWebhookLayer<T = Value> = WebhookLayer<StandardWebhooks<T>>;

/// The layer for GitHub, with payloads of type `T`; its event is [`GithubEvent<T>`](GithubEvent). See [`github`], and
/// [`WebhookLayer`] for its methods.
pub type GithubWebhookLayer<T = Value> = WebhookLayer<Github<T>>;

/// The layer for Stripe, with payloads of type `T`; its event is [`StripeEvent<T>`](StripeEvent). See [`stripe`], and
/// [`WebhookLayer`] for its methods.
///
/// ```
/// use std::time::Duration;
/// use webhook_tower::StripeWebhookLayer;
///
/// let layer: StripeWebhookLayer =
///     StripeWebhookLayer::new("whsec_test_secret").tolerance(Duration::from_secs(60));
/// ```
pub type StripeWebhookLayer<T = Value> = WebhookLayer<Stripe<T>>;

/// The layer for Mercado Pago, with payloads of type `T`; its event is [`MercadoPagoEvent<T>`](MercadoPagoEvent). See
/// [`mercadopago`], and [`WebhookLayer`] for its methods.
pub type MercadoPagoWebhookLayer<T = Value> = WebhookLayer<MercadoPago<T>>;

/// Any error, boxed: what the error of a request body must convert to.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

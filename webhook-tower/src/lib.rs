#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod body;
mod buffering;
mod deadline;
mod future;
mod layer;
mod response;
mod service;

pub use self::body::ResponseBody;
pub use self::future::ResponseFuture;
pub use self::layer::{MulticajaValidationLayer, WebhookLayer};
pub use self::service::WebhookService;
#[doc(no_inline)]
pub use webhook_core::*;

use bytes::Bytes;
use http_body_util::Full;

/// The layer for TusFacturasAPP; its event is [`TfEvent`]. See [`tusfacturas`].
pub type TfWebhookLayer<B = Full<Bytes>> = WebhookLayer<TusFacturas, B>;

/// The layer for confirm and reject of Multicaja/Klap; its event is [`MulticajaEvent`]. See [`multicaja`].
pub type MulticajaWebhookLayer<B = Full<Bytes>> = WebhookLayer<Multicaja, B>;

/// The layer for Standard Webhooks, with payloads of type `T`; its event is [`StandardEvent<T>`](StandardEvent). See [`standard_webhooks`].
pub type StandardWebhookLayer<T = Value, B = Full<Bytes>> = WebhookLayer<StandardWebhooks<T>, B>;

/// The layer for GitHub, with payloads of type `T`; its event is [`GithubEvent<T>`](GithubEvent). See [`github`].
pub type GithubWebhookLayer<T = Value, B = Full<Bytes>> = WebhookLayer<Github<T>, B>;

/// The layer for Stripe, with payloads of type `T`; its event is [`StripeEvent<T>`](StripeEvent). See [`stripe`].
///
/// ```
/// use std::time::Duration;
/// use webhook_tower::StripeWebhookLayer;
///
/// let layer: StripeWebhookLayer =
///     StripeWebhookLayer::new("whsec_test_secret").tolerance(Duration::from_secs(60));
/// ```
pub type StripeWebhookLayer<T = Value, B = Full<Bytes>> = WebhookLayer<Stripe<T>, B>;

/// The layer for Mercado Pago, with payloads of type `T`; its event is [`MercadoPagoEvent<T>`](MercadoPagoEvent). See [`mercadopago`].
pub type MercadoPagoWebhookLayer<T = Value, B = Full<Bytes>> = WebhookLayer<MercadoPago<T>, B>;

/// Any error, boxed: what the error of a request body must convert to.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod body;
mod extract;
mod future;
mod head;
mod layer;
mod payload;
mod response;
mod service;

pub use self::extract::{ExtractFuture, MissingWebhookLayer, Webhook, WebhookDelivery};
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

/// The layer for TusFacturasAPP; its event is [`TfEvent`]. See [`tusfacturas`].
pub type TfWebhookLayer = WebhookLayer<TusFacturas>;

/// The layer for confirm and reject of Multicaja/Klap; its event is [`MulticajaEvent`]. See [`multicaja`].
pub type MulticajaWebhookLayer = WebhookLayer<Multicaja>;

/// The layer for Standard Webhooks, with payloads of type `T`; its event is [`StandardEvent<T>`](StandardEvent). See [`standard_webhooks`].
pub type StandardWebhookLayer<T = Value> = WebhookLayer<StandardWebhooks<T>>;

/// The layer for GitHub, with payloads of type `T`; its event is [`GithubEvent<T>`](GithubEvent). See [`github`].
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use serde::Deserialize;
/// use webhook_actix::github::GithubPayload;
/// use webhook_actix::{GithubEvent, GithubWebhookLayer, Webhook};
///
/// #[derive(Clone, Deserialize)]
/// struct Push {
///     r#ref: String,
/// }
///
/// async fn on_push(Webhook(event): Webhook<GithubEvent<Push>>) -> HttpResponse {
///     if let GithubPayload::Event(push) = event.payload {
///         println!("{} was pushed to", push.r#ref);
///     }
///     HttpResponse::Ok().finish()
/// }
///
/// let layer = GithubWebhookLayer::<Push>::new("s3cr3t");
/// let app = App::new().service(
///     web::resource("/github")
///         .wrap(layer.clone())
///         .route(web::post().to(on_push)),
/// );
/// ```
pub type GithubWebhookLayer<T = Value> = WebhookLayer<Github<T>>;

/// The layer for Stripe, with payloads of type `T`; its event is [`StripeEvent<T>`](StripeEvent). See [`stripe`].
pub type StripeWebhookLayer<T = Value> = WebhookLayer<Stripe<T>>;

/// The layer for Mercado Pago, with payloads of type `T`; its event is [`MercadoPagoEvent<T>`](MercadoPagoEvent). See [`mercadopago`].
pub type MercadoPagoWebhookLayer<T = Value> = WebhookLayer<MercadoPago<T>>;

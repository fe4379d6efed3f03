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

mod extract;

pub use self::extract::{MissingWebhookLayer, Webhook, WebhookDelivery};
// The layers below are those of `webhook_tower` with axum's body inward; a local name shadows a globbed one.
#[doc(no_inline)]
pub use webhook_tower::*;

use axum_core::body::Body;

/// The layer for the sender `P`, in axum's body: see [`webhook_tower::WebhookLayer`].
pub type WebhookLayer<P> = webhook_tower::WebhookLayer<P, Body>;

/// The layer for TusFacturasAPP; its event is [`TfEvent`]. See [`tusfacturas`].
pub type TfWebhookLayer = WebhookLayer<TusFacturas>;

/// The layer for confirm and reject of Multicaja/Klap; its event is [`MulticajaEvent`]. See [`multicaja`].
///
/// Under `Router::nest("/webhook_confirm", …)` axum takes the prefix off the path, and the layer cannot see the endpoint
/// any more: name it in the path of the route, or build the layer with `confirm` and `reject`.
pub type MulticajaWebhookLayer = WebhookLayer<Multicaja>;

/// The layer for Multicaja's validation, which carries no credential; its event is [`MulticajaValidationEvent`].
pub type MulticajaValidationLayer = webhook_tower::MulticajaValidationLayer<Body>;

/// The layer for Standard Webhooks, with payloads of type `T`; its event is [`StandardEvent<T>`](StandardEvent). See [`standard_webhooks`].
pub type StandardWebhookLayer<T = Value> = WebhookLayer<StandardWebhooks<T>>;

/// The layer for GitHub, with payloads of type `T`; its event is [`GithubEvent<T>`](GithubEvent). See [`github`].
///
/// ```
/// use axum::{Router, routing::post};
/// use serde::Deserialize;
/// use webhook_axum::{GithubEvent, GithubPayload, GithubWebhookLayer, Webhook};
///
/// #[derive(Clone, Deserialize)]
/// struct Push {
///     r#ref: String,
/// }
///
/// async fn on_push(Webhook(event): Webhook<GithubEvent<Push>>) {
///     if let GithubPayload::Event(push) = event.payload {
///         println!("{} was pushed to", push.r#ref);
///     }
/// }
///
/// let app: Router = Router::new()
///     .route("/github", post(on_push))
///     .layer(GithubWebhookLayer::<Push>::new("s3cr3t"));
/// ```
pub type GithubWebhookLayer<T = Value> = WebhookLayer<Github<T>>;

/// The layer for Stripe, with payloads of type `T`; its event is [`StripeEvent<T>`](StripeEvent). See [`stripe`].
pub type StripeWebhookLayer<T = Value> = WebhookLayer<Stripe<T>>;

/// The layer for Mercado Pago, with payloads of type `T`; its event is [`MercadoPagoEvent<T>`](MercadoPagoEvent). See [`mercadopago`].
pub type MercadoPagoWebhookLayer<T = Value> = WebhookLayer<MercadoPago<T>>;

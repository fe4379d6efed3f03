//! Receive webhooks in actix-web: a middleware authenticates the sender, an extractor gives the handler the typed event.
//!
//! ```no_run
//! use actix_web::{App, HttpResponse, HttpServer, web};
//! use webhook_actix::{TfEvent, TfWebhookLayer, Webhook};
//!
//! async fn on_invoice(Webhook(event): Webhook<TfEvent>) -> HttpResponse {
//!     println!("{} {:?}", event.evento, event.external_reference);
//!     HttpResponse::Ok().finish()
//! }
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     // Built once, outside the closure, and cloned into the app of each worker.
//!     let layer = TfWebhookLayer::new(std::env::var("TF_WEBHOOK_TOKEN").expect("set TF_WEBHOOK_TOKEN"));
//!
//!     HttpServer::new(move || {
//!         App::new().service(
//!             web::resource("/webhook").wrap(layer.clone()).route(web::post().to(on_invoice)),
//!         )
//!     })
//!     .bind("127.0.0.1:3000")?
//!     .run()
//!     .await
//! }
//! ```
//!
//! [`Webhook`] and [`WebhookDelivery`], which has the raw body and the label of the secret as well, go in any position of a
//! handler's arguments. A layer that is built inside the closure is a separate one in each worker: rotating a secret would
//! reach only one of them. On a scope or an `App`, `.wrap(…)` guards every route inside.
//!
//! # Senders
//!
//! | sender | layer | event | what its deliveries prove |
//! |---|---|---|---|
//! | TusFacturasAPP: invoices, Argentina | [`TfWebhookLayer`] | [`TfEvent`] | [`tusfacturas`]: that the sender knows a token |
//! | Multicaja/Klap: payments, Chile | [`MulticajaWebhookLayer`] | [`MulticajaEvent`] | [`multicaja`]: two ids |
//! | Multicaja/Klap, validation of an order | [`MulticajaValidationLayer`] | [`MulticajaValidationEvent`] | nothing |
//! | Mercado Pago | [`MercadoPagoWebhookLayer`] | [`MercadoPagoEvent`] | [`mercadopago`]: an id and the time, not the body |
//! | Stripe | [`StripeWebhookLayer`] | [`StripeEvent`] | [`stripe`]: body and time |
//! | GitHub | [`GithubWebhookLayer`] | [`GithubEvent`] | [`github`]: the body |
//! | Standard Webhooks | [`StandardWebhookLayer`] | [`StandardEvent`] | [`standard_webhooks`]: id, body and time |
//! | Wompi: payments, Colombia | [`WompiWebhookLayer`] | [`WompiEvent`] | [`wompi`]: id, status, amount and time of a transaction |
//! | Asaas, Discord, dLocal, Fintoc, GitLab, Khipu, Kushki, Linear, Meta, Shopify, Slack, Telegram, Tiendanube, WooCommerce | [`MetaWebhookLayer`] and so on | [`SignedEvent`] | [`meta`] and so on: each its own |
//! | Flow.cl, Mercado Libre and others that do not sign | [`UnsignedWebhookLayer`] | [`Unsigned`] | [`unsigned`]: nothing |
//! | one of your own | [`WebhookLayer`] | any | [`provider`] |
//!
//! # What is where
//!
//! - **What the handler gets**: the event, or a whole [`Delivery`] with the raw body, the [`Label`] of the secret and the
//!   [`DeliveryId`], which is the same when the sender repeats it.
//! - **What the sender gets**: the module of each sender has the table. A successful answer without a body is replaced
//!   with the sender's acknowledgement; a refusal is answered as the sender documents it ([`Rejection`] has the reasons,
//!   [`on_refusal`](WebhookLayer::on_refusal) changes the [`Reply`]).
//! - **Settings**: [`body_limit`](WebhookLayer::body_limit), [`body_timeout`](WebhookLayer::body_timeout),
//!   [`tolerance`](WebhookLayer::tolerance) for signed times,
//!   [`acknowledge_failures`](WebhookLayer::acknowledge_failures).
//! - **Secrets rotate** while the server runs: [`secrets`](WebhookLayer::secrets) returns the [`Keyring`].
//!   [`for_tenants`](WebhookLayer::for_tenants) tries only the secrets of the tenant that a request names.
//! - **Hang-ups, repeats and crashes**: `detached` lets a handler finish, `once` handles each delivery once, `inbox` stores it
//!   for a worker. Each needs the feature of that name; [`guarantee`] has the traits of the stores, and claims for your own
//!   transaction.
//! - **Each outcome** is logged with target `webhook` and reported to every [`Observer`](observe::Observer):
//!   [`observer`](WebhookLayer::observer) adds one, such as `observe::Metrics` with the feature `metrics`.
//! - **Tests** sign requests with the module `testing`, behind the feature of that name.
//!
//! # Behind a proxy
//!
//! Terminate TLS in front of the app: a bearer token is only as secret as the connection that carries it. The proxy must
//! not change path, query, or the headers that are signed.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `tracing` (default) | the log, through `log` if no `tracing` subscriber is set |
//! | `detach` | `detached`: each handler in a task of its own, which a sender that hangs up does not end |
//! | `once` | `once`: a delivery that was handled is not handled again. Includes `detach` |
//! | `inbox` | `inbox`: each delivery is stored before it is acknowledged, and handled by the worker of [`webhook-stores`](https://docs.rs/webhook-stores) |
//! | `metrics` | `observe::Metrics` |
//! | `testing` | `testing`: signed requests for the tests of handlers |
//! | `ed25519` | `Secret::public_key`: Standard Webhooks with `v1a`; Discord; and `signing::Ed25519Key` for senders of your own |
//! | `jiff-0_2` | the dates of TusFacturasAPP as times, in the types of jiff 0.2 |

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod body;
#[cfg(feature = "detach")]
mod detached;
mod extract;
mod future;
mod head;
#[cfg(feature = "inbox")]
mod inbox;
mod layer;
#[cfg(feature = "once")]
mod once;
mod payload;
mod response;
mod service;

#[cfg(feature = "detach")]
#[cfg_attr(docsrs, doc(cfg(feature = "detach")))]
pub use self::detached::{DetachedFuture, DetachedLayer, DetachedService, stop};
pub use self::extract::{ExtractFuture, MissingWebhookLayer, Webhook, WebhookDelivery};
pub use self::future::ResponseFuture;
#[cfg(feature = "inbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "inbox")))]
pub use self::inbox::Inbox;
pub use self::layer::{MulticajaValidationLayer, WebhookLayer};
#[cfg(feature = "once")]
#[cfg_attr(docsrs, doc(cfg(feature = "once")))]
pub use self::once::OnceLayer;
pub use self::service::WebhookService;
#[doc(inline)]
pub use webhook_core::github::{self, GithubEvent};
#[doc(inline)]
pub use webhook_core::mercadopago::{self, MercadoPagoEvent};
#[doc(inline)]
pub use webhook_core::multicaja::{self, MulticajaEvent, MulticajaValidationEvent};
#[doc(inline)]
pub use webhook_core::scheme::{self, SignedEvent};
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
pub use webhook_core::unsigned::{self, Unsigned};
#[doc(inline)]
pub use webhook_core::wompi::{self, WompiEvent};
#[doc(inline)]
pub use webhook_core::{
    BodyError, BodyErrorKind, Deadline, Delivery, DeliveryId, FromSecrets, Head, HeaderField,
    Identity, IntoSecrets, Keyring, Label, Payload, Provider, Rejection, RejectionClass, Reply,
    Secret, SecretsError, SecretsErrorKind, Trust, Value, answer, guarantee, observe, provider,
    secrets, signing, topics,
};
pub use webhook_core::{bytes, http};
#[cfg(feature = "once")]
#[cfg_attr(docsrs, doc(cfg(feature = "once")))]
#[doc(inline)]
pub use webhook_tower::MemoryStore;
#[cfg(feature = "detach")]
#[cfg_attr(docsrs, doc(cfg(feature = "detach")))]
#[doc(inline)]
pub use webhook_tower::{Ended, Tasks};

use self::github::Github;
use self::mercadopago::MercadoPago;
use self::multicaja::Multicaja;
use self::standard_webhooks::StandardWebhooks;
use self::stripe::Stripe;
use self::tusfacturas::TusFacturas;
use self::unsigned::UnsignedSender;
use self::wompi::Wompi;
use webhook_core::__preset_layers;

webhook_core::__for_each_preset!(__preset_layers);

/// The layer for any sender that a [`Scheme`](signing::Scheme) describes: `SchemeWebhookLayer::with_provider` takes a
/// [`SchemeProvider`](scheme::SchemeProvider).
pub type SchemeWebhookLayer<T = Value> = WebhookLayer<scheme::SchemeProvider<T>>;

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

/// The layer for Wompi, with the `data` of its events as type `T`; its event is [`WompiEvent<T>`](WompiEvent). See
/// [`wompi`].
pub type WompiWebhookLayer<T = Value> = WebhookLayer<Wompi<T>>;

/// The layer for a sender that proves nothing, with bodies of type `T`; its event is [`Unsigned<T>`](Unsigned). See
/// [`unsigned`].
///
/// It **lets everyone in**, so its constructors need no secret, and its event is a hint only: ask the sender's API.
///
/// ```
/// use webhook_actix::unsigned::FlowHint;
/// use webhook_actix::{Unsigned, UnsignedWebhookLayer, Value};
///
/// let flow: UnsignedWebhookLayer<FlowHint> = UnsignedWebhookLayer::flow();
/// // The path of the URL ends in a secret of its own.
/// let clip = UnsignedWebhookLayer::<Value>::unauthenticated("clip").path_secret("Vq3mKp7xTz9c");
/// ```
pub type UnsignedWebhookLayer<T = Value> = WebhookLayer<UnsignedSender<T>>;

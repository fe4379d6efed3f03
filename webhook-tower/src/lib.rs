//! A tower layer that authenticates webhooks and passes typed events to the inner service.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt};
//! use webhook_tower::bytes::Bytes;
//! use webhook_tower::{Delivery, TfEvent, TfWebhookLayer};
//!
//! async fn on_event(mut request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     if let Some(delivery) = request.extensions_mut().remove::<Delivery<TfEvent>>() {
//!         println!("{} {:?}", delivery.evento, delivery.external_reference);
//!     }
//!     Ok(Response::default())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! let service = ServiceBuilder::new().layer(TfWebhookLayer::new("s3cr3t")).service_fn(on_event);
//!
//! let forged = Request::post("/webhook").header("TF-WebhookToken", "guessed").body(Full::<Bytes>::default());
//! assert_eq!(service.oneshot(forged.unwrap()).await?.status(), StatusCode::FORBIDDEN);
//! # Ok(())
//! # }
//! ```
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
//! - **Settings**: [`body_limit`](WebhookLayer::body_limit), `body_timeout`,
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
//! # The inner service
//!
//! The inner service receives a request whose extensions contain the [`Delivery`] and whose body is restored in full, as
//! `Full<Bytes>` or any type that implements `From<Bytes>`; the headers of the credential are marked as sensitive. For a
//! refused request it is neither polled for readiness nor called; the [`Rejection`] is in the extensions of the response.
//! Its error type does not change.
//!
//! A layer inside this one sees only authentic deliveries: a time limit for the handler, a limit of concurrency or a layer
//! that sheds load goes there, and its answer goes through the sender's rules. A layer outside sees every request, and what
//! was sent.
//!
//! # Behind a proxy
//!
//! Terminate TLS in front of the app: a bearer token is only as secret as the connection that carries it. The proxy must
//! not change path, query, or the headers that are signed. The layer limits the body; the server has to limit the time for
//! the headers.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `timeout` (default) | `WebhookLayer::body_timeout`: 10 seconds unless set. It needs tokio's timer; without this feature the server has to set a limit |
//! | `tracing` | the log |
//! | `detach` | `detached`: each handler in a task of its own, which a sender that hangs up does not end |
//! | `once` | `once`: a delivery that was handled is not handled again. Includes `detach` |
//! | `inbox` | `inbox`: each delivery is stored before it is acknowledged, and handled by the worker of [`webhook-stores`](https://docs.rs/webhook-stores) |
//! | `metrics` | `observe::Metrics` |
//! | `testing` | `testing`: signed requests for tests |
//! | `ed25519` | `Secret::public_key`: Standard Webhooks with `v1a`; Discord; and `signing::Ed25519Key` for senders of your own |
//! | `jiff-0_2` | the dates of TusFacturasAPP as times, in the types of jiff 0.2 |

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod admit;
mod body;
mod body_timer;
mod calling;
#[cfg(feature = "detach")]
mod detached;
#[cfg(any(feature = "detach", feature = "inbox"))]
mod ended;
mod future;
#[cfg(feature = "inbox")]
mod inbox;
mod layer;
#[cfg(any(feature = "inbox", feature = "once"))]
mod lease;
#[cfg(feature = "once")]
mod once;
mod reading;
mod response;
mod service;
mod validation;
mod waiting;

pub use self::body::ResponseBody;
#[cfg(feature = "detach")]
#[cfg_attr(docsrs, doc(cfg(feature = "detach")))]
pub use self::detached::{DetachedFuture, DetachedLayer, DetachedService, Tasks};
#[cfg(any(feature = "detach", feature = "inbox"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "detach", feature = "inbox"))))]
pub use self::ended::Ended;
pub use self::future::ResponseFuture;
#[cfg(feature = "inbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "inbox")))]
pub use self::inbox::{Inbox, InboxFuture};
pub use self::layer::WebhookLayer;
#[cfg(feature = "once")]
#[cfg_attr(docsrs, doc(cfg(feature = "once")))]
pub use self::once::{MemoryStore, OnceLayer};
pub use self::service::WebhookService;
pub use self::validation::MulticajaValidationLayer;
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

use webhook_core::__preset_layers;
use webhook_core::github::Github;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::Multicaja;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::unsigned::UnsignedSender;
use webhook_core::wompi::Wompi;

webhook_core::__for_each_preset!(__preset_layers);

/// The layer for any sender that a [`Scheme`](signing::Scheme) describes: `SchemeWebhookLayer::with_provider` takes a
/// [`SchemeProvider`](scheme::SchemeProvider).
pub type SchemeWebhookLayer<T = Value> = WebhookLayer<scheme::SchemeProvider<T>>;

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

/// The layer for Wompi, with the `data` of its events as type `T`; its event is [`WompiEvent<T>`](WompiEvent). See
/// [`wompi`], and [`WebhookLayer`] for its methods.
pub type WompiWebhookLayer<T = Value> = WebhookLayer<Wompi<T>>;

/// The layer for a sender that proves nothing, with bodies of type `T`; its event is [`Unsigned<T>`](Unsigned). See
/// [`unsigned`], and [`WebhookLayer`] for its methods.
///
/// It **lets everyone in**, so its constructors need no secret, and its event is a hint only: ask the sender's API.
///
/// ```
/// use webhook_tower::unsigned::FlowHint;
/// use webhook_tower::{Unsigned, UnsignedWebhookLayer, Value};
///
/// let flow: UnsignedWebhookLayer<FlowHint> = UnsignedWebhookLayer::flow();
/// // The path of the URL ends in a secret of its own.
/// let clip = UnsignedWebhookLayer::<Value>::unauthenticated("clip").path_secret("Vq3mKp7xTz9c");
/// ```
pub type UnsignedWebhookLayer<T = Value> = WebhookLayer<UnsignedSender<T>>;

/// What `webhook-actix` runs a handler with. Not for apps: it can change with any release.
#[cfg(feature = "detach")]
#[doc(hidden)]
pub mod __detached {
    pub use crate::detached::course::{Course, Sent};
    pub use crate::detached::layer::Settings;
    #[cfg(feature = "once")]
    pub use crate::once::Once;
}

/// What `webhook-stores` keeps a delivery with. Not for apps: it can change with any release.
#[cfg(any(feature = "inbox", feature = "once"))]
#[doc(hidden)]
pub mod __lease {
    pub use crate::lease::{LONGEST, checked, keep};
}

/// Any error, boxed: what the error of a request body must convert to.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

use std::fmt;

use axum_core::body::Body;
use tower_layer::Layer;
use webhook_core::driver::Verifier;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::{Multicaja, MulticajaValidation};
#[cfg(feature = "detach")]
use webhook_core::provider::Authenticated;
use webhook_core::{__layer, Payload, Provider};
#[cfg(feature = "inbox")]
use webhook_core::{guarantee::InboxStore, provider::Deferrable};
#[cfg(feature = "once")]
use webhook_core::{guarantee::OnceStore, provider::Identified};
#[cfg(feature = "inbox")]
use webhook_tower::Inbox;
#[cfg(feature = "detach")]
use webhook_tower::Tasks;
use webhook_tower::WebhookService;

/// What [`WebhookLayer::detached`] makes.
#[cfg(feature = "detach")]
pub type DetachedLayer<P> = webhook_tower::DetachedLayer<P, Body>;

/// What [`WebhookLayer::once`] makes.
#[cfg(feature = "once")]
pub type OnceLayer<P> = webhook_tower::OnceLayer<P, Body>;

/// A layer that authenticates deliveries of the sender `P` and passes them to the handler, with axum's body.
///
/// Put it on a route. On a whole `Router`, it guards every route that was added before it, and answers for paths that the
/// router does not know as well.
///
/// Clones share the configuration of the sender; a change made with a builder method afterwards applies to the changed
/// clone only, a change of the [secrets](Self::secrets) to all of them.
///
/// ```
/// use std::time::Duration;
/// use webhook_axum::{StripeWebhookLayer, Value};
///
/// let layer = StripeWebhookLayer::<Value>::new("whsec_test_secret")
///     .tolerance(Duration::from_secs(60))
///     .body_limit(256 * 1024);
///
/// // While the server runs:
/// layer.secrets().add("whsec_next_secret")?;
/// # Ok::<(), webhook_axum::SecretsError>(())
/// ```
#[must_use]
pub struct WebhookLayer<P>(webhook_tower::WebhookLayer<P, Body>);

impl<P: Provider> WebhookLayer<P> {
    __layer!(constructors);

    /// A layer for any provider, such as one of your own.
    pub fn with_provider(provider: P) -> Self {
        Self::from_verifier(Verifier::new(provider))
    }

    __layer!(limits);
    #[cfg(feature = "timeout")]
    __layer!(body_timeout);
    __layer!(sender);
}

#[cfg(feature = "detach")]
impl<P: Provider> WebhookLayer<P> {
    /// Runs each handler in a task of its own, once its delivery is authentic: if the sender hangs up, the handler goes on
    /// to its end. Call it last, when everything else is set.
    ///
    /// `tasks` bounds how many run at once, and waits for them when the server stops; `axum::serve` does not. A sender that
    /// hangs up, or is told that the handler is [late](DetachedLayer::answer_by), repeats the delivery, maybe while it is
    /// still being handled. A handler that takes `Extension<Deadline>` can ask how long its sender still waits.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum::{Router, routing::post};
    /// use webhook_axum::{Tasks, TfEvent, TfWebhookLayer, Webhook};
    ///
    /// async fn on_event(Webhook(event): Webhook<TfEvent>) {
    ///     println!("{}", event.evento);
    /// }
    ///
    /// # async fn serve(listener: tokio::net::TcpListener) -> std::io::Result<()> {
    /// let tasks = Tasks::new();
    /// let layer = TfWebhookLayer::new("s3cr3t").detached(&tasks);
    /// let app = Router::new().route("/webhook", post(on_event).layer(layer));
    /// axum::serve(listener, app).await?;
    /// tasks.finish_within(Duration::from_secs(30)).await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn detached(self, tasks: &Tasks) -> DetachedLayer<P>
    where
        P: Authenticated,
    {
        self.0.detached(tasks)
    }
}

#[cfg(feature = "once")]
impl<P: Provider> WebhookLayer<P> {
    /// Handles each delivery once, as [`OnceLayer`](webhook_tower::OnceLayer) says, in a task of its own as
    /// [`detached`](Self::detached) does. Call it last, when everything else is set.
    ///
    /// `endpoint` is the app's name for what it serves, such as `orders`; two endpoints that one sender delivers to need two
    /// names, and a name must stay.
    ///
    /// ```
    /// use webhook_axum::{MemoryStore, StandardWebhookLayer, Tasks};
    ///
    /// let tasks = Tasks::new();
    /// let layer: StandardWebhookLayer = StandardWebhookLayer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    /// let layer = layer.once("orders", MemoryStore::new(), &tasks);
    /// ```
    ///
    /// # Panics
    ///
    /// If the sender does not sign its ids and the app has not said that it [trusts](Self::trust_unsigned_ids) them, or the
    /// name is empty or longer than 64 bytes.
    #[track_caller]
    pub fn once(self, endpoint: &str, store: impl OnceStore, tasks: &Tasks) -> OnceLayer<P>
    where
        P: Identified,
    {
        self.0.once(endpoint, store, tasks)
    }
}

#[cfg(feature = "inbox")]
impl<P: Provider> WebhookLayer<P> {
    /// Stores each delivery, acknowledges it once it is durable, and leaves it to a worker: no handler can make the sender
    /// wait, and none that fails or dies loses an event. Call it last, when everything else is set. What it returns is a
    /// service: put it on a route with `route_service`.
    ///
    /// `endpoint` is the app's name for what it serves, such as `orders`: the worker finds the handler by it, so it must stay.
    /// A repeat is recognized if the sender signs its ids, or if the app [trusts](Self::trust_unsigned_ids) them. The crate
    /// `webhook-stores` has stores and the worker.
    ///
    /// # Panics
    ///
    /// If the name is empty, longer than 64 bytes, or has a control character.
    #[track_caller]
    pub fn inbox(self, endpoint: &str, store: impl InboxStore) -> Inbox<P>
    where
        P: Deferrable,
    {
        self.0.inbox(endpoint, store)
    }
}

impl<P> WebhookLayer<P> {
    /// A layer for a verifier that is configured already, such as one that another adapter shares.
    pub fn from_verifier(verifier: Verifier<P>) -> Self {
        Self(webhook_tower::WebhookLayer::from_verifier(verifier))
    }

    /// Its verifier.
    pub fn verifier(&self) -> &Verifier<P> {
        self.0.verifier()
    }

    fn map(self, change: impl FnOnce(Verifier<P>) -> Verifier<P>) -> Self {
        Self::from_verifier(change(self.verifier().clone()))
    }
}

impl WebhookLayer<Multicaja> {
    __layer!(multicaja);
}

impl<T: Payload> WebhookLayer<MercadoPago<T>> {
    __layer!(mercadopago);
}

impl<S, P> Layer<S> for WebhookLayer<P> {
    type Service = WebhookService<S, P, Body>;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}

impl<P> Clone for WebhookLayer<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Provider> fmt::Debug for WebhookLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The layer for Multicaja's validation, which carries **no credential**: anyone can call it. Its event is
/// [`MulticajaValidationEvent`](crate::MulticajaValidationEvent).
#[derive(Clone, Debug)]
#[must_use]
pub struct MulticajaValidationLayer(WebhookLayer<MulticajaValidation>);

impl MulticajaValidationLayer {
    /// The layer. It needs no secret.
    #[allow(
        clippy::new_without_default,
        reason = "a layer that lets everyone in is asked for by name"
    )]
    pub fn new() -> Self {
        Self(WebhookLayer::with_provider(MulticajaValidation::new()))
    }

    __layer!(limits);
    #[cfg(feature = "timeout")]
    __layer!(body_timeout);

    fn map(
        self,
        change: impl FnOnce(Verifier<MulticajaValidation>) -> Verifier<MulticajaValidation>,
    ) -> Self {
        Self(self.0.map(change))
    }
}

impl<S> Layer<S> for MulticajaValidationLayer {
    type Service = WebhookService<S, MulticajaValidation, Body>;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}

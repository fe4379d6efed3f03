use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::HeaderName;
use webhook_core::driver::Verifier;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::{Multicaja, MulticajaValidation};
use webhook_core::{__layer, Payload, Provider};

use crate::WebhookService;
#[cfg(feature = "detach")]
use crate::detached::DetachedLayer;
#[cfg(feature = "inbox")]
use crate::inbox::Inbox;
#[cfg(feature = "once")]
use crate::once::OnceLayer;
#[cfg(feature = "detach")]
use webhook_core::provider::Authenticated;
#[cfg(feature = "inbox")]
use webhook_core::{guarantee::InboxStore, provider::Deferrable};
#[cfg(feature = "once")]
use webhook_core::{guarantee::OnceStore, provider::Identified};
#[cfg(feature = "once")]
use webhook_tower::__detached::Once;
#[cfg(feature = "detach")]
use webhook_tower::{__detached::Settings, Tasks};

/// Middleware that authenticates deliveries of the sender `P` and passes them to the handler. `.wrap(…)` it around a
/// resource, a scope or an app, and it guards every route inside.
///
/// Wrap it outermost. A middleware outside of it must not keep a clone of the `HttpRequest` while it calls the next
/// service: actix panics when the headers of a shared request are changed, and this layer marks the credential as
/// sensitive.
///
/// See the [crate documentation](crate) for an example. actix builds its app once per worker: build the layer outside
/// and clone it in, so that all workers share its secrets. Clones share the sender's configuration; a later change
/// with a builder method applies to the changed clone only, a change of the [secrets](Self::secrets) to all of them.
#[must_use]
pub struct WebhookLayer<P> {
    verifier: Verifier<P>,
}

impl<P: Provider> WebhookLayer<P> {
    __layer!(constructors);

    /// A layer for any provider, such as one of your own.
    pub fn with_provider(provider: P) -> Self {
        Self::from_verifier(Verifier::new(provider))
    }

    // actix's own `PayloadConfig` still applies to extractors that read the body again.
    __layer!(limits);
    __layer!(body_timeout);
    __layer!(sender);
}

#[cfg(feature = "detach")]
impl<P: Provider> WebhookLayer<P> {
    /// Runs each handler in a task of its own on its worker, once its delivery is authentic: if the sender resets the
    /// connection, the handler goes on to its end. Call it last, when everything else is set.
    ///
    /// `tasks` bounds how many run at once, in all workers. A worker that ends takes its tasks with it, so stop the server
    /// with [`stop`](crate::stop). A sender that hangs up, or is told that the handler is
    /// [late](DetachedLayer::answer_by), repeats the delivery, maybe while it is still being handled. A handler finds how
    /// long its sender still waits in the request's extensions, as a [`Deadline`](crate::Deadline).
    pub fn detached(self, tasks: &Tasks) -> DetachedLayer<P>
    where
        P: Authenticated,
    {
        let settings = Settings::new(&self.verifier, tasks);
        DetachedLayer::from_parts(self.verifier, settings)
    }
}

#[cfg(feature = "once")]
impl<P: Provider> WebhookLayer<P> {
    /// Handles each delivery once, in a task of its own as [`detached`](Self::detached) does:
    /// [`webhook_tower::OnceLayer`] has the table. Call it last, when everything else is set.
    ///
    /// `endpoint` is the app's name for what it serves, such as `orders`; two endpoints that one sender delivers to need two
    /// names, and a name must stay.
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
        let once = Once::new(&self.verifier, endpoint, store);
        OnceLayer::from_parts(self.detached(tasks), once)
    }
}

#[cfg(feature = "inbox")]
impl<P: Provider> WebhookLayer<P> {
    /// Stores each delivery, acknowledges it once it is durable, and leaves it to a worker: no handler can make the sender
    /// wait, and none that fails or dies loses an event. Call it last, when everything else is set. What it returns is a
    /// handler: `web::resource("/webhook").to(inbox)`.
    ///
    /// `endpoint` is the app's name for what it serves, such as `orders`: the worker finds the handler by it, so it must stay.
    /// A repeat is recognized if the sender signs its ids, or if the app [trusts](Self::trust_unsigned_ids) them. The crate
    /// `webhook-stores` has stores and the worker, which calls a plain `async fn` with the delivery.
    ///
    /// # Panics
    ///
    /// If the name is empty, longer than 64 bytes, or has a control character.
    #[track_caller]
    pub fn inbox(self, endpoint: &str, store: impl InboxStore) -> Inbox<P>
    where
        P: Deferrable,
    {
        Inbox::new(webhook_tower::Inbox::new(self.verifier, endpoint, store))
    }
}

impl<P> WebhookLayer<P> {
    /// A layer for a configured verifier, such as one shared with another adapter.
    pub fn from_verifier(verifier: Verifier<P>) -> Self {
        Self { verifier }
    }

    /// The layer's verifier.
    pub fn verifier(&self) -> &Verifier<P> {
        &self.verifier
    }

    fn map(self, change: impl FnOnce(Verifier<P>) -> Verifier<P>) -> Self {
        Self::from_verifier(change(self.verifier))
    }
}

impl WebhookLayer<Multicaja> {
    __layer!(multicaja);
}

impl<T: Payload> WebhookLayer<MercadoPago<T>> {
    __layer!(mercadopago);
}

impl<P> Clone for WebhookLayer<P> {
    fn clone(&self) -> Self {
        Self::from_verifier(self.verifier.clone())
    }
}

impl<P: Provider> fmt::Debug for WebhookLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookLayer")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

impl<S, P, B> Transform<S, ServiceRequest> for WebhookLayer<P>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    P: Provider,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = WebhookService<S, P>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(WebhookService {
            inner: Rc::new(service),
            credential_headers: credential_headers(&self.verifier),
            verifier: self.verifier.clone(),
        }))
    }
}

/// In actix's type. A name that is valid in one version of `http` is valid in the other.
pub(crate) fn credential_headers<P: Provider>(verifier: &Verifier<P>) -> Rc<[HeaderName]> {
    let names = verifier.provider().credential_headers().iter();
    names
        .filter_map(|name| HeaderName::from_bytes(name.as_str().as_bytes()).ok())
        .collect()
}

/// The layer for Multicaja's validation endpoint, which carries **no credential**: anyone can call it. See
/// [`MulticajaValidation`].
#[derive(Clone, Debug)]
#[must_use]
pub struct MulticajaValidationLayer(WebhookLayer<MulticajaValidation>);

impl MulticajaValidationLayer {
    /// Creates the layer. It needs no secret.
    #[allow(
        clippy::new_without_default,
        reason = "a layer that lets everyone in must be named"
    )]
    pub fn new() -> Self {
        Self(WebhookLayer::with_provider(MulticajaValidation::new()))
    }

    __layer!(limits);
    __layer!(body_timeout);

    fn map(
        self,
        change: impl FnOnce(Verifier<MulticajaValidation>) -> Verifier<MulticajaValidation>,
    ) -> Self {
        Self(self.0.map(change))
    }
}

impl<S, B> Transform<S, ServiceRequest> for MulticajaValidationLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = WebhookService<S, MulticajaValidation>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        self.0.new_transform(service)
    }
}

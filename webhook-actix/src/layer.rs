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
use webhook_core::scheme::{HasVerifyToken, SchemeProvider, SignedBody};
use webhook_core::unsigned::{FlowHint, MercadoLibreHint, UnsignedSender};
use webhook_core::{__layer, Payload, Provider};

use crate::WebhookService;

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
    pub(crate) verifier: Verifier<P>,
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

impl<T: Payload> WebhookLayer<UnsignedSender<T>> {
    __layer!(unsigned);
}

impl WebhookLayer<UnsignedSender<FlowHint>> {
    __layer!(flow);
}

impl WebhookLayer<UnsignedSender<MercadoLibreHint>> {
    __layer!(mercadolibre);
}

impl<T: SignedBody, P: HasVerifyToken> WebhookLayer<SchemeProvider<T, P>> {
    __layer!(verify_token);
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

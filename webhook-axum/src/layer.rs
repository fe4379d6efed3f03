use std::fmt;

use axum_core::body::Body;
use tower_layer::Layer;
use webhook_core::driver::Verifier;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::{Multicaja, MulticajaValidation};
use webhook_core::scheme::{HasVerifyToken, SchemeProvider, SignedBody};
use webhook_core::unsigned::{FlowHint, MercadoLibreHint, UnsignedSender};
use webhook_core::{__layer, Payload, Provider};
use webhook_tower::WebhookService;

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
pub struct WebhookLayer<P>(pub(crate) webhook_tower::WebhookLayer<P, Body>);

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

use std::fmt;

use bytes::Bytes;
use http_body_util::Full;
use tower_layer::Layer;
use webhook_core::__layer;
use webhook_core::driver::Verifier;
use webhook_core::multicaja::MulticajaValidation;

use crate::{WebhookLayer, WebhookService};

/// The layer for Multicaja's validation endpoint, which carries **no credential**: anyone can call it. See
/// [`MulticajaValidation`].
#[must_use]
pub struct MulticajaValidationLayer<B = Full<Bytes>>(WebhookLayer<MulticajaValidation, B>);

impl<B> MulticajaValidationLayer<B> {
    /// Creates the layer. It needs no secret.
    #[allow(
        clippy::new_without_default,
        reason = "a layer that lets everyone in must be named"
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

impl<S, B> Layer<S> for MulticajaValidationLayer<B> {
    type Service = WebhookService<S, MulticajaValidation, B>;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}

impl<B> Clone for MulticajaValidationLayer<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B> fmt::Debug for MulticajaValidationLayer<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MulticajaValidationLayer")
            .field(&self.0)
            .finish()
    }
}

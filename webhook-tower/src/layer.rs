use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use http_body_util::Full;
use tower_layer::Layer;
use webhook_core::driver::Verifier;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::Multicaja;
use webhook_core::scheme::{HasVerifyToken, SchemeProvider, SignedBody};
use webhook_core::unsigned::{FlowHint, MercadoLibreHint, UnsignedSender};
use webhook_core::{__layer, Payload, Provider};

use crate::WebhookService;

/// Applies [`WebhookService`]: authenticates deliveries of the sender `P` and passes them to the inner service with a body
/// of type `B`.
///
/// Clones share the configuration of the sender; a later change with a builder method applies to the changed clone
/// only, a change of the [secrets](Self::secrets) to all of them.
///
/// ```
/// use std::time::Duration;
/// use webhook_tower::http::StatusCode;
/// use webhook_tower::{MulticajaWebhookLayer, RejectionClass};
///
/// let layer = MulticajaWebhookLayer::new([("pdv-1", "old-key")])
///     .body_limit(32 * 1024)
///     .on_refusal(|rejection, mut reply| {
///         if rejection.class() == RejectionClass::Credential {
///             reply.status = StatusCode::FORBIDDEN;
///         }
///         reply
///     });
///
/// // While the server runs:
/// let secrets = layer.secrets();
/// secrets.add([("pdv-1", "new-key")])?;
/// secrets.remove("old-key")?;
/// # Ok::<(), webhook_tower::SecretsError>(())
/// ```
#[must_use]
pub struct WebhookLayer<P, B = Full<Bytes>> {
    pub(crate) verifier: Verifier<P>,
    inner_body: PhantomData<fn() -> B>,
}

impl<P: Provider, B> WebhookLayer<P, B> {
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

impl<P, B> WebhookLayer<P, B> {
    /// A layer for a configured verifier, such as one shared with another adapter.
    pub fn from_verifier(verifier: Verifier<P>) -> Self {
        Self {
            verifier,
            inner_body: PhantomData,
        }
    }

    /// The layer's verifier.
    pub fn verifier(&self) -> &Verifier<P> {
        &self.verifier
    }

    pub(crate) fn map(self, change: impl FnOnce(Verifier<P>) -> Verifier<P>) -> Self {
        Self::from_verifier(change(self.verifier))
    }
}

impl<B> WebhookLayer<Multicaja, B> {
    __layer!(multicaja);
}

impl<T: Payload, B> WebhookLayer<MercadoPago<T>, B> {
    __layer!(mercadopago);
}

impl<T: Payload, B> WebhookLayer<UnsignedSender<T>, B> {
    __layer!(unsigned);
}

impl<B> WebhookLayer<UnsignedSender<FlowHint>, B> {
    __layer!(flow);
}

impl<B> WebhookLayer<UnsignedSender<MercadoLibreHint>, B> {
    __layer!(mercadolibre);
}

impl<T: SignedBody, P: HasVerifyToken, B> WebhookLayer<SchemeProvider<T, P>, B> {
    __layer!(verify_token);
}

impl<S, P, B> Layer<S> for WebhookLayer<P, B> {
    type Service = WebhookService<S, P, B>;

    fn layer(&self, inner: S) -> Self::Service {
        WebhookService {
            inner,
            verifier: self.verifier.clone(),
            inner_body: PhantomData,
        }
    }
}

impl<P, B> Clone for WebhookLayer<P, B> {
    fn clone(&self) -> Self {
        Self::from_verifier(self.verifier.clone())
    }
}

impl<P: Provider, B> fmt::Debug for WebhookLayer<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookLayer")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

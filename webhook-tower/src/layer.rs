use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use tower_layer::Layer;
use webhook_core::{
    AcknowledgeFailures, FromSecrets, IntoSecrets, Keyring, MercadoPago, Multicaja,
    MulticajaValidation, Payload, Provider, Rejection, Reply, SecretsError, Timestamped, Verifier,
};

use crate::WebhookService;

/// Applies [`WebhookService`]: authenticates deliveries of the sender `P` and hands them inward with a body of type
/// `B`.
///
/// See the [crate documentation](crate) for an example. Clones share the sender's configuration; a change made with a
/// builder method afterwards concerns the changed clone only, a change of the [secrets](Self::secrets) all of them.
#[must_use]
pub struct WebhookLayer<P, B = Full<Bytes>> {
    verifier: Verifier<P>,
    #[cfg(feature = "timeout")]
    body_timeout: Duration,
    inward: PhantomData<fn() -> B>,
}

impl<P: FromSecrets, B> WebhookLayer<P, B> {
    /// A layer with the secrets of its sender: a `&str`, a `String`, a list of them, or a list of `(label, secret)`.
    ///
    /// # Panics
    ///
    /// If a secret is empty, blank, surrounded by white space, or unfit for the sender, or if there is none. A server
    /// that started with it would let nobody in, or everybody. [`try_new`](Self::try_new) returns the error.
    #[track_caller]
    pub fn new(secrets: impl IntoSecrets) -> Self {
        Self::from_verifier(Verifier::from_secrets(secrets))
    }

    /// The same, without a panic.
    ///
    /// # Errors
    ///
    /// Which secret is refused, and why.
    pub fn try_new(secrets: impl IntoSecrets) -> Result<Self, SecretsError> {
        Verifier::try_new(secrets).map(Self::from_verifier)
    }

    /// The secrets, to be replaced, added to, or removed from while the server runs. Every clone of this layer, and
    /// every service that it made, follows.
    ///
    /// ```
    /// use webhook_tower::TfWebhookLayer;
    ///
    /// let layer: TfWebhookLayer = TfWebhookLayer::new([("pdv-1", "old-token")]);
    /// let secrets = layer.secrets();
    ///
    /// secrets.add([("pdv-1", "new-token")])?;
    /// // … until the sender is switched over …
    /// secrets.remove("old-token")?;
    /// # Ok::<(), webhook_tower::SecretsError>(())
    /// ```
    pub fn secrets(&self) -> Keyring<P> {
        self.verifier.secrets()
    }
}

impl<P: Provider, B> WebhookLayer<P, B> {
    /// How long a body may take from the head of its request on, unless set otherwise.
    #[cfg(feature = "timeout")]
    #[cfg_attr(docsrs, doc(cfg(feature = "timeout")))]
    pub const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);

    /// A layer for any provider, such as one of your own.
    pub fn with_provider(provider: P) -> Self {
        Self::from_verifier(Verifier::new(provider))
    }

    /// A layer for a verifier that is configured already, such as one that another adapter shares.
    pub fn from_verifier(verifier: Verifier<P>) -> Self {
        Self {
            verifier,
            #[cfg(feature = "timeout")]
            body_timeout: Self::DEFAULT_BODY_TIMEOUT,
            inward: PhantomData,
        }
    }

    /// Sets how long a body may be, in bytes; a longer one is answered with 413. The default is the sender's:
    /// [`Provider::BODY_LIMIT`].
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.verifier = self.verifier.body_limit(bytes);
        self
    }

    /// Sets how long a body may take from the head of its request on; one that is not complete by then is answered
    /// with 408. The default is 10 seconds.
    ///
    /// The service must run in a tokio runtime with its timer enabled, or it panics on the first body that does not
    /// arrive at once. Without the feature `timeout` there is no such limit, and the server has to set one.
    #[cfg(feature = "timeout")]
    #[cfg_attr(docsrs, doc(cfg(feature = "timeout")))]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// Answers a 5xx of the inner service with the sender's acknowledgement for failures. Off unless set.
    ///
    /// The sender then takes the delivery for done and does not repeat it.
    pub fn acknowledge_failures(mut self, acknowledge: bool) -> Self
    where
        P: AcknowledgeFailures,
    {
        self.verifier = self.verifier.acknowledge_failures(acknowledge);
        self
    }

    /// Sets how far the signed timestamp may lie from now, in either direction; another one is refused as a wrong
    /// credential is. The default is the sender's, mostly 300 seconds.
    pub fn tolerance(mut self, within: Duration) -> Self
    where
        P: Timestamped,
    {
        self.verifier = self.verifier.tolerance(within);
        self
    }

    /// Lets the app change the answer to a refused request, given the reason and the answer that the sender
    /// documents.
    ///
    /// ```
    /// use webhook_tower::{MulticajaWebhookLayer, RejectionClass};
    ///
    /// let layer: MulticajaWebhookLayer =
    ///     MulticajaWebhookLayer::new("private-api-key").on_refusal(|rejection, mut reply| {
    ///         if rejection.class() == RejectionClass::Credential {
    ///             reply.status = http::StatusCode::FORBIDDEN;
    ///         }
    ///         reply
    ///     });
    /// ```
    pub fn on_refusal(
        mut self,
        hook: impl Fn(&Rejection, Reply) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.verifier = self.verifier.on_refusal(hook);
        self
    }

    /// Changes the provider itself, for the settings that only this sender has.
    pub fn configure(mut self, change: impl FnOnce(&mut P)) -> Self
    where
        P: Clone,
    {
        self.verifier = self.verifier.configure(change);
        self
    }
}

impl<B> WebhookLayer<Multicaja, B> {
    /// A layer that serves confirm only, whatever path and query say: for a path of the merchant's own.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new) does.
    #[track_caller]
    pub fn confirm(keys: impl IntoSecrets) -> Self {
        Self::new(keys)
            .configure(|provider| *provider = Multicaja::confirm(provider.keyring().clone()))
    }

    /// A layer that serves reject only, whatever path and query say: for a path of the merchant's own.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new) does.
    #[track_caller]
    pub fn reject(keys: impl IntoSecrets) -> Self {
        Self::new(keys)
            .configure(|provider| *provider = Multicaja::reject(provider.keyring().clone()))
    }
}

impl<T: Payload, B> WebhookLayer<MercadoPago<T>, B> {
    /// Whether a notification of the IPN, which cannot be verified, is answered with 401, after which it comes again
    /// about every 15 minutes. Off unless set: it is answered with 200 and handed to nobody. See
    /// [`mercadopago`](webhook_core::mercadopago).
    pub fn refuse_ipn(self, refuse: bool) -> Self {
        self.configure(|sender| sender.refuse_ipn(refuse))
    }
}

impl<S, P, B> Layer<S> for WebhookLayer<P, B> {
    type Service = WebhookService<S, P, B>;

    fn layer(&self, inner: S) -> Self::Service {
        WebhookService {
            inner,
            verifier: self.verifier.clone(),
            #[cfg(feature = "timeout")]
            body_timeout: self.body_timeout,
            inward: PhantomData,
        }
    }
}

impl<P, B> Clone for WebhookLayer<P, B> {
    fn clone(&self) -> Self {
        Self {
            verifier: self.verifier.clone(),
            #[cfg(feature = "timeout")]
            body_timeout: self.body_timeout,
            inward: PhantomData,
        }
    }
}

impl<P: Provider, B> fmt::Debug for WebhookLayer<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookLayer")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

/// The layer for Multicaja's validation endpoint, which carries **no credential**: anyone can call it. See
/// [`MulticajaValidation`].
#[must_use]
pub struct MulticajaValidationLayer<B = Full<Bytes>>(WebhookLayer<MulticajaValidation, B>);

impl<B> MulticajaValidationLayer<B> {
    /// The layer. It needs no secret.
    #[allow(
        clippy::new_without_default,
        reason = "a layer that lets everyone in is asked for by name"
    )]
    pub fn new() -> Self {
        Self(WebhookLayer::with_provider(MulticajaValidation::new()))
    }

    /// See [`WebhookLayer::body_limit`].
    pub fn body_limit(self, bytes: usize) -> Self {
        Self(self.0.body_limit(bytes))
    }

    /// See [`WebhookLayer::body_timeout`].
    #[cfg(feature = "timeout")]
    #[cfg_attr(docsrs, doc(cfg(feature = "timeout")))]
    pub fn body_timeout(self, timeout: Duration) -> Self {
        Self(self.0.body_timeout(timeout))
    }

    /// See [`WebhookLayer::on_refusal`].
    pub fn on_refusal(
        self,
        hook: impl Fn(&Rejection, Reply) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self(self.0.on_refusal(hook))
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

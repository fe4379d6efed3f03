use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use http_body_util::Full;
use tower_layer::Layer;
use webhook_core::driver::Verifier;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::Multicaja;
use webhook_core::{__layer, Payload, Provider};

#[cfg(feature = "inbox")]
use crate::Inbox;
#[cfg(feature = "once")]
use crate::OnceLayer;
use crate::WebhookService;
#[cfg(feature = "detach")]
use crate::detached::layer::Settings;
#[cfg(feature = "once")]
use crate::once::Once;
#[cfg(feature = "detach")]
use crate::{DetachedLayer, Tasks};
#[cfg(feature = "inbox")]
use webhook_core::guarantee::InboxStore;
#[cfg(feature = "once")]
use webhook_core::guarantee::OnceStore;
#[cfg(feature = "detach")]
use webhook_core::provider::Authenticated;
#[cfg(feature = "inbox")]
use webhook_core::provider::Deferrable;
#[cfg(feature = "once")]
use webhook_core::provider::Identified;

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
    verifier: Verifier<P>,
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

#[cfg(feature = "detach")]
impl<P: Provider, B> WebhookLayer<P, B> {
    /// Runs each handler in a task of its own, once its delivery is authentic: if the sender hangs up, the handler goes on
    /// to its end. Call it last, when everything else is set.
    ///
    /// `tasks` bounds how many run at once, and waits for them when the server stops. A sender that hangs up, or is told
    /// that the handler is [late](DetachedLayer::answer_by), repeats the delivery, maybe while it is still being handled.
    ///
    /// ```
    /// use webhook_tower::{Tasks, TfWebhookLayer};
    ///
    /// let tasks = Tasks::new();
    /// let layer: TfWebhookLayer = TfWebhookLayer::new("s3cr3t");
    /// let layer = layer.detached(&tasks);
    /// ```
    ///
    /// A sender that proves nothing has no such method:
    ///
    /// ```compile_fail
    /// use webhook_tower::multicaja::MulticajaValidation;
    /// use webhook_tower::{Tasks, WebhookLayer};
    ///
    /// let layer: WebhookLayer<_> = WebhookLayer::with_provider(MulticajaValidation::new());
    /// let layer = layer.detached(&Tasks::new());
    /// ```
    pub fn detached(self, tasks: &Tasks) -> DetachedLayer<P, B>
    where
        P: Authenticated,
    {
        let settings = Settings::new(&self.verifier, tasks);
        DetachedLayer::from_parts(self.verifier, settings)
    }
}

#[cfg(feature = "once")]
impl<P: Provider, B> WebhookLayer<P, B> {
    /// Handles each delivery once, as [`OnceLayer`] says, in a task of its own as [`detached`](Self::detached) does. Call it
    /// last, when everything else is set.
    ///
    /// `endpoint` is the app's name for what it serves, such as `orders`; two endpoints that one sender delivers to need two
    /// names, and a name must stay.
    ///
    /// ```
    /// use webhook_tower::{MemoryStore, Tasks, TfWebhookLayer};
    ///
    /// let tasks = Tasks::new();
    /// let layer: TfWebhookLayer = TfWebhookLayer::new("s3cr3t");
    /// let layer = layer
    ///     .trust_unsigned_ids()
    ///     .once("invoices", MemoryStore::new(), &tasks);
    /// ```
    ///
    /// # Panics
    ///
    /// If the sender does not sign its ids and the app has not said that it [trusts](Self::trust_unsigned_ids) them, or the
    /// name is empty or longer than 64 bytes.
    #[track_caller]
    pub fn once(self, endpoint: &str, store: impl OnceStore, tasks: &Tasks) -> OnceLayer<P, B>
    where
        P: Identified,
    {
        let once = Once::new(&self.verifier, endpoint, store);
        let settings = Settings::new(&self.verifier, tasks);
        OnceLayer::from_parts(self.verifier, settings, once)
    }
}

#[cfg(feature = "inbox")]
impl<P: Provider, B> WebhookLayer<P, B> {
    /// Stores each delivery, acknowledges it once it is durable, and leaves it to a worker: no handler can make the sender
    /// wait, and none that fails or dies loses an event. Call it last, when everything else is set. What it returns is a
    /// service of its own: a route's, not a layer around a handler.
    ///
    /// `endpoint` is the app's name for what it serves, such as `orders`: the worker finds the handler by it, so it must stay.
    /// A repeat is recognized if the sender signs its ids, or if the app [trusts](Self::trust_unsigned_ids) them.
    ///
    /// Klap has no such method: it takes an acknowledgement for the sale.
    ///
    /// ```compile_fail
    /// use webhook_core::guarantee::InboxStore;
    /// use webhook_tower::{MulticajaWebhookLayer, Inbox};
    ///
    /// fn on(store: impl InboxStore) {
    ///     let layer: MulticajaWebhookLayer = MulticajaWebhookLayer::new("key");
    ///     let inbox = layer.inbox("orders", store);
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// If the name is empty, longer than 64 bytes, or has a control character.
    #[track_caller]
    pub fn inbox(self, endpoint: &str, store: impl InboxStore) -> Inbox<P>
    where
        P: Deferrable,
    {
        Inbox::new(self.verifier, endpoint, store)
    }
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

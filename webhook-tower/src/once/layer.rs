use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use tower_layer::Layer;
use webhook_core::Provider;
use webhook_core::guarantee::OnceStore;
use webhook_core::provider::Identified;

use crate::detached::layer::Settings;
use crate::once::Once;
use crate::{DetachedLayer, DetachedService, Tasks, WebhookLayer};

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
    /// name is empty or longer than 64 bytes. If the sender is a [`Scheme`](webhook_core::signing::Scheme) without an id, or
    /// one that signs neither the body nor the id.
    #[track_caller]
    pub fn once(self, endpoint: &str, store: impl OnceStore, tasks: &Tasks) -> OnceLayer<P, B>
    where
        P: Identified,
    {
        let once = Once::new(&self.verifier, endpoint, store);
        let settings = Settings::new(&self.verifier, tasks).with_once(once);
        OnceLayer(DetachedLayer::from_parts(self.verifier, settings))
    }
}

/// Applies [`DetachedService`] so that each delivery is handled once, as far as a store can see to that.
///
/// Made by [`WebhookLayer::once`](crate::WebhookLayer::once), when everything else is set.
///
/// | situation | answer | in the store |
/// |---|---|---|
/// | the first, and its answer counts as received | the handler's | handled |
/// | a repeat while the first runs | 503 with `Retry-After` | unchanged |
/// | a repeat of one that was handled | the sender's acknowledgement | unchanged |
/// | the handler declined, failed or panicked, also if the app acknowledges failures | the handler's | freed: the next is the first |
/// | the handler is [late](DetachedLayer::answer_by) | 503 with `Retry-After` | handled or freed when it ends |
/// | the process was killed, or stopped for longer than the [lease](Self::lease) | – | the next is the first |
/// | the store fails, or is late, before the handler runs | 503 with `Retry-After` | – |
/// | the store fails after it | the handler's | recorded as soon as it can be |
/// | a delivery without an id | the handler's | – |
///
/// A claim is no transaction: if the process dies between the handler's effect and the store's record of it, the delivery is
/// handled again. Where the effect is in a database, claim it there:
/// [`guarantee::postgres`](webhook_core::guarantee::postgres), [`guarantee::sqlite`](webhook_core::guarantee::sqlite).
#[must_use]
pub struct OnceLayer<P, B = Full<Bytes>>(DetachedLayer<P, B>);

impl<P: Provider, B> OnceLayer<P, B> {
    /// Sets how long after the head of a request its answer is sent at the latest: see [`DetachedLayer::answer_by`].
    pub fn answer_by(self, after: Duration) -> Self {
        Self(self.0.answer_by(after))
    }

    /// Sets how long a claim is held without being renewed; it is renewed at a third of that while the handler runs. The
    /// default is a minute. A process that is stopped or cut off from the store for two thirds of it can lose the claim, and
    /// the next attempt is handled beside it.
    ///
    /// # Panics
    ///
    /// If it is shorter than 100 milliseconds.
    #[track_caller]
    pub fn lease(self, lease: Duration) -> Self {
        Self(self.0.map_once(|once| once.set_lease(lease)))
    }

    /// Runs the handler if the store fails, instead of answering with 503: a delivery can then be handled twice. A store that
    /// does not answer is waited for until half of the time is over.
    pub fn run_when_store_fails(self) -> Self {
        Self(self.0.map_once(Once::set_run_when_store_fails))
    }
}

impl<S, P: Provider, B> Layer<S> for OnceLayer<P, B> {
    type Service = DetachedService<S, P, B>;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}

impl<P, B> Clone for OnceLayer<P, B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Provider, B> fmt::Debug for OnceLayer<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceLayer").field(&self.0).finish()
    }
}

use axum_core::body::Body;
use webhook_core::Provider;
use webhook_core::guarantee::OnceStore;
use webhook_core::provider::Identified;
use webhook_tower::Tasks;

use crate::WebhookLayer;

/// What [`WebhookLayer::once`] makes.
pub type OnceLayer<P> = webhook_tower::OnceLayer<P, Body>;

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
    /// name is empty or longer than 64 bytes. If the sender is a [`Scheme`](webhook_core::signing::Scheme) without an id, or
    /// one that signs neither the body nor the id.
    #[track_caller]
    pub fn once(self, endpoint: &str, store: impl OnceStore, tasks: &Tasks) -> OnceLayer<P>
    where
        P: Identified,
    {
        self.0.once(endpoint, store, tasks)
    }
}

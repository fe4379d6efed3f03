use webhook_core::Provider;
use webhook_core::guarantee::InboxStore;
use webhook_core::provider::Deferrable;
use webhook_tower::Inbox;

use crate::WebhookLayer;

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
    /// If the name is empty, longer than 64 bytes, or has a control character. If the sender is a
    /// [`Scheme`](webhook_core::signing::Scheme) that signs neither the body nor an id.
    #[track_caller]
    pub fn inbox(self, endpoint: &str, store: impl InboxStore) -> Inbox<P>
    where
        P: Deferrable,
    {
        self.0.inbox(endpoint, store)
    }
}

//! What an app gets: the delivery and its id.

mod deadline;
mod id;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;

pub use self::deadline::Deadline;
pub(crate) use self::id::joined;
pub use self::id::{DeliveryId, Identity, Trust};
use crate::secrets::Label;

/// An authenticated delivery: the event, the label of the secret that matched, and the raw body.
///
/// Only a [`Verifier`](crate::driver::Verifier) creates one (and, for tests, the `testing` feature), so a handler that
/// has one knows that the credential was checked, unless its sender has none, as Klap's validation. What that proves
/// differs by sender: see the event's documentation. It dereferences to the event.
#[derive(Clone)]
pub struct Delivery<E> {
    event: E,
    label: Option<Label>,
    is_tenant: bool,
    body: Bytes,
    origin: Option<Arc<dyn Origin<E>>>,
}

/// What a delivery gets from its sender on demand.
pub(crate) trait Origin<E>: Send + Sync {
    fn sender(&self) -> &str;

    fn id(&self, event: &E, body: &Bytes) -> Option<DeliveryId>;
}

impl<E> Delivery<E> {
    #[inline]
    pub(crate) fn new(
        event: E,
        (label, is_tenant): (Option<Label>, bool),
        body: Bytes,
        origin: Option<Arc<dyn Origin<E>>>,
    ) -> Self {
        Self {
            event,
            label,
            is_tenant,
            body,
            origin,
        }
    }

    /// The event.
    pub fn event(&self) -> &E {
        &self.event
    }

    /// Returns the event and drops the rest.
    #[inline]
    pub fn into_event(self) -> E {
        self.event
    }

    /// The label of the secret that matched, such as `pdv-3`: the point of sale or tenant. `None` if the secret has no
    /// label, or if the sender does not authenticate this endpoint.
    pub fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    /// The name of the sender, such as `stripe`. Empty if a test created the delivery from an event alone.
    pub fn sender(&self) -> &str {
        self.origin.as_ref().map_or("", |origin| origin.sender())
    }

    /// The sender's id of this delivery, the same when it is repeated. `None` if the sender has none (Klap and Mercado
    /// Pago), if it is missing from this delivery, or if a test created the delivery from an event alone.
    ///
    /// It is computed on demand; for Stripe, that reads the body once more.
    pub fn id(&self) -> Option<DeliveryId> {
        let id = self.origin.as_ref()?.id(&self.event, &self.body)?;
        Some(match &self.label {
            Some(tenant) if self.is_tenant => id.of_tenant(tenant.clone()),
            _ => id,
        })
    }

    /// Whether the label is a tenant.
    pub(crate) fn is_of_tenant(&self) -> bool {
        self.is_tenant && self.label.is_some()
    }

    /// The body exactly as received.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Event, label and body.
    pub fn into_parts(self) -> (E, Option<Label>, Bytes) {
        (self.event, self.label, self.body)
    }
}

impl<E> Deref for Delivery<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

/// Shows the length of the body, not its bytes: it may contain a card token.
impl<E: fmt::Debug> fmt::Debug for Delivery<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("event", &self.event)
            .field("label", &self.label)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

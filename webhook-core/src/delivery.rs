use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

use crate::Label;

/// An authenticated delivery: the event, the label of the secret that matched, and the raw body.
///
/// Only a [`Verifier`](crate::Verifier) makes one (and, for tests, the `testing` feature), so having one in a handler
/// means that the sender's proof was checked. How much that proves differs by sender: see the event's documentation.
/// It dereferences to the event.
#[derive(Clone)]
pub struct Delivery<E> {
    event: E,
    key: Option<Label>,
    body: Bytes,
}

impl<E> Delivery<E> {
    pub(crate) fn new(event: E, key: Option<Label>, body: Bytes) -> Self {
        Self { event, key, body }
    }

    /// The event.
    pub fn event(&self) -> &E {
        &self.event
    }

    /// Takes the event out.
    pub fn into_event(self) -> E {
        self.event
    }

    /// The label of the secret that matched, such as `pdv-3`: which point of sale or tenant this is. `None` if the
    /// secret was given without one, or if the sender does not authenticate this endpoint.
    pub fn key(&self) -> Option<&Label> {
        self.key.as_ref()
    }

    /// The body exactly as received.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Event, label and body.
    pub fn into_parts(self) -> (E, Option<Label>, Bytes) {
        (self.event, self.key, self.body)
    }
}

impl<E> Deref for Delivery<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

/// Shows the length of the body, not its bytes: it may hold a card token.
impl<E: fmt::Debug> fmt::Debug for Delivery<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("event", &self.event)
            .field("key", &self.key)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

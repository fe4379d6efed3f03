use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A Standard Webhooks delivery. The signature covers all of it.
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::standard_webhooks::StandardEvent;
///
/// #[derive(Clone, Deserialize)]
/// struct Contact {
///     r#type: String,
/// }
///
/// fn on_contact(event: StandardEvent<Contact>) {
///     println!("{}, the delivery {}", event.payload.r#type, event.id);
/// }
/// # on_contact(StandardEvent::new("msg_1", 1_674_087_231, Contact { r#type: "contact.created".into() }));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StandardEvent<T = Value> {
    /// `webhook-id`: the same each time this delivery is repeated.
    pub id: String,
    /// `webhook-timestamp`: when this attempt was made, in seconds of Unix time.
    pub timestamp: u64,
    /// The body.
    pub payload: T,
}

impl<T> StandardEvent<T> {
    /// Creates a delivery from all its parts.
    pub fn new(id: impl Into<String>, timestamp: u64, payload: T) -> Self {
        Self {
            id: id.into(),
            timestamp,
            payload,
        }
    }
}

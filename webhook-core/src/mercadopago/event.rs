use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A notification of Mercado Pago: what the signature covers, and what it does not.
///
/// ```
/// use webhook_core::{MercadoPagoEvent, MercadoPagoNotification};
///
/// fn on_event(event: MercadoPagoEvent<MercadoPagoNotification>) {
///     if let Some(id) = event.data_id {
///         println!("ask the API for {id}, perhaps a {:?}", event.unauthenticated.topic);
///     }
/// }
/// # on_event(MercadoPagoEvent::new(MercadoPagoNotification::default()));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MercadoPagoEvent<T = Value> {
    /// `data.id` of the query: the id of the resource, as sent. The signature covers it, but for the case of its
    /// letters. `None` in notifications that name the resource by `id`, which is not covered.
    pub data_id: Option<String>,
    /// `x-request-id`: the id of the request.
    pub request_id: Option<String>,
    /// `ts`: when it was signed, in milliseconds of Unix time, whether it was sent in those or in seconds.
    pub timestamp_ms: u64,
    /// What the signature does not cover: anyone who has captured one notification can send any of it.
    pub unauthenticated: MercadoPagoUnauthenticated<T>,
}

impl<T> MercadoPagoEvent<T> {
    /// A notification with nothing but its body.
    pub fn new(body: T) -> Self {
        Self {
            data_id: None,
            request_id: None,
            timestamp_ms: 0,
            unauthenticated: MercadoPagoUnauthenticated {
                topic: None,
                id: None,
                body,
            },
        }
    }
}

/// What the signature of a notification **does not cover**. Take none of it for a fact: ask the API of Mercado Pago.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MercadoPagoUnauthenticated<T = Value> {
    /// `type` or `topic` of the query: what the notification is about, such as `payment` or `merchant_order`.
    pub topic: Option<String>,
    /// `id` of the query: the id of the resource where there is no `data.id`.
    pub id: Option<String>,
    /// The body.
    pub body: T,
}

/// The body of a notification, in either of its shapes, as a payload type. All fields are optional, and those that are
/// not listed are ignored.
///
/// ```
/// use webhook_core::MercadoPagoNotification;
///
/// let body = r#"{"action":"payment.created","type":"payment","data":{"id":999999999}}"#;
/// let notification: MercadoPagoNotification = serde_json::from_str(body)?;
/// assert_eq!(notification.action.as_deref(), Some("payment.created"));
/// assert_eq!(notification.data.unwrap().id.as_deref(), Some("999999999"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MercadoPagoNotification {
    /// What happened, such as `payment.created`.
    pub action: Option<String>,
    /// What it is about, such as `payment`.
    pub r#type: Option<String>,
    /// The resource.
    pub data: Option<MercadoPagoData>,
    /// In the shape without `type`: what it is about, such as `merchant_order`.
    pub topic: Option<String>,
    /// In the shape without `data`: the id or the URL of the resource; a number as its digits.
    #[serde(default, deserialize_with = "text_or_number")]
    pub resource: Option<String>,
}

/// `data` of a [`MercadoPagoNotification`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MercadoPagoData {
    /// The id of the resource; a number as its digits.
    #[serde(default, deserialize_with = "text_or_number")]
    pub id: Option<String>,
}

/// Mercado Pago writes ids as strings and, of some resources, as numbers.
fn text_or_number<'de, D: Deserializer<'de>>(id: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(id)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

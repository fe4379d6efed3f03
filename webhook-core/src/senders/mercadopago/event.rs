use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A Mercado Pago notification: what the signature covers, and what it does not.
///
/// ```
/// use webhook_core::mercadopago::{MercadoPagoEvent, MercadoPagoNotification};
///
/// fn on_event(event: MercadoPagoEvent<MercadoPagoNotification>) {
///     if let Some(id) = event.data_id {
///         println!("ask the API for {id}, perhaps a {:?}", event.unauthenticated.topic);
///     }
/// }
/// # on_event(MercadoPagoEvent::new(MercadoPagoNotification::default()));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MercadoPagoEvent<T = Value> {
    /// `data.id` of the query: the id of the resource, as sent. The signature covers it, except for the case of its
    /// letters. `None` if the query has none.
    pub data_id: Option<String>,
    /// `x-request-id`: the id of the request.
    pub request_id: Option<String>,
    /// `ts`: when it was signed, in milliseconds of Unix time even if it was sent in seconds.
    pub timestamp_ms: u64,
    /// What the signature does not cover: anyone who has captured one notification can set it to anything.
    pub unauthenticated: MercadoPagoUnauthenticated<T>,
}

impl<T> MercadoPagoEvent<T> {
    /// Creates a notification with only its body.
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

/// What the signature of a notification **does not cover**. Do not trust it: ask the Mercado Pago API.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MercadoPagoUnauthenticated<T = Value> {
    /// `type` or `topic` of the query: what the notification is about, such as `payment` or `merchant_order`.
    pub topic: Option<String>,
    /// `id` of the query: the id of the resource if there is no `data.id`.
    pub id: Option<String>,
    /// The body.
    pub body: T,
}

use crate::answer::BodyError;
use crate::parse::payload;
use crate::provider::Payload;

/// A type that a delivery of a [scheme](crate::signing::Scheme) can decode to: any that derives `Deserialize` and `Clone`, or
/// one that the topic chooses, such as an enum that [`topics!`](crate::topics) declares.
///
/// Implement it by hand for what a table cannot say:
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::BodyError;
/// use webhook_core::scheme::SignedBody;
///
/// #[derive(Clone, Deserialize)]
/// struct Order {
///     id: u64,
/// }
///
/// #[derive(Clone)]
/// enum ShopEvent {
///     Order(Order),
///     Other(String),
/// }
///
/// impl SignedBody for ShopEvent {
///     fn decode(topic: Option<&str>, json: &[u8]) -> Result<Option<Self>, BodyError> {
///         match topic {
///             Some(topic) if topic.starts_with("order/") => {
///                 let order = Order::decode(Some(topic), json)?;
///                 Ok(order.map(Self::Order))
///             }
///             Some(other) => Ok(Some(Self::Other(other.to_owned()))),
///             // Acknowledged, and given to no handler.
///             None => Ok(None),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a delivery cannot decode to `{Self}`",
    note = "derive `serde::Deserialize` and `Clone` for it, or declare it with `topics!`, which needs a `Clone` as well"
)]
pub trait SignedBody: Clone + Send + Sync + Sized + 'static {
    /// Whether the topic chooses the type. Then a layer cannot be built for a sender whose topic nothing proves: anyone who
    /// has captured one delivery could choose the type.
    ///
    /// If it is false, nobody looks for the topic.
    const CHOSEN_BY_TOPIC: bool = true;

    /// Decodes the JSON of an authentic delivery. `None` if the topic is not one of the app's: the delivery is acknowledged
    /// then, and no handler gets it.
    ///
    /// The topic is what [`SignedEvent::topic`](super::SignedEvent::topic) returns, or `None` if it does not choose the type.
    /// Do not call it for JSON from elsewhere, only to decode a part of the enum: the layer has searched for the keys that
    /// serde_json reserves for itself ([`decode_json`](crate::provider::decode_json)).
    ///
    /// # Errors
    ///
    /// JSON that does not fit. If its text is damaged, it is then repaired and decoded once more.
    fn decode(topic: Option<&str>, json: &[u8]) -> Result<Option<Self>, BodyError>;

    /// The kind of an event, for logs and metrics: one of a few fixed names.
    fn kind(payload: &Self) -> &'static str {
        let _ = payload;
        "event"
    }
}

impl<T: Payload> SignedBody for T {
    const CHOSEN_BY_TOPIC: bool = false;

    fn decode(_: Option<&str>, json: &[u8]) -> Result<Option<Self>, BodyError> {
        // The provider has already searched it for reserved keys.
        payload::decode(json).map(Some)
    }
}

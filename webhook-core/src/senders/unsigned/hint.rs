use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What someone sent, who may be anyone: a reason to ask the sender's API, and nothing to act on.
///
/// ```
/// use webhook_core::unsigned::{FlowHint, Unsigned};
///
/// fn on_hint(Unsigned { hint, .. }: Unsigned<FlowHint>) {
///     println!("ask Flow for the status of {}", hint.token);
/// }
/// # on_hint(Unsigned::new(FlowHint::new("AJ089FF5467367")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Unsigned<T = Value> {
    /// The body. **Unauthenticated**, all of it.
    pub hint: T,
}

impl<T> Unsigned<T> {
    /// Creates a hint.
    pub fn new(hint: T) -> Self {
        Self { hint }
    }
}

/// What Flow.cl posts to `urlConfirmation`, as the form `token=<token>`. A body without it is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct FlowHint {
    /// What to call `payment/getStatus` with.
    #[serde(deserialize_with = "nonempty")]
    pub token: String,
}

impl FlowHint {
    /// Creates a hint.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
        }
    }
}

/// What Mercado Libre posts about a topic. A body without `resource` is refused; all else is optional, and a value of
/// another type counts as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MercadoLibreHint {
    /// The path in the API to get, such as `/orders/2195160686`. Do not send your access token to what is not a path of the
    /// API: anyone can write anything here.
    #[serde(deserialize_with = "nonempty")]
    pub resource: String,
    /// The topic, such as `orders_v2`.
    #[serde(default, deserialize_with = "text")]
    pub topic: Option<String>,
    /// The seller.
    #[serde(default, deserialize_with = "number")]
    pub user_id: Option<u64>,
    /// The application that is subscribed.
    #[serde(default, deserialize_with = "number")]
    pub application_id: Option<u64>,
    /// Which attempt it is, from 1.
    #[serde(default, deserialize_with = "number")]
    pub attempts: Option<u64>,
    /// When it was sent, in RFC 3339.
    #[serde(default, deserialize_with = "text")]
    pub sent: Option<String>,
    /// `_id`: what Mercado Libre calls it.
    #[serde(default, rename = "_id", deserialize_with = "text")]
    pub id: Option<String>,
}

impl MercadoLibreHint {
    /// Creates a hint about a resource, with nothing else.
    pub fn new(resource: impl Into<String>) -> Self {
        Self {
            resource: resource.into(),
            ..Self::default()
        }
    }
}

fn nonempty<'de, D: Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    let text = String::deserialize(value)?;
    if text.is_empty() {
        return Err(serde::de::Error::custom("empty"));
    }
    Ok(text)
}

fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(value)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// A number, also as the string of its digits.
fn number<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(value)? {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    })
}

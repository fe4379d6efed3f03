use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::decode;
use crate::answer::BodyError;
use crate::parse::json;
use crate::parse::repair::or_repaired;
use crate::parse::repair::without_bom;

/// What Multicaja/Klap says about an order.
///
/// The digest does not cover the endpoint: anyone with the header of a confirm can send it as a reject, and the
/// reverse. Ask the Klap API before you act on either.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "endpoint", content = "order")]
#[non_exhaustive]
pub enum MulticajaEvent {
    /// The order was paid.
    Confirm(Order),
    /// The order was refused or voided.
    Reject(Order),
}

impl MulticajaEvent {
    /// The order, from either endpoint.
    pub fn order(&self) -> &Order {
        match self {
            Self::Confirm(order) | Self::Reject(order) => order,
        }
    }
}

/// An order: the two ids, which the digest covers together, and everything else, which it does not.
///
/// ```
/// use webhook_core::multicaja::{Order, OrderIds};
///
/// let order = Order::new("ABC", "123");
/// assert!(order.is(OrderIds { reference_id: "ABC", order_id: "123" }));
///
/// // The same digest, a different order:
/// assert!(!order.is(OrderIds { reference_id: "AB", order_id: "C123" }));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Order {
    /// The merchant's id of the order; a number as its digits.
    pub reference_id: String,
    /// The sender's id of the order; a number as its digits.
    pub order_id: String,
    /// What the digest does not cover: anyone who has seen one valid request can set it to anything.
    pub unauthenticated: Box<Unauthenticated>,
}

impl Order {
    /// Creates an order with these ids and nothing else.
    pub fn new(reference_id: impl Into<String>, order_id: impl Into<String>) -> Self {
        Self {
            reference_id: reference_id.into(),
            order_id: order_id.into(),
            unauthenticated: Box::default(),
        }
    }

    /// Decodes an order that the app stored, **without authenticating anything**. Accepts the JSON body of a confirm
    /// or reject, as the layer does, or what `Serialize` wrote.
    ///
    /// What `Serialize` wrote no longer has the card token: [`CardToken::expose`] returns `None`. The body has it.
    ///
    /// ```
    /// use webhook_core::multicaja::Order;
    ///
    /// let order = Order::from_json(br#"{"reference_id":"ABC","order_id":123,"amount":1000}"#)?;
    /// assert_eq!(order.order_id, "123");
    ///
    /// let stored = serde_json::to_vec(&order)?;
    /// assert_eq!(Order::from_json(&stored)?, order);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not a JSON object, or one without both ids; an id that is neither a nonempty string nor an integer, or is not
    /// valid Unicode; a known field that occurs twice or is nested deeper than 128 levels; anything after the object.
    pub fn from_json(body: &[u8]) -> Result<Self, BodyError> {
        if let Some(order) = serialized(body) {
            return Ok(order);
        }
        match decode::order(body) {
            Ok(order) => Ok(order),
            // As in a layer, the ids are not repaired.
            Err(error) => {
                let ids = decode::ids(body)?;
                or_repaired(Err(error), body, |json| decode::order_with(&ids, json))
                    .map(|(order, _)| order)
            }
        }
    }

    /// Whether this is the order with these ids: the pair that you stored when you created it.
    ///
    /// **Make this comparison for every event.** The digest covers the two ids joined without a separator, so it does
    /// not tell `AB` + `C123` from `ABC` + `123`.
    pub fn is(&self, stored: OrderIds<'_>) -> bool {
        self.reference_id == stored.reference_id && self.order_id == stored.order_id
    }
}

/// An order as `Serialize` writes it, with exactly these three fields. A Klap body can be made to look like one; what
/// it then says about the order is unauthenticated all the same.
fn serialized(text: &[u8]) -> Option<Order> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Serialized {
        reference_id: String,
        order_id: String,
        unauthenticated: Box<Unauthenticated>,
    }

    let text = without_bom(text);
    // A derived decoder would also accept an array of the fields.
    if json::first_byte(text) != Some(b'{') {
        return None;
    }
    let Serialized {
        reference_id,
        order_id,
        unauthenticated,
    } = serde_json::from_slice(text).ok()?;
    (!reference_id.is_empty() && !order_id.is_empty()).then_some(Order {
        reference_id,
        order_id,
        unauthenticated,
    })
}

/// The ids that the app stored for an order, named so that they cannot be swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderIds<'a> {
    /// The merchant's id.
    pub reference_id: &'a str,
    /// The sender's id.
    pub order_id: &'a str,
}

/// The fields of an order that its digest **does not cover**. Show or log them (except the card token), but do not
/// trust them: ask the Klap API for the amount.
///
/// All are optional. Numbers have their digits exactly as sent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Unauthenticated {
    /// Confirm: Multicaja's code of the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mc_code: Option<String>,
    /// Confirm: the card token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_id: Option<CardToken>,
    /// Confirm: the type of card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_type: Option<String>,
    /// Confirm: the brand of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Confirm: the first digits of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin: Option<String>,
    /// Confirm: the last digits of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_digits: Option<String>,
    /// Confirm: the means of payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// Confirm: the amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Confirm: the number of installments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quotas_number: Option<String>,
    /// Confirm: who grants the installments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quotas_type: Option<QuotasType>,
    /// Confirm: the wallet that was paid with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet: Option<String>,
    /// Confirm: the type of transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_type: Option<String>,
    /// Reject: the code of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Reject: the reason in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// `quotas_type`: who grants the installments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QuotasType {
    /// `ISSUER`: the bank that issued the card.
    Issuer,
    /// `MERCHANT`: the merchant.
    Merchant,
    /// An undocumented value, as sent.
    Other(String),
}

impl QuotasType {
    /// The value as the sender spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Issuer => "ISSUER",
            Self::Merchant => "MERCHANT",
            Self::Other(text) => text,
        }
    }
}

impl From<String> for QuotasType {
    fn from(text: String) -> Self {
        match text.as_str() {
            "ISSUER" => Self::Issuer,
            "MERCHANT" => Self::Merchant,
            _ => Self::Other(text),
        }
    }
}

impl<'de> Deserialize<'de> for QuotasType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for QuotasType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// `token_id`, which represents a card: zeroed when dropped, and shown by neither `Debug` nor `Serialize`.
///
/// Serializing loses the token: once read back, [`expose`](Self::expose) returns `None`.
#[derive(Clone)]
pub struct CardToken(Option<Zeroizing<String>>);

impl CardToken {
    const REDACTED: &'static str = "[redacted]";

    /// Creates a card token.
    pub fn new(token: impl Into<String>) -> Self {
        Self(Some(Zeroizing::new(token.into())))
    }

    /// The token itself. Keep it out of logs. `None` if it was lost when the order was serialized.
    pub fn expose(&self) -> Option<&str> {
        self.0.as_ref().map(|token| token.as_str())
    }
}

impl PartialEq for CardToken {
    fn eq(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq;
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => one.as_bytes().ct_eq(other.as_bytes()).into(),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl fmt::Debug for CardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::REDACTED)
    }
}

impl Serialize for CardToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::REDACTED)
    }
}

/// Any text other than what `Serialize` writes is a token.
impl<'de> Deserialize<'de> for CardToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Ok(Self((*text != Self::REDACTED).then_some(text)))
    }
}

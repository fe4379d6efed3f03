use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::SignedBody;
use crate::answer::BodyError;
use crate::parse::payload::without_reserved_keys;
use crate::parse::{json_field, repair};
use crate::signing::{Place, Rules, Scheme};

/// A delivery of a sender that a [`Scheme`] describes. What the signature does not cover is in
/// [`unauthenticated`](Self::unauthenticated).
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::scheme::SignedEvent;
///
/// #[derive(Clone, Deserialize)]
/// struct Order {
///     id: u64,
/// }
///
/// fn on_order(event: SignedEvent<Order>) {
///     println!("{:?} of order {}", event.topic(), event.payload.id);
/// }
/// # on_order(SignedEvent::new(Order { id: 1 }).with_topic("orders/paid"));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedEvent<T = Value> {
    /// The body.
    pub payload: T,
    /// What the sender has proven.
    pub proof: Proof,
    /// The time that is signed, in milliseconds of Unix time.
    pub timestamp_ms: Option<u64>,
    /// Headers that are signed and that the scheme [keeps](crate::signing::SchemeBuilder::keep_header), by their names in
    /// lowercase.
    pub headers: BTreeMap<String, String>,
    /// What the signature does not cover: anyone who has captured one delivery can send it with other values.
    pub unauthenticated: UnsignedHead,
    /// From a header that is signed.
    pub(super) topic: Option<String>,
    pub(super) id: Option<String>,
    /// Where they are looked for otherwise, when someone asks, and what is decoded on demand.
    pub(super) source: Option<JsonSource>,
}

/// The JSON that an event was decoded from.
#[derive(Clone)]
pub(super) struct JsonSource {
    /// `None` in an event that was made by hand.
    pub(super) scheme: Option<Scheme>,
    pub(super) json: Bytes,
}

/// What a delivery proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Proof {
    /// That the sender has signed the body as it is.
    Body,
    /// That the sender has signed something, and **not the body**.
    NotBody,
    /// That the sender knows a token. Nothing is signed.
    Token,
}

/// Values from the head of a delivery. **Unauthenticated.** A header that is missing or was sent more than once is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnsignedHead {
    /// The topic.
    pub topic: Option<String>,
    /// The id of the delivery.
    pub id: Option<String>,
    /// The time, in milliseconds of Unix time.
    pub timestamp_ms: Option<u64>,
    /// Headers that the scheme [keeps](crate::signing::SchemeBuilder::keep_header), by their names in lowercase.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

impl<T> SignedEvent<T> {
    /// Creates an event of a signed body, for a test.
    pub fn new(payload: T) -> Self {
        Self::of(payload, Proof::Body)
    }

    pub(super) fn of(payload: T, proof: Proof) -> Self {
        Self {
            payload,
            proof,
            timestamp_ms: None,
            headers: BTreeMap::new(),
            unauthenticated: UnsignedHead::default(),
            topic: None,
            id: None,
            source: None,
        }
    }

    /// The same with a topic that is covered.
    pub fn with_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// The same with an id that is covered.
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The same with the JSON that [`decode_by_unauthenticated_topic`](Self::decode_by_unauthenticated_topic) decodes.
    pub fn with_json(mut self, json: impl Into<Bytes>) -> Self {
        let json = json.into();
        self.source = Some(JsonSource { scheme: None, json });
        self
    }

    /// What the delivery is about, such as `order/paid`, if the signature covers it: it is in the body, or in a header that is
    /// signed. Of a sender with a token, what its body says. `None` if it is missing, empty, or there twice.
    ///
    /// A topic in the body is looked for each time.
    pub fn topic(&self) -> Option<Cow<'_, str>> {
        self.named(self.topic.as_deref(), |rules| rules.topic.as_ref())
    }

    /// Decodes the body once more, to the type that the topic chooses, **even if nothing proves the topic**: for senders that
    /// have it in a header that they do not sign, such as Shopify. `None` if the topic is missing, or not one of the type's.
    ///
    /// Anyone who has captured one delivery can send it with another topic, as long as its body fits the type of that
    /// one. A paid order that is sent again as a cancelled one may look genuine, so act on what the body says, or ask the
    /// sender's API.
    ///
    /// ```
    /// use serde::Deserialize;
    /// use webhook_core::scheme::SignedEvent;
    /// use webhook_core::{BodyError, Value};
    ///
    /// #[derive(Clone, Deserialize)]
    /// struct Order {
    ///     id: u64,
    ///     financial_status: String,
    /// }
    ///
    /// webhook_core::topics! {
    ///     #[derive(Clone)]
    ///     enum ShopEvent {
    ///         "orders/paid" => Paid(Order),
    ///         "app/uninstalled" => Uninstalled,
    ///     }
    /// }
    ///
    /// fn on_event(event: &SignedEvent<Value>) -> Result<(), BodyError> {
    ///     match event.decode_by_unauthenticated_topic()? {
    ///         Some(ShopEvent::Paid(order)) if order.financial_status == "paid" => println!("{} is paid", order.id),
    ///         _ => {}
    ///     }
    ///     Ok(())
    /// }
    /// # let mut event = SignedEvent::new(Value::Null).with_json(r#"{"id":1,"financial_status":"paid"}"#);
    /// # event.unauthenticated.topic = Some("orders/paid".into());
    /// # on_event(&event)?;
    /// # Ok::<(), BodyError>(())
    /// ```
    ///
    /// A topic that is proven is taken, if there is one.
    ///
    /// # Errors
    ///
    /// A body that does not fit the type of the topic. The layer has accepted the delivery already: answer with an error if the
    /// sender shall repeat it.
    pub fn decode_by_unauthenticated_topic<B: SignedBody>(&self) -> Result<Option<B>, BodyError> {
        let topic = self.topic();
        let topic = topic.as_deref().or(self.unauthenticated.topic.as_deref());
        let Some(JsonSource { json, .. }) = &self.source else {
            return Ok(None);
        };
        let decode = |json: &Bytes| B::decode(topic, without_reserved_keys(json)?);
        let (decoded, _) = repair::or_repaired(decode(json), json, decode)?;
        Ok(decoded)
    }

    /// The id of the delivery, under the same conditions as the [topic](Self::topic).
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.named(self.id.as_deref(), |rules| rules.id.as_ref())
    }

    fn named<'a>(
        &'a self,
        sent: Option<&'a str>,
        place: fn(&Rules) -> Option<&Place>,
    ) -> Option<Cow<'a, str>> {
        if let Some(text) = sent {
            return Some(Cow::Borrowed(text));
        }
        let JsonSource { scheme, json } = self.source.as_ref()?;
        let rules = &scheme.as_ref()?.0;
        match place(rules)? {
            Place::Body(path) if rules.vouches_for_body() => {
                json_field::find_text(json, path).map(Cow::Owned)
            }
            Place::Body(_) | Place::Header(_) => None,
        }
    }
}

impl<T: PartialEq> PartialEq for SignedEvent<T> {
    fn eq(&self, other: &Self) -> bool {
        self.payload == other.payload
            && self.proof == other.proof
            && self.timestamp_ms == other.timestamp_ms
            && self.headers == other.headers
            && self.unauthenticated == other.unauthenticated
            && self.topic() == other.topic()
            && self.id() == other.id()
    }
}

impl<T: fmt::Debug> fmt::Debug for SignedEvent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedEvent")
            .field("payload", &self.payload)
            .field("proof", &self.proof)
            .field("topic", &self.topic())
            .field("id", &self.id())
            .field("timestamp_ms", &self.timestamp_ms)
            .field("headers", &self.headers)
            .field("unauthenticated", &self.unauthenticated)
            .finish()
    }
}

impl<T: Serialize> Serialize for SignedEvent<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut event = serializer.serialize_struct("SignedEvent", 7)?;
        event.serialize_field("payload", &self.payload)?;
        event.serialize_field("proof", &self.proof)?;
        event.serialize_field("topic", &self.topic())?;
        event.serialize_field("id", &self.id())?;
        event.serialize_field("timestamp_ms", &self.timestamp_ms)?;
        match self.headers.is_empty() {
            true => event.skip_field("headers")?,
            false => event.serialize_field("headers", &self.headers)?,
        }
        event.serialize_field("unauthenticated", &self.unauthenticated)?;
        event.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event is moved several times on its way to the handler.
    #[test]
    fn what_is_kept_for_later_takes_no_more_than_its_parts() {
        assert_eq!(
            size_of::<Option<JsonSource>>(),
            size_of::<(Scheme, Bytes)>()
        );
    }
}

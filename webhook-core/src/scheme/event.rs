use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::parse::json_field;
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
    /// Where they are looked for otherwise, when someone asks.
    pub(super) source: Option<(Scheme, Bytes)>,
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

    /// What the delivery is about, such as `order/paid`, if the signature covers it: it is in the body, or in a header that is
    /// signed. Of a sender with a token, what its body says. `None` if it is missing, empty, or there twice.
    ///
    /// A topic in the body is looked for each time.
    pub fn topic(&self) -> Option<Cow<'_, str>> {
        self.named(self.topic.as_deref(), |rules| rules.topic.as_ref())
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
        let (scheme, json) = self.source.as_ref()?;
        match place(&scheme.0)? {
            Place::Body(path) => json_field::find_text(json, path).map(Cow::Owned),
            Place::Header(_) => None,
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

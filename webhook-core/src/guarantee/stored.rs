use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::secrets::Label;

/// An authenticated delivery as data: what an inbox stores, and what a handler's delivery is made from again.
///
/// It holds no credential: the headers that carry one are never kept. A store writes what the methods of this name return
/// into columns, and makes the delivery from them again with [`read`](Self::read); what is in the
/// [envelope](Self::envelope) is not the store's business.
///
/// **Anyone who can write to the store can forge deliveries**: what is read from it is trusted.
#[derive(Clone)]
pub struct StoredDelivery {
    pub(crate) format: u16,
    pub(crate) sender: Box<str>,
    pub(crate) endpoint: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) key: Option<Box<str>>,
    pub(crate) keep_key: Duration,
    pub(crate) received_at: SystemTime,
    pub(crate) envelope: Envelope,
    pub(crate) body: Bytes,
}

/// What decoding and calling the handler need beside the body.
///
/// Every field has a default, unknown ones are ignored, and no name is used for something else later: a row of any release
/// is read by every later one.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Envelope {
    /// What the sender's `decode` needs.
    pub(crate) facts: Option<Box<RawValue>>,
    pub(crate) label: Option<Box<str>>,
    /// Whether the label is a tenant.
    pub(crate) is_tenant: bool,
    /// The sender's id, as a log shows it.
    pub(crate) id: Option<Box<str>>,
    /// Path and query.
    pub(crate) target: Box<str>,
    /// The headers that the app wants to see. Values are text: bytes that are not ASCII are kept as Latin-1.
    pub(crate) headers: Vec<(Box<str>, Box<str>)>,
    /// Whether the body is not what was received, but that sealed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) sealed: bool,
}

impl StoredDelivery {
    /// The format of the rows that this release writes. It reads all up to this one.
    pub const FORMAT: u16 = 1;

    /// The format of this row.
    pub fn format(&self) -> u16 {
        self.format
    }

    /// The name of the sender, such as `stripe`.
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// The endpoint, as the app calls it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The kind of the event, one of a few names for each sender.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What is the same when the sender repeats this delivery: [`Identity::key`](crate::Identity::key), at most 512 bytes
    /// without a NUL. A store keeps one row for each. `None` if repeats are not recognized.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// How long the key must be remembered once the delivery was handled.
    pub fn keep_key(&self) -> Duration {
        self.keep_key
    }

    /// When the delivery arrived.
    pub fn received_at(&self) -> SystemTime {
        self.received_at
    }

    /// The label of the secret that matched.
    pub fn label(&self) -> Option<&str> {
        self.envelope.label.as_deref()
    }

    /// The sender's id of the delivery as a log shows it: escaped, and cut after 128 characters.
    pub fn id(&self) -> Option<&str> {
        self.envelope.id.as_deref()
    }

    /// Path and query of the request.
    pub fn target(&self) -> &str {
        &self.envelope.target
    }

    /// The headers that the app wanted to be kept.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.envelope.headers {
            let value: Vec<u8> = value.chars().map(|latin| latin as u8).collect();
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes())
                && let Ok(value) = HeaderValue::from_bytes(&value)
            {
                headers.append(name, value);
            }
        }
        headers
    }

    /// The rest of the delivery beside its body, as a JSON object. It contains no NUL.
    pub fn envelope(&self) -> String {
        // Strings, and JSON that was written before: neither fails.
        serde_json::to_string(&self.envelope).unwrap_or_default()
    }

    /// The body exactly as received, unless it is [sealed](Self::is_sealed).
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Makes a delivery from the columns of a row.
    ///
    /// # Errors
    ///
    /// If the format is newer than this release knows, or the envelope is not one.
    pub fn read(row: Row<'_>, body: Bytes) -> Result<Self, UnreadableRow> {
        if row.format > Self::FORMAT {
            return Err(UnreadableRow(Fault::Format(row.format)));
        }
        let envelope = serde_json::from_str(row.envelope)
            .map_err(|error| UnreadableRow(Fault::Envelope(error)))?;
        Ok(Self {
            format: row.format,
            sender: row.sender.into(),
            endpoint: row.endpoint.into(),
            kind: row.kind.into(),
            key: row.key.map(Into::into),
            keep_key: row.keep_key,
            received_at: row.received_at,
            envelope,
            body,
        })
    }

    /// Whether the [body](Self::body) is sealed: encrypted, for example. It cannot be handled then.
    pub fn is_sealed(&self) -> bool {
        self.envelope.sealed
    }

    /// The same delivery with its body sealed in this.
    pub fn sealed_in(mut self, body: Bytes) -> Self {
        self.body = body;
        self.envelope.sealed = true;
        self
    }

    /// The same delivery with the body that was sealed.
    pub fn opened(mut self, body: Bytes) -> Self {
        self.body = body;
        self.envelope.sealed = false;
        self
    }

    pub(crate) fn tenant_label(&self) -> (Option<Label>, bool) {
        let label = self.label().and_then(|label| Label::new(label).ok());
        (label, self.envelope.is_tenant)
    }

    pub(crate) fn facts(&self) -> Cow<'_, str> {
        match &self.envelope.facts {
            Some(facts) => Cow::Borrowed(facts.get()),
            None => Cow::Borrowed("{}"),
        }
    }
}

/// The columns of a row, beside its body: the argument of [`StoredDelivery::read`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// [`StoredDelivery::format`].
    pub format: u16,
    /// [`StoredDelivery::sender`].
    pub sender: &'a str,
    /// [`StoredDelivery::endpoint`].
    pub endpoint: &'a str,
    /// [`StoredDelivery::kind`].
    pub kind: &'a str,
    /// [`StoredDelivery::key`].
    pub key: Option<&'a str>,
    /// [`StoredDelivery::keep_key`].
    pub keep_key: Duration,
    /// [`StoredDelivery::received_at`].
    pub received_at: SystemTime,
    /// [`StoredDelivery::envelope`].
    pub envelope: &'a str,
}

/// Shows the length of the body, not its bytes, and no facts.
impl fmt::Debug for StoredDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredDelivery")
            .field("sender", &self.sender)
            .field("endpoint", &self.endpoint)
            .field("kind", &self.kind)
            .field("id", &self.envelope.id)
            .field("label", &self.envelope.label)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A row that cannot be made into a delivery.
#[derive(Debug)]
pub struct UnreadableRow(Fault);

#[derive(Debug)]
enum Fault {
    Format(u16),
    Envelope(serde_json::Error),
    Facts(serde_json::Error),
    Sender { stored: Box<str>, here: Box<str> },
    Body(crate::answer::BodyError),
    NoEvent,
    Ignored,
    Sealed,
}

impl UnreadableRow {
    /// Whether another release, or another configuration, of the app could read the row: it is to be left as it is.
    pub fn is_misconfigured(&self) -> bool {
        matches!(
            self.0,
            Fault::Format(_) | Fault::Sender { .. } | Fault::Sealed
        )
    }

    pub(crate) fn facts(error: serde_json::Error) -> Self {
        Self(Fault::Facts(error))
    }

    pub(crate) fn sender(stored: &str, here: &str) -> Self {
        let (stored, here) = (stored.into(), here.into());
        Self(Fault::Sender { stored, here })
    }

    pub(crate) fn body(error: crate::answer::BodyError) -> Self {
        Self(Fault::Body(error))
    }

    pub(crate) fn sealed() -> Self {
        Self(Fault::Sealed)
    }

    /// What was stored was handled then, so it is not acknowledged in silence.
    pub(crate) fn ignored() -> Self {
        Self(Fault::Ignored)
    }

    pub(crate) fn no_event() -> Self {
        Self(Fault::NoEvent)
    }
}

impl fmt::Display for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Fault::Format(format) => write!(
                f,
                "the row has format {format}, and this release reads up to {}: update it",
                StoredDelivery::FORMAT
            ),
            Fault::Envelope(error) => write!(f, "the envelope of the row cannot be read: {error}"),
            Fault::Facts(error) => write!(f, "the facts in the row cannot be read: {error}"),
            Fault::Sender { stored, here } => write!(
                f,
                "the row is of the sender {stored}, and the endpoint of this name is {here}'s: name endpoints apart"
            ),
            Fault::Body(error) => write!(f, "the body does not decode: {error}"),
            Fault::Sealed => {
                f.write_str("the body is sealed: give the worker the store that opens it")
            }
            Fault::NoEvent => f.write_str("the body is a handshake and no event"),
            Fault::Ignored => f.write_str(
                "the app has no type for deliveries of this kind anymore: bring it back, or delete the row",
            ),
        }
    }
}

impl std::error::Error for UnreadableRow {}

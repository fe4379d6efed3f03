use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::BodyError;
use crate::parse::payload;
use crate::provider::Payload;

/// A GitHub delivery: the payload, which the signature covers, and values from headers, which it does not.
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::github::{GithubEvent, GithubPayload};
///
/// #[derive(Clone, Deserialize)]
/// struct Push {
///     r#ref: String,
/// }
///
/// fn on_push(event: GithubEvent<Push>) {
///     if let GithubPayload::Event(push) = event.payload {
///         println!("{} was pushed to", push.r#ref);
///     }
/// }
/// # on_push(GithubEvent::new(Push { r#ref: "refs/heads/main".into() }));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct GithubEvent<T = Value> {
    /// The body.
    pub payload: GithubPayload<T>,
    /// What the signature does not cover: anyone who has captured one delivery can send it with different headers.
    pub unauthenticated: GithubHead,
}

impl<T> GithubEvent<T> {
    /// Creates an event without values from headers.
    pub fn new(payload: T) -> Self {
        Self {
            payload: GithubPayload::Event(payload),
            unauthenticated: GithubHead::default(),
        }
    }
}

/// The body of a delivery.
///
/// The event name, which is **unauthenticated**, decides which of the two it is: a captured event that is sent again
/// as `ping` is read as one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GithubPayload<T = Value> {
    /// `ping`: the webhook was created or its owner asked for a test. It never decodes to the app's payload type.
    Ping(GithubPing),
    /// Any other event.
    Event(T),
}

/// The body of `ping`. Other fields are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct GithubPing {
    /// The id of the webhook.
    pub hook_id: Option<u64>,
    /// A saying.
    pub zen: Option<String>,
}

/// A type that the body can decode to: any that derives `Deserialize` and `Clone`, or that chooses by the event name.
///
/// The name is **unauthenticated**: an attacker who has captured one signed body can send it under any name. If it
/// decodes as two events, the attacker chooses which. So act on what the body says, and use the name to decode it, not
/// to decide what is allowed.
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::BodyError;
/// use webhook_core::github::GithubBody;
/// use webhook_core::provider::decode_json;
///
/// #[derive(Clone, Deserialize)]
/// struct Push {
///     r#ref: String,
/// }
///
/// #[derive(Clone)]
/// enum Event {
///     Push(Push),
///     Other(String),
/// }
///
/// impl GithubBody for Event {
///     fn decode(unauthenticated_event: &str, json: &[u8]) -> Result<Self, BodyError> {
///         match unauthenticated_event {
///             "push" => decode_json(json).map(Self::Push),
///             other => Ok(Self::Other(other.to_owned())),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a GitHub delivery cannot decode to `{Self}`",
    note = "derive `serde::Deserialize` and `Clone` for it, or implement `GithubBody`"
)]
pub trait GithubBody: Clone + Send + Sync + Sized + 'static {
    /// Decodes the JSON of an authentic delivery. The name is that of `X-GitHub-Event`, empty if it is missing or was
    /// sent more than once; `ping` never gets here. Do not use it for JSON from elsewhere: only the layer searches for
    /// the keys that serde_json reserves for itself ([`decode_json`](crate::provider::decode_json)).
    ///
    /// # Errors
    ///
    /// JSON that does not fit. If its text is damaged, it is then repaired and decoded once more, as for every sender.
    fn decode(unauthenticated_event: &str, json: &[u8]) -> Result<Self, BodyError>;
}

impl<T: Payload> GithubBody for T {
    fn decode(_: &str, json: &[u8]) -> Result<Self, BodyError> {
        // The provider has already searched it for reserved keys.
        payload::decode(json)
    }
}

/// Values from the headers of a delivery. **Unauthenticated**. A header that is missing or was sent more than once is
/// `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct GithubHead {
    /// `X-GitHub-Event`: the name of the event, such as `push`.
    pub event: Option<String>,
    /// `X-GitHub-Delivery`: the GUID of the *event*. A redelivery has the same one, and so does every other webhook
    /// that gets the event, at a different level or URL: handle each id once per [`hook_id`](Self::hook_id).
    pub delivery: Option<String>,
    /// `X-GitHub-Hook-ID`: the id of the webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_id: Option<String>,
    /// `X-GitHub-Hook-Installation-Target-Type`: where the webhook was created, such as `repository`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation_target_type: Option<String>,
    /// `X-GitHub-Hook-Installation-Target-ID`: the id of that place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation_target_id: Option<String>,
}

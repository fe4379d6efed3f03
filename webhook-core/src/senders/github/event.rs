use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::BodyError;
use crate::parse::payload;
use crate::provider::Payload;

/// A delivery of GitHub: the payload, which the signature covers, and what the head says, which it does not.
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
    /// What the signature does not cover: anyone who has captured one delivery can send it with another head.
    pub unauthenticated: GithubHead,
}

impl<T> GithubEvent<T> {
    /// An event with nothing in its head.
    pub fn new(payload: T) -> Self {
        Self {
            payload: GithubPayload::Event(payload),
            unauthenticated: GithubHead::default(),
        }
    }
}

/// The body of a delivery.
///
/// Which of the two it is comes from the event name, which is **unauthenticated**: a captured event that is sent again
/// as `ping` is read as one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GithubPayload<T = Value> {
    /// `ping`: the webhook was created or its owner asked for a test. It never decodes to the payload type of the app.
    Ping(GithubPing),
    /// Any other event.
    Event(T),
}

/// The body of `ping`; fields that are not listed are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct GithubPing {
    /// The id of the webhook.
    pub hook_id: Option<u64>,
    /// A saying.
    pub zen: Option<String>,
}

/// What the body of a delivery can decode to: any type of your own that derives `Deserialize` and `Clone`, and any type
/// that chooses by the name of the event.
///
/// The name is **unauthenticated**: an attacker who has captured one signed body can send it under every name. Of two events
/// whose bodies both decode, an attacker chooses which one it is. So act on what the body holds, and use the name to
/// decode it, not to decide what may be done.
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
    /// Decodes the JSON of an authentic delivery, in which the layer has looked for the keys that serde_json reserves for
    /// itself ([`decode_json`](crate::provider::decode_json)): it is not for JSON from elsewhere. The name is that of `X-GitHub-Event`, empty if it is absent or was
    /// sent more than once; `ping` never arrives here.
    ///
    /// # Errors
    ///
    /// JSON that does not fit. It is then decoded once more with its text repaired, as for every sender, if it was
    /// damaged.
    fn decode(unauthenticated_event: &str, json: &[u8]) -> Result<Self, BodyError>;
}

impl<T: Payload> GithubBody for T {
    fn decode(_: &str, json: &[u8]) -> Result<Self, BodyError> {
        // The provider has searched it for reserved keys.
        payload::decode(json)
    }
}

/// What the head of a delivery says. **Unauthenticated**. A header that is absent or was sent more than once is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct GithubHead {
    /// `X-GitHub-Event`: the name of the event, such as `push`.
    pub event: Option<String>,
    /// `X-GitHub-Delivery`: a GUID that names the *event*. A redelivery carries the same, and so does every other webhook
    /// that gets the event, at another level or with another URL: what is handled once is this id within one
    /// [`hook_id`](Self::hook_id).
    pub delivery: Option<String>,
    /// `X-GitHub-Hook-ID`: the webhook that this delivery is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_id: Option<String>,
    /// `X-GitHub-Hook-Installation-Target-Type`: where the webhook was created, such as `repository`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation_target_type: Option<String>,
    /// `X-GitHub-Hook-Installation-Target-ID`: the id of that place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation_target_id: Option<String>,
}

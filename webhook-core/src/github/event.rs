use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A delivery of GitHub: the payload, which the signature covers, and what the head says, which it does not.
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::{GithubEvent, GithubPayload};
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
/// as `ping` is taken for one, and decodes to nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

/// What the head of a delivery says. **Unauthenticated**.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GithubHead {
    /// `X-GitHub-Event`: the name of the event, such as `push`. `None` if it is absent or was sent more than once.
    pub event: Option<String>,
    /// `X-GitHub-Delivery`: a GUID. `None` if it is absent or was sent more than once.
    pub delivery: Option<String>,
}

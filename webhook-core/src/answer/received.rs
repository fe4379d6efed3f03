use http::StatusCode;
use serde_json::value::RawValue;

use super::acknowledgement::is_json;

/// Which responses a sender counts as received. Any other is a failure, after which most senders repeat the delivery.
///
/// ```
/// use webhook_core::answer::Received;
/// use webhook_core::http::StatusCode;
///
/// assert!(Received::Success.counts(StatusCode::CREATED));
/// assert!(!Received::Only(&[StatusCode::OK]).counts(StatusCode::CREATED));
/// assert!(Received::UpTo(StatusCode::FOUND).counts(StatusCode::FOUND));
/// assert!(!Received::UpTo(StatusCode::FOUND).counts(StatusCode::SEE_OTHER));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// Any 2xx.
    #[default]
    Success,
    /// Any 2xx whose `Content-Type` is JSON.
    SuccessWithJson,
    /// Only these statuses. A handler's success with a different status is sent with the first of them.
    Only(&'static [StatusCode]),
    /// From 200 to this status, which may be a redirect: the sender follows none, and takes it for an answer.
    UpTo(StatusCode),
}

impl Received {
    /// Whether the sender counts a response with this status as received. If it requires JSON, the response must also
    /// be JSON.
    #[inline]
    pub fn counts(self, status: StatusCode) -> bool {
        match self {
            Self::Success | Self::SuccessWithJson => status.is_success(),
            Self::Only(statuses) => statuses.contains(&status),
            Self::UpTo(last) => status >= StatusCode::OK && status <= last,
        }
    }

    /// Whether the sender counts a whole response as received: by its status, and if it requires JSON, by its `Content-Type` and
    /// by whether its body is JSON.
    ///
    /// ```
    /// use webhook_core::answer::Received;
    /// use webhook_core::http::StatusCode;
    ///
    /// let json = Some(b"application/json".as_slice());
    /// assert!(Received::SuccessWithJson.counts_response(StatusCode::OK, json, b"{}"));
    /// assert!(!Received::SuccessWithJson.counts_response(StatusCode::OK, json, b"ok"));
    /// assert!(!Received::SuccessWithJson.counts_response(StatusCode::OK, Some(b"text/plain"), b"{}"));
    /// ```
    pub fn counts_response(
        self,
        status: StatusCode,
        content_type: Option<&[u8]>,
        body: &[u8],
    ) -> bool {
        self.counts(status)
            && (self != Self::SuccessWithJson
                || content_type.is_some_and(is_json)
                    && serde_json::from_slice::<&RawValue>(body).is_ok())
    }

    /// The status that replaces that of a success that does not count.
    pub(super) fn instead(self) -> StatusCode {
        match self {
            Self::Only([first, ..]) => *first,
            _ => StatusCode::OK,
        }
    }
}

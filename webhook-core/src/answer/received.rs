use http::StatusCode;

/// What a sender counts as received, of all that a receiver can answer. Anything else is a failure to it, and most senders
/// then repeat the delivery.
///
/// ```
/// use webhook_core::answer::Received;
/// use webhook_core::http::StatusCode;
///
/// assert!(Received::Success.counts(StatusCode::CREATED));
/// assert!(!Received::Only(&[StatusCode::OK]).counts(StatusCode::CREATED));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// Any 2xx.
    #[default]
    Success,
    /// Any 2xx whose `Content-Type` is JSON.
    SuccessWithJson,
    /// These statuses and no others. A handler's success with another status is sent with the first of them.
    Only(&'static [StatusCode]),
}

impl Received {
    /// Whether this sender counts an answer with this status as received. If it asks for JSON, the answer has to be JSON
    /// as well.
    #[inline]
    pub fn counts(self, status: StatusCode) -> bool {
        match self {
            Self::Success | Self::SuccessWithJson => status.is_success(),
            Self::Only(statuses) => statuses.contains(&status),
        }
    }

    /// The status that a success is sent with instead of one that does not count.
    pub(super) fn instead(self) -> StatusCode {
        match self {
            Self::Only([first, ..]) => *first,
            _ => StatusCode::OK,
        }
    }
}

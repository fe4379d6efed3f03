use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER};

use super::{Rejection, RejectionClass};

/// A complete answer to the sender. Adapters turn it into their framework's response type.
///
/// ```
/// use webhook_core::answer::Reply;
/// use webhook_core::http::StatusCode;
///
/// let mut reply = Reply::text(StatusCode::OK, "OK");
/// reply.headers.push((http::header::RETRY_AFTER, http::HeaderValue::from_static("30")));
/// assert_eq!(reply.body, "OK");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The `Content-Type`, if there is a body.
    pub content_type: Option<HeaderValue>,
    /// Further headers. Usually empty, which needs no allocation.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// An answer without a body.
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            content_type: None,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// An answer in plain UTF-8 text.
    pub fn text(status: StatusCode, body: &'static str) -> Self {
        Self {
            content_type: Some(const { HeaderValue::from_static("text/plain; charset=utf-8") }),
            body: Bytes::from_static(body.as_bytes()),
            ..Self::new(status)
        }
    }

    /// An answer whose body is the given JSON text.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            content_type: Some(const { HeaderValue::from_static("application/json") }),
            body: body.into(),
            ..Self::new(status)
        }
    }

    /// A 503 that asks the sender to repeat the delivery in half a minute or later.
    pub fn try_again() -> Self {
        Self {
            headers: vec![(RETRY_AFTER, const { HeaderValue::from_static("30") })],
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE)
        }
    }

    /// The plain HTTP status for the rejection, without a body: 405 with `Allow`, 404, 403, 401, 413, 408, or 400 for
    /// the rest.
    ///
    /// A [`Provider`](crate::Provider) uses this if its sender documents no answer.
    pub fn standard(rejection: &Rejection) -> Self {
        match rejection.class() {
            RejectionClass::Method => Self {
                headers: vec![(ALLOW, const { HeaderValue::from_static("POST") })],
                ..Self::new(StatusCode::METHOD_NOT_ALLOWED)
            },
            RejectionClass::Endpoint => Self::new(StatusCode::NOT_FOUND),
            RejectionClass::Credential | RejectionClass::Unverifiable => {
                Self::new(StatusCode::UNAUTHORIZED)
            }
            RejectionClass::Handshake => Self::new(StatusCode::FORBIDDEN),
            RejectionClass::Size => Self::new(StatusCode::PAYLOAD_TOO_LARGE),
            RejectionClass::Time => Self::new(StatusCode::REQUEST_TIMEOUT),
            RejectionClass::Interruption | RejectionClass::Body => {
                Self::new(StatusCode::BAD_REQUEST)
            }
        }
    }
}

/// Shows the length of the body, not its bytes: Klap's acknowledgement is the order, which may contain a card token.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

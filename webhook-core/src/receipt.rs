use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, TRAILER, TRANSFER_ENCODING,
};

use crate::Reply;
use crate::observe::Observation;

/// What becomes of the handler's answer: the sender's rules for a delivery that was accepted.
///
/// It is computed before the handler runs, so that the handler can own the event. It is small, since an adapter carries
/// it through every step until the handler answers: what an answer needs is made when it is sent.
#[derive(Debug)]
#[must_use = "a receipt decides what the sender hears"]
pub struct Receipt {
    acknowledgement: Acknowledgement,
    failure_acknowledgement: Option<fn() -> Reply>,
    only_200: bool,
    only_json: bool,
    pub(crate) observation: Observation,
}

enum Acknowledgement {
    Constant(fn() -> Reply),
    Json(Bytes),
    Any(Box<Reply>),
}

/// Shows the length of a body, not its bytes: Klap's acknowledgement is the order, which may hold a card token.
impl fmt::Debug for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(reply) => reply().fmt(f),
            Self::Json(body) => f.debug_tuple("Json").field(&body.len()).finish(),
            Self::Any(reply) => reply.fmt(f),
        }
    }
}

impl Acknowledgement {
    fn into_reply(self) -> Reply {
        match self {
            Self::Constant(reply) => reply(),
            Self::Json(body) => Reply::json(StatusCode::OK, body),
            Self::Any(reply) => *reply,
        }
    }
}

impl Receipt {
    /// A receipt whose acknowledgement stands in for a successful answer without a body.
    pub fn new(acknowledgement: Reply) -> Self {
        Self::with(Acknowledgement::Any(Box::new(acknowledgement)))
    }

    /// The same, for an acknowledgement that never changes: without an allocation, and made only when it is sent.
    ///
    /// ```
    /// use webhook_core::{Receipt, Reply, http::StatusCode};
    ///
    /// let receipt = Receipt::constant(|| Reply::text(StatusCode::OK, "received"));
    /// # let _ = receipt;
    /// ```
    pub fn constant(acknowledgement: fn() -> Reply) -> Self {
        Self::with(Acknowledgement::Constant(acknowledgement))
    }

    /// The same, for a 200 with this JSON text.
    pub fn json(acknowledgement: impl Into<Bytes>) -> Self {
        Self::with(Acknowledgement::Json(acknowledgement.into()))
    }

    fn with(acknowledgement: Acknowledgement) -> Self {
        Self {
            acknowledgement,
            failure_acknowledgement: None,
            only_200: false,
            only_json: false,
            observation: Observation::none(),
        }
    }

    /// The sender counts only status 200 as received: any other 2xx becomes 200.
    pub fn only_200(mut self) -> Self {
        self.only_200 = true;
        self
    }

    /// The sender wants JSON: a successful answer whose `Content-Type` is something else is replaced by the
    /// acknowledgement, and a warning is logged.
    pub fn only_json(mut self) -> Self {
        self.only_json = true;
        self
    }

    /// The app acknowledges failures: a 5xx of the handler is replaced by this answer.
    pub fn acknowledging_failures(mut self, acknowledgement: fn() -> Reply) -> Self {
        self.failure_acknowledgement = Some(acknowledgement);
        self
    }

    /// Meets the handler's answer. `content_type` is its `Content-Type`; `without_body` says that it is known to
    /// have no body.
    ///
    /// | the handler's answer | what the sender gets |
    /// |---|---|
    /// | 2xx without a body: 204, 205, or known to be empty | the acknowledgement |
    /// | 2xx that is not JSON, where the sender wants JSON | the acknowledgement, and a warning in the log |
    /// | 2xx other than 200, where the sender counts only 200 | the same with status 200 |
    /// | 5xx, where the app acknowledges failures | the second acknowledgement |
    /// | anything else | as it is |
    pub fn settle(
        self,
        status: StatusCode,
        content_type: Option<&[u8]>,
        without_body: bool,
    ) -> Settlement {
        let settlement = if status.is_success() {
            let without_body = without_body
                || matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
            if without_body {
                Settlement::Replace(self.acknowledgement.into_reply())
            } else if self.only_json && !content_type.is_some_and(is_json) {
                self.observation.replaced_answer();
                Settlement::Replace(self.acknowledgement.into_reply())
            } else if self.only_200 && status != StatusCode::OK {
                Settlement::SetStatus(StatusCode::OK)
            } else {
                Settlement::Pass
            }
        } else {
            match self.failure_acknowledgement {
                Some(reply) if status.is_server_error() => Settlement::Replace(reply()),
                _ => Settlement::Pass,
            }
        };
        self.observation.answered(status);
        settlement
    }

    /// The acknowledgement, as it would be sent now.
    pub fn acknowledgement(&self) -> Reply {
        match &self.acknowledgement {
            Acknowledgement::Constant(reply) => reply(),
            Acknowledgement::Json(body) => Reply::json(StatusCode::OK, body.clone()),
            Acknowledgement::Any(reply) => (**reply).clone(),
        }
    }
}

/// What an adapter does with the handler's response.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Settlement {
    /// Send it as it is.
    Pass,
    /// Send it with this status.
    SetStatus(StatusCode),
    /// Drop its body, take off [`Settlement::BODY_HEADERS`], and send this instead.
    Replace(Reply),
}

impl Settlement {
    /// The header fields that describe a body. They go when the body is replaced: a router has often set
    /// `content-length: 0` already, and the new body would be cut off.
    pub const BODY_HEADERS: [HeaderName; 6] = [
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        CONTENT_TYPE,
        CONTENT_ENCODING,
        ETAG,
        TRAILER,
    ];
}

/// `application/json` and `…/…+json`, with or without parameters.
fn is_json(content_type: &[u8]) -> bool {
    let essence = content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    essence.eq_ignore_ascii_case(b"application/json")
        || essence
            .len()
            .checked_sub(5)
            .and_then(|at| essence.split_at_checked(at))
            .is_some_and(|(media, suffix)| {
                media.contains(&b'/') && suffix.eq_ignore_ascii_case(b"+json")
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognised_by_its_media_type() {
        for json in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
            " application/json ;x=y",
        ] {
            assert!(is_json(json.as_bytes()), "{json}");
        }
        for other in [
            "",
            "+json",
            "text/plain",
            "application/jsonp",
            "text/json;application/json",
        ] {
            assert!(!is_json(other.as_bytes()), "{other}");
        }
    }
}

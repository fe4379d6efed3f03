use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, TRAILER, TRANSFER_ENCODING,
};

use super::{Received, Reply};

/// A sender's rule for answering an accepted delivery: which responses count as received, and what replaces others.
///
/// It is plain data, created before the handler runs, so the handler can own the event. Adapters carry it until the
/// handler answers, so it is small: the reply is built only when it is sent.
#[derive(Clone, Debug)]
#[must_use = "an acknowledgement decides what the sender is told"]
pub struct Acknowledgement {
    reply: Kind,
    failure: Option<fn() -> Reply>,
    /// What the sender documents, unless the rule says otherwise.
    received: Option<Received>,
}

#[derive(Clone)]
enum Kind {
    Constant(fn() -> Reply),
    Json(Bytes),
    Any(Box<Reply>),
}

/// Shows the length of a body, not its bytes: Klap's acknowledgement is the order, which may contain a card token.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(reply) => reply().fmt(f),
            Self::Json(body) => f.debug_tuple("Json").field(&body.len()).finish(),
            Self::Any(reply) => reply.fmt(f),
        }
    }
}

impl Kind {
    fn into_reply(self) -> Reply {
        match self {
            Self::Constant(reply) => reply(),
            Self::Json(body) => Reply::json(StatusCode::OK, body),
            Self::Any(reply) => *reply,
        }
    }
}

impl Acknowledgement {
    /// Sends this reply in place of a successful response without a body. Any 2xx counts as received.
    pub fn new(reply: Reply) -> Self {
        Self::with(Kind::Any(Box::new(reply)))
    }

    /// Like [`new`](Self::new), for a reply that never changes: it needs no allocation, and is built only when it is
    /// sent.
    ///
    /// ```
    /// use webhook_core::answer::{Acknowledgement, Reply};
    /// use webhook_core::http::StatusCode;
    ///
    /// let rule = Acknowledgement::constant(|| Reply::text(StatusCode::OK, "received"));
    /// assert_eq!(rule.reply().body, "received");
    /// ```
    pub fn constant(reply: fn() -> Reply) -> Self {
        Self::with(Kind::Constant(reply))
    }

    /// Like [`new`](Self::new), for a 200 with this JSON text.
    pub fn json(text: impl Into<Bytes>) -> Self {
        Self::with(Kind::Json(text.into()))
    }

    fn with(reply: Kind) -> Self {
        Self {
            reply,
            failure: None,
            received: None,
        }
    }

    /// What the sender counts as received, if that is not what its [timing](crate::provider::Timing) says. A successful
    /// answer of the handler that does not count is made to: a status that does not count is changed, and an answer that is
    /// not JSON is replaced if the sender asks for JSON, with a warning in the log.
    pub fn received(mut self, received: Received) -> Self {
        self.received = Some(received);
        self
    }

    /// Fills in what the sender documents.
    #[inline]
    pub(crate) fn fill_received(&mut self, documented: Received) {
        self.received.get_or_insert(documented);
    }

    /// Acknowledges failures: this reply replaces a 5xx from the handler.
    pub fn acknowledging_failures(mut self, reply: fn() -> Reply) -> Self {
        self.failure = Some(reply);
        self
    }

    /// The reply, as it would be sent now.
    pub fn reply(&self) -> Reply {
        self.reply.clone().into_reply()
    }

    /// Applies the rule to the handler's response. See [`InFlight::answer`](crate::driver::InFlight::answer) for the
    /// table.
    #[inline]
    pub(crate) fn apply(
        self,
        status: StatusCode,
        content_type: Option<&[u8]>,
        without_body: bool,
    ) -> Applied {
        let counted = self.received.unwrap_or_default();
        if !status.is_success() {
            return match self.failure {
                Some(reply) if status.is_server_error() => {
                    Applied::sent(Answer::Replace(reply()), false)
                }
                _ => Applied::sent(Answer::Pass, counted.counts(status)),
            };
        }
        let without_body =
            without_body || matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
        let not_json = counted == Received::SuccessWithJson && !content_type.is_some_and(is_json);
        if without_body || not_json {
            let reply = self.reply.into_reply();
            return Applied {
                received: counted.counts(reply.status),
                answer: Answer::Replace(reply),
                was_not_json: not_json && !without_body,
            };
        }
        if counted.counts(status) {
            Applied::sent(Answer::Pass, true)
        } else {
            Applied::sent(Answer::SetStatus(counted.instead()), true)
        }
    }
}

/// What happens to the handler's response, and whether the sender counts what is sent as received.
pub(crate) struct Applied {
    pub(crate) answer: Answer,
    pub(crate) received: bool,
    /// A success was replaced because this sender wants JSON.
    pub(crate) was_not_json: bool,
}

impl Applied {
    fn sent(answer: Answer, received: bool) -> Self {
        Self {
            answer,
            received,
            was_not_json: false,
        }
    }
}

/// What an adapter does with the handler's response.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// Send it unchanged.
    Pass,
    /// Send it with this status.
    SetStatus(StatusCode),
    /// Drop its body, remove [`Answer::BODY_HEADERS`], and send this instead.
    Replace(Reply),
}

impl Answer {
    /// The headers that describe a body. Remove them when the body is replaced: a router has often set
    /// `content-length: 0` already, which would cut off the new body.
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
pub(super) fn is_json(content_type: &[u8]) -> bool {
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
    fn json_is_recognized_by_its_media_type() {
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

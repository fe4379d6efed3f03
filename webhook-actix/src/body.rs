use std::convert::Infallible;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Payload;
use bytes::Bytes;

/// The body of an answer that the layer gives in the place of the handler.
///
/// It holds what was not read of a refused request until the answer is written. A chunked request whose payload is
/// dropped before would be read on and thrown away, without a limit of size or time and even after
/// `Connection: close`; of one that is held, actix closes the connection.
pub struct ReplyBody {
    bytes: Bytes,
    _unread: Option<Payload>,
}

impl ReplyBody {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self {
            bytes,
            _unread: None,
        }
    }

    pub(crate) fn holding(self, unread: Payload) -> Self {
        Self {
            _unread: Some(unread),
            ..self
        }
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBody").finish_non_exhaustive()
    }
}

impl MessageBody for ReplyBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.bytes.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let bytes = mem::take(&mut self.get_mut().bytes);
        Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)))
    }
}

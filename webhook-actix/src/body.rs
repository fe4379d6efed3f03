use std::convert::Infallible;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Payload;
use bytes::Bytes;

/// The body of the answer to a refused request.
///
/// It keeps the unread rest of the request until the answer is written. If the payload of a chunked request is dropped
/// earlier, actix reads on and discards it, without a limit of size or time and even after `Connection: close`; if it
/// is kept, actix closes the connection.
pub(crate) struct ReplyBody {
    bytes: Bytes,
    _unread: Payload,
}

impl ReplyBody {
    pub(crate) fn new(bytes: Bytes, unread: Payload) -> Self {
        Self {
            bytes,
            _unread: unread,
        }
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

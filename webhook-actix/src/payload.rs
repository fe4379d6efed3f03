use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_core::Stream;
use webhook_core::Rejection;
use webhook_core::driver::BodyBuffer;

/// Collects the payload until it ends or is refused.
pub(crate) fn poll_payload(
    payload: &mut Payload,
    buffer: &mut BodyBuffer,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Rejection>> {
    for _ in 0..BodyBuffer::FRAMES_PER_TURN {
        match ready!(Pin::new(&mut *payload).poll_next(cx)) {
            None => return Poll::Ready(Ok(())),
            Some(Ok(frame)) => buffer.push(frame)?,
            Some(Err(PayloadError::Overflow)) => {
                return Poll::Ready(Err(Rejection::BodyTooLarge));
            }
            Some(Err(_)) => return Poll::Ready(Err(Rejection::BodyInterrupted)),
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// The payload with its body put back, for inner extractors.
///
/// An HTTP/1 payload takes back what was read from it. Any other is replaced by a stream: actix's own conversion from
/// bytes creates a channel, with a queue and both ends.
pub(crate) fn refilled(read: Payload, body: Bytes) -> Payload {
    match read {
        Payload::H1 { mut payload } => {
            payload.unread_data(body);
            payload.into()
        }
        _ => {
            let whole: Pin<Box<dyn Stream<Item = _>>> = Box::pin(Whole(Some(body)));
            whole.into()
        }
    }
}

/// A complete body.
struct Whole(Option<Bytes>);

impl Stream for Whole {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

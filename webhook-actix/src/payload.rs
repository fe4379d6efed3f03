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

/// The payload with its body put back, for extractors inside.
///
/// That of HTTP/1 takes back what was read from it. For any other one a stream stands in: actix's own conversion from
/// bytes makes a channel of them, with a queue and both of its ends.
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

/// A body that is there in whole.
struct Whole(Option<Bytes>);

impl Stream for Whole {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

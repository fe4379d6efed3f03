use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_core::Stream;
use webhook_core::{BodyBuffer, Rejection};

/// How many frames are taken before other tasks get their turn. HTTP/2 lets a client send empty ones without end.
const FRAMES_PER_POLL: usize = 256;

/// Collects the payload until it ends or is refused.
pub(crate) fn poll_payload(
    payload: &mut Payload,
    buffer: &mut BodyBuffer,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Rejection>> {
    for _ in 0..FRAMES_PER_POLL {
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

/// A payload that is there in whole, for extractors inside. actix's own conversion from bytes makes a channel of it,
/// with a queue and both of its ends.
pub(crate) struct Whole(Option<Bytes>);

impl Whole {
    pub(crate) fn payload(body: Bytes) -> Payload {
        let whole: Pin<Box<dyn Stream<Item = _>>> = Box::pin(Self(Some(body)));
        whole.into()
    }
}

impl Stream for Whole {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

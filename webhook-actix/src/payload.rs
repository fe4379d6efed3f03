use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::{HttpMessage, rt};
use bytes::Bytes;
use futures_core::Stream;
use webhook_core::{BodyBuffer, Pending, Provider, Rejection};

/// Buffers the payload under the limits. What is not read goes back into the request.
pub(crate) async fn buffer<P: Provider>(
    request: &mut ServiceRequest,
    pending: &Pending<P>,
    timeout: Duration,
) -> Result<Bytes, Rejection> {
    let mut payload = request.take_payload();
    let mut buffer = pending.buffer();
    let collected = {
        let mut collecting = pin!(collect(&mut payload, &mut buffer));
        // A small body has usually arrived with its head, and then no clock is read.
        match poll_fn(|cx| Poll::Ready(collecting.as_mut().poll(cx))).await {
            Poll::Ready(collected) => collected,
            Poll::Pending => rt::time::timeout(timeout, collecting)
                .await
                .unwrap_or(Err(Rejection::BodyTimeout)),
        }
    };
    match collected {
        Ok(()) => Ok(buffer.into_bytes()),
        Err(rejection) => {
            request.set_payload(payload);
            Err(rejection)
        }
    }
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

async fn collect(payload: &mut Payload, buffer: &mut BodyBuffer) -> Result<(), Rejection> {
    /// How many frames are taken before other tasks get their turn. HTTP/2 lets a client send empty ones without end.
    const FRAMES_PER_TURN: usize = 256;

    loop {
        for _ in 0..FRAMES_PER_TURN {
            match poll_fn(|cx| Pin::new(&mut *payload).poll_next(cx)).await {
                None => return Ok(()),
                Some(Ok(frame)) => buffer.push(frame)?,
                Some(Err(PayloadError::Overflow)) => return Err(Rejection::BodyTooLarge),
                Some(Err(_)) => return Err(Rejection::BodyInterrupted),
            }
        }
        rt::task::yield_now().await;
    }
}

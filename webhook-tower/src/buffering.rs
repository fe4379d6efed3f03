use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::LengthLimitError;
use webhook_core::{Accepted, BodyBuffer, InFlight, Pending, Provider, Rejection};

use crate::{BoxError, response};

/// A request whose head has passed, and whose body did not arrive with it.
pub(crate) struct Buffering<P: Provider, ReqBody> {
    pub(crate) parts: Parts,
    pub(crate) pending: Pending<P>,
    pub(crate) body: Pin<Box<ReqBody>>,
    pub(crate) buffer: BodyBuffer,
}

impl<P, ReqBody> Buffering<P, ReqBody>
where
    P: Provider,
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Rejection>> {
        poll_body(self.body.as_mut(), &mut self.buffer, cx)
    }

    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub(crate) fn finish<B: From<Bytes>>(
        mut self,
        buffered: Result<(), Rejection>,
    ) -> Result<(Request<B>, InFlight), Response<Bytes>> {
        let body = self.buffer.into_bytes();
        let buffered = buffered.map(|()| body.clone());
        let in_flight = authenticate(&mut self.parts, self.pending, buffered)?;
        Ok((Request::from_parts(self.parts, B::from(body)), in_flight))
    }
}

/// How many frames are taken before other tasks get their turn. HTTP/2 lets a client send empty ones without end.
const FRAMES_PER_POLL: usize = 256;

/// Collects the body until it ends or is refused.
pub(crate) fn poll_body<ReqBody>(
    mut body: Pin<&mut ReqBody>,
    buffer: &mut BodyBuffer,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Rejection>>
where
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    for _ in 0..FRAMES_PER_POLL {
        if body.is_end_stream() {
            return Poll::Ready(Ok(()));
        }
        match ready!(body.as_mut().poll_frame(cx)) {
            None => return Poll::Ready(Ok(())),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    buffer.push(data)?;
                }
            }
            Some(Err(error)) => return Poll::Ready(Err(interruption(&*error.into()))),
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Authenticates the delivery and puts it into the head of its request; or answers the sender.
///
/// The head is changed where it lies: moving it in and out is a good part of what a layer costs.
#[allow(clippy::result_large_err, reason = "the answer is sent at once")]
pub(crate) fn authenticate<P: Provider>(
    parts: &mut Parts,
    pending: Pending<P>,
    body: Result<Bytes, Rejection>,
) -> Result<InFlight, Response<Bytes>> {
    match pending.collected(body) {
        Ok(Accepted {
            delivery,
            in_flight,
            ..
        }) => {
            for (name, value) in &mut parts.headers {
                if P::CREDENTIAL_HEADERS.contains(&name.as_str()) {
                    value.set_sensitive(true);
                }
            }
            parts.extensions.insert(delivery);
            Ok(in_flight)
        }
        Err(refused) => Err(response::refusal(refused, parts.version)),
    }
}

/// A limit that a layer above has set shows as an error of the body; anything else is a connection that broke.
fn interruption(error: &(dyn Error + Send + Sync + 'static)) -> Rejection {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Rejection::BodyTooLarge;
        }
        cause = error.source();
    }
    Rejection::BodyInterrupted
}

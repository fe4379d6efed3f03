use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::LengthLimitError;
use webhook_core::driver::{BodyBuffer, InFlight, Pending};
use webhook_core::{Provider, Rejection};

use crate::{BoxError, response};

/// A request whose headers were accepted and whose body is being read.
pub(crate) struct Reading<P: Provider, ReqBody> {
    parts: Parts,
    body: Pin<Box<ReqBody>>,
    buffer: BodyBuffer,
    pending: Pending<P>,
}

impl<P, ReqBody> Reading<P, ReqBody>
where
    P: Provider,
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    #[inline]
    pub(crate) fn new(request: Request<ReqBody>, pending: Pending<P>) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            parts,
            body: Box::pin(body),
            buffer: pending.buffer(),
            pending,
        }
    }

    /// How long the body may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.pending.body_timeout()
    }

    /// Reads the body until it ends or is refused.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Rejection>> {
        for _ in 0..BodyBuffer::FRAMES_PER_TURN {
            if self.body.is_end_stream() {
                return Poll::Ready(Ok(()));
            }
            match ready!(self.body.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.push(data)?;
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(interruption(&*error.into()))),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Authenticates the delivery. Returns the request for the inner service, with the delivery in its extensions and
    /// its body in full, or the answer to the sender.
    #[inline]
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub(crate) fn admit<B: From<Bytes>>(
        mut self,
        read: Result<(), Rejection>,
    ) -> Result<(Request<B>, InFlight), Response<Bytes>> {
        let body = self.buffer.into_bytes();
        let accepted = match self.pending.collected(read.map(|()| body.clone())) {
            Ok(accepted) => accepted,
            Err(answered) => return Err(response::immediate(answered, self.parts.version)),
        };
        let credentials = accepted.credential_headers();
        for (name, value) in &mut self.parts.headers {
            if credentials.contains(name) {
                value.set_sensitive(true);
            }
        }
        self.parts.extensions.insert(accepted.delivery);
        let request = Request::from_parts(self.parts, B::from(body));
        Ok((request, accepted.in_flight))
    }
}

/// A limit set by an outer layer appears as an error of the body; anything else is a broken connection.
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

use std::error::Error;
#[cfg(any(feature = "detach", feature = "inbox"))]
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
#[cfg(any(feature = "detach", feature = "inbox"))]
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use http_body_util::LengthLimitError;
use webhook_core::Rejection;
use webhook_core::driver::BodyBuffer;

use crate::BoxError;
#[cfg(any(feature = "detach", feature = "inbox"))]
use crate::body_timer::BodyTimer;

/// The body of a request while it is being read.
pub(crate) struct Reading<ReqBody> {
    body: Pin<Box<ReqBody>>,
    buffer: BodyBuffer,
}

impl<ReqBody> Reading<ReqBody> {
    /// The bytes that were read.
    #[inline]
    pub(crate) fn into_bytes(self) -> Bytes {
        self.buffer.into_bytes()
    }
}

impl<ReqBody> Reading<ReqBody>
where
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    #[inline]
    pub(crate) fn new(body: ReqBody, buffer: BodyBuffer) -> Self {
        let body = Box::pin(body);
        Self { body, buffer }
    }

    /// Reads until the body ends or is refused.
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
                Some(Err(error)) => return Poll::Ready(Err(rejection_for(&*error.into()))),
            }
        }
        // Lets other tasks run: HTTP/2 permits empty frames without end.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Reads the rest of a body, within this time.
#[cfg(any(feature = "detach", feature = "inbox"))]
pub(crate) async fn read<ReqBody>(
    mut reading: Reading<ReqBody>,
    limit: Duration,
) -> Result<Bytes, Rejection>
where
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    let mut timer = BodyTimer::new(limit);
    poll_fn(|cx| {
        // The timer comes first: a body that uses up the task's budget in tokio would leave it none.
        let is_late = timer.poll(cx).is_ready();
        match reading.poll(cx) {
            Poll::Pending if is_late => Poll::Ready(Err(Rejection::BodyTimeout)),
            read => read,
        }
    })
    .await?;
    Ok(reading.into_bytes())
}

/// A limit set by an outer layer appears as an error of the body; anything else is a broken connection.
fn rejection_for(error: &(dyn Error + Send + Sync + 'static)) -> Rejection {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Rejection::BodyTooLarge;
        }
        cause = error.source();
    }
    Rejection::BodyInterrupted
}

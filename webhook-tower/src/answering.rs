use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use webhook_core::driver::InFlight;

use crate::waiting::unreachable_after_ready;
use crate::{ResponseBody, response};

pin_project! {
    /// The running inner service, and what turns its response into an answer for the sender.
    pub(crate) struct Answering<F> {
        #[pin]
        inner: F,
        in_flight: Option<InFlight>,
    }
}

impl<F> Answering<F> {
    #[inline]
    pub(crate) fn new(inner: F, in_flight: InFlight) -> Self {
        Self {
            inner,
            in_flight: Some(in_flight),
        }
    }
}

impl<F, ResBody, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    ResBody: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(InFlight::polling(this.in_flight, || this.inner.poll(cx)))?;
        match this.in_flight.take() {
            Some(in_flight) => Poll::Ready(Ok(response::answered(in_flight, answer))),
            None => unreachable_after_ready(),
        }
    }
}

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use webhook_core::driver::InFlight;

use crate::future::polled_after_ready;
use crate::{ResponseBody, response};

pin_project! {
    /// The inner service at work, and the rule that its response goes through.
    pub(crate) struct Calling<F> {
        #[pin]
        inner: F,
        in_flight: Option<InFlight>,
    }
}

impl<F> Calling<F> {
    #[inline]
    pub(crate) fn new(inner: F, in_flight: InFlight) -> Self {
        Self {
            inner,
            in_flight: Some(in_flight),
        }
    }
}

impl<F, ResBody, E> Future for Calling<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    ResBody: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.in_flight.is_none() {
            polled_after_ready();
        }
        let response = ready!(InFlight::reporting_panics(this.in_flight, || {
            this.inner.poll(cx)
        }));
        let Some(in_flight) = this.in_flight.take() else {
            polled_after_ready();
        };
        // An error drops `in_flight`, which reports that the handler did not answer.
        Poll::Ready(response.map(|response| response::for_sender(in_flight, response)))
    }
}

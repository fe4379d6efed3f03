use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use webhook_core::driver::{InFlight, Pending};
use webhook_core::{Provider, Rejection};

use crate::BoxError;
use crate::admit::admit;
use crate::answering::Answering;
use crate::deadline::Deadline;
use crate::reading::Reading;

/// A delivery that cannot be passed to the inner service at once. It waits for its body, within the time limit, and
/// then for the inner service to be ready.
pub(crate) struct Waiting<S, P: Provider, B, ReqBody> {
    inner: S,
    step: Step<P, B, ReqBody>,
}

enum Step<P: Provider, B, ReqBody> {
    /// The body has not arrived in full.
    Body(Parts, Pending<P>, Reading<ReqBody>, Deadline),
    /// The delivery is authentic, but the inner service has no capacity yet.
    Readiness(Request<B>, InFlight),
    /// The future is ready.
    Over,
}

impl<S, P: Provider, B, ReqBody> Waiting<S, P, B, ReqBody> {
    pub(crate) fn for_body(
        inner: S,
        parts: Parts,
        pending: Pending<P>,
        reading: Reading<ReqBody>,
    ) -> Self {
        let deadline = Deadline::new(pending.body_timeout());
        let step = Step::Body(parts, pending, reading, deadline);
        Self { inner, step }
    }

    pub(crate) fn for_readiness(inner: S, request: Request<B>, in_flight: InFlight) -> Self {
        let step = Step::Readiness(request, in_flight);
        Self { inner, step }
    }

    /// Takes the step out, so that every exit from it drops what it owns.
    fn leave(&mut self) -> Step<P, B, ReqBody> {
        std::mem::replace(&mut self.step, Step::Over)
    }
}

/// It never leaves its box, and only the body in it is pinned, in a box of its own.
impl<S, P: Provider, B, ReqBody> Unpin for Waiting<S, P, B, ReqBody> {}

impl<S, P, B, ReqBody> Future for Waiting<S, P, B, ReqBody>
where
    S: Service<Request<B>>,
    P: Provider,
    B: From<Bytes>,
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    /// The running inner service, or the answer to a request that does not reach it.
    type Output = Result<Result<Answering<S::Future>, Response<Bytes>>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Step::Body(_, _, reading, deadline) = &mut self.step {
            let read = match reading.poll(cx) {
                Poll::Ready(read) => read,
                Poll::Pending => {
                    ready!(deadline.poll(cx));
                    Err(Rejection::BodyTimeout)
                }
            };
            if let Step::Body(mut parts, pending, reading, _) = self.leave() {
                let body = reading.into_bytes();
                match admit(&mut parts, pending, read.map(|()| body.clone())) {
                    Ok(in_flight) => {
                        let request = Request::from_parts(parts, B::from(body));
                        self.step = Step::Readiness(request, in_flight);
                    }
                    Err(answer) => return Poll::Ready(Ok(Err(answer))),
                }
            }
        }
        ready!(self.inner.poll_ready(cx))?;
        match self.leave() {
            Step::Readiness(request, in_flight) => {
                let future = self.inner.call(request);
                Poll::Ready(Ok(Ok(Answering::new(future, in_flight))))
            }
            _ => unreachable_after_ready(),
        }
    }
}

#[cold]
#[allow(clippy::panic, reason = "only a broken executor polls again")]
pub(crate) fn unreachable_after_ready() -> ! {
    panic!("the future was polled after it was ready")
}

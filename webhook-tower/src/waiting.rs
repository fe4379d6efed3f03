use std::future::Future;
use std::mem;
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
use crate::body_timer::BodyTimer;
use crate::calling::Calling;
use crate::future::polled_after_ready;
use crate::reading::Reading;

/// A delivery that cannot reach the inner service at once: its body arrives first, within the time limit, and then the
/// inner service becomes ready.
pub(crate) struct Waiting<S, P: Provider, B, ReqBody> {
    inner: S,
    step: Step<P, B, ReqBody>,
}

enum Step<P: Provider, B, ReqBody> {
    /// The body has not arrived in full.
    Body {
        parts: Parts,
        unverified: Pending<P>,
        reading: Reading<ReqBody>,
        timer: BodyTimer,
    },
    /// The delivery is authentic and the inner service has no capacity yet.
    Readiness {
        request: Request<B>,
        in_flight: Option<InFlight>,
    },
    /// The future is ready.
    Over,
}

/// What becomes of a delivery that waited.
pub(crate) enum Next<F> {
    /// The inner service is called.
    Call(Calling<F>),
    /// The sender is answered without it.
    Reply(Response<Bytes>),
}

impl<S, P: Provider, B, ReqBody> Waiting<S, P, B, ReqBody> {
    pub(crate) fn for_body(
        inner: S,
        parts: Parts,
        unverified: Pending<P>,
        reading: Reading<ReqBody>,
    ) -> Self {
        let step = Step::Body {
            parts,
            timer: BodyTimer::new(unverified.body_timeout()),
            unverified,
            reading,
        };
        Self { inner, step }
    }

    pub(crate) fn for_readiness(inner: S, request: Request<B>, in_flight: InFlight) -> Self {
        let in_flight = Some(in_flight);
        let step = Step::Readiness { request, in_flight };
        Self { inner, step }
    }
}

/// Nothing in it is pinned: the body has a box of its own, and the inner service is not a future.
impl<S, P: Provider, B, ReqBody> Unpin for Waiting<S, P, B, ReqBody> {}

impl<S, P, B, ReqBody> Future for Waiting<S, P, B, ReqBody>
where
    S: Service<Request<B>>,
    P: Provider,
    B: From<Bytes>,
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    type Output = Result<Next<S::Future>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            match &mut this.step {
                Step::Body { reading, timer, .. } => {
                    // The timer comes first: a body that uses up the task's budget in tokio would leave it none.
                    let is_late = timer.poll(cx).is_ready();
                    let read = match reading.poll(cx) {
                        Poll::Ready(read) => read,
                        Poll::Pending if is_late => Err(Rejection::BodyTimeout),
                        Poll::Pending => return Poll::Pending,
                    };
                    let Step::Body {
                        mut parts,
                        unverified,
                        reading,
                        ..
                    } = mem::replace(&mut this.step, Step::Over)
                    else {
                        polled_after_ready();
                    };
                    let body = reading.into_bytes();
                    match admit(&mut parts, unverified, read.map(|()| body.clone())) {
                        Ok(in_flight) => {
                            let request = Request::from_parts(parts, B::from(body));
                            let in_flight = Some(in_flight);
                            this.step = Step::Readiness { request, in_flight };
                        }
                        Err(reply) => return Poll::Ready(Ok(Next::Reply(reply))),
                    }
                }
                Step::Readiness { in_flight, .. } => {
                    let poll = || this.inner.poll_ready(cx);
                    let readiness = ready!(InFlight::reporting_panics(in_flight, poll));
                    let Step::Readiness {
                        request,
                        in_flight: Some(in_flight),
                    } = mem::replace(&mut this.step, Step::Over)
                    else {
                        polled_after_ready();
                    };
                    // An error drops `in_flight`, which reports that the handler did not answer.
                    return Poll::Ready(
                        readiness.map(|()| {
                            Next::Call(Calling::new(this.inner.call(request), in_flight))
                        }),
                    );
                }
                Step::Over => polled_after_ready(),
            }
        }
    }
}

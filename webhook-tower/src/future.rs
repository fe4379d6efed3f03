use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use webhook_core::{InFlight, Provider, Rejection};

use crate::buffering::Buffering;
use crate::deadline::Deadline;
use crate::{BoxError, ResponseBody, response};

pin_project! {
    /// The future of [`WebhookService`](crate::WebhookService).
    ///
    /// # Panics
    ///
    /// When it is polled again after it was ready, as the future of an `async fn` does. No request leads there.
    pub struct ResponseFuture<S, P, B, ReqBody>
    where
        S: Service<Request<B>>,
        P: Provider,
    {
        #[pin]
        state: State<S, P, B, ReqBody, S::Future, S::Error>,
    }
}

pin_project! {
    /// Every state gives up what it holds when it is left, and the last one when the answer is given. What waits is
    /// boxed: it is larger than what most deliveries need, and axum moves this future twice.
    #[project = StateProj]
    enum State<S, P, B, ReqBody, F, E>
    where
        P: Provider,
    {
        /// The answer is known and the inner service is not called.
        Answered { response: Option<Response<Bytes>> },
        /// The inner service failed before it was called.
        Failed { error: Option<E> },
        /// The body has not arrived in whole.
        Buffering { waiting: Option<Box<(Buffering<P, ReqBody>, Deadline, S)>> },
        /// The delivery is authentic and the inner service has no capacity yet.
        Readying { waiting: Option<Box<(S, Request<B>, InFlight)>> },
        /// The inner service is at work.
        Calling { #[pin] future: F, in_flight: Option<InFlight> },
    }
}

impl<S, P, B, ReqBody> ResponseFuture<S, P, B, ReqBody>
where
    S: Service<Request<B>>,
    P: Provider,
{
    pub(crate) fn answered(response: Response<Bytes>) -> Self {
        let response = Some(response);
        Self {
            state: State::Answered { response },
        }
    }

    pub(crate) fn failed(error: S::Error) -> Self {
        let error = Some(error);
        Self {
            state: State::Failed { error },
        }
    }

    pub(crate) fn buffering(
        buffering: Buffering<P, ReqBody>,
        inner: S,
        deadline: Deadline,
    ) -> Self {
        let waiting = Some(Box::new((buffering, deadline, inner)));
        Self {
            state: State::Buffering { waiting },
        }
    }

    pub(crate) fn readying(inner: S, request: Request<B>, in_flight: InFlight) -> Self {
        let waiting = Some(Box::new((inner, request, in_flight)));
        Self {
            state: State::Readying { waiting },
        }
    }

    pub(crate) fn calling(future: S::Future, in_flight: InFlight) -> Self {
        let in_flight = Some(in_flight);
        Self {
            state: State::Calling { future, in_flight },
        }
    }
}

impl<S, P, B, ReqBody, ResBody> Future for ResponseFuture<S, P, B, ReqBody>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    P: Provider,
    B: From<Bytes>,
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
    ResBody: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Answered { response } => {
                    return Poll::Ready(Ok(leave(response).map(ResponseBody::reply)));
                }
                StateProj::Failed { error } => return Poll::Ready(Err(leave(error))),
                StateProj::Buffering { waiting } => {
                    let (buffering, deadline, _) = &mut **held(waiting);
                    let buffered = if let Poll::Ready(buffered) = buffering.poll(cx) {
                        buffered
                    } else {
                        ready!(deadline.poll(cx));
                        Err(Rejection::BodyTimeout)
                    };
                    let (buffering, _, inner) = *leave(waiting);
                    match buffering.finish(buffered) {
                        Ok((request, in_flight)) => State::Readying {
                            waiting: Some(Box::new((inner, request, in_flight))),
                        },
                        Err(response) => State::Answered {
                            response: Some(response),
                        },
                    }
                }
                StateProj::Readying { waiting } => {
                    let (inner, ..) = &mut **held(waiting);
                    ready!(inner.poll_ready(cx))?;
                    let (mut inner, request, in_flight) = *leave(waiting);
                    State::Calling {
                        future: inner.call(request),
                        in_flight: Some(in_flight),
                    }
                }
                StateProj::Calling { future, in_flight } => {
                    let answer = ready!(InFlight::polling(in_flight, || future.poll(cx)))?;
                    return Poll::Ready(Ok(response::answered(leave(in_flight), answer)));
                }
            };
            this.state.set(next);
        }
    }
}

/// What a state holds. It is there until the future is ready, and no input changes that.
#[allow(clippy::expect_used, reason = "only a broken executor polls again")]
fn held<T>(held: &mut Option<T>) -> &mut T {
    held.as_mut()
        .expect("the future was polled after it was ready")
}

/// Takes out what a state holds, when it is left.
#[allow(clippy::expect_used, reason = "only a broken executor polls again")]
fn leave<T>(held: &mut Option<T>) -> T {
    held.take()
        .expect("the future was polled after it was ready")
}

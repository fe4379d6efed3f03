use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use webhook_core::Provider;
use webhook_core::driver::InFlight;

use crate::calling::Calling;
use crate::waiting::{Next, Waiting};
use crate::{BoxError, ResponseBody};

pin_project! {
    /// The future of [`WebhookService`](crate::WebhookService).
    ///
    /// # Panics
    ///
    /// When it is polled again after it was ready, as the future of an `async fn` does. No request leads to that.
    pub struct ResponseFuture<S, P, B, ReqBody>
    where
        S: Service<Request<B>>,
        P: Provider,
    {
        #[pin]
        state: State<S, P, B, ReqBody>,
    }
}

pin_project! {
    /// The waiting state is boxed: it is larger than what most deliveries need, and the services around this one, axum's
    /// for example, move this future.
    #[project = StateProj]
    enum State<S, P, B, ReqBody>
    where
        S: Service<Request<B>>,
        P: Provider,
    {
        /// The inner service is not called: the reply is known, or its `poll_ready` failed.
        Ready { result: Option<Result<Response<Bytes>, S::Error>> },
        /// The body or the inner service is not ready.
        Waiting { waiting: Box<Waiting<S, P, B, ReqBody>> },
        /// The inner service is at work.
        Calling { #[pin] calling: Calling<S::Future> },
    }
}

impl<S, P, B, ReqBody> ResponseFuture<S, P, B, ReqBody>
where
    S: Service<Request<B>>,
    P: Provider,
{
    pub(crate) fn ready(result: Result<Response<Bytes>, S::Error>) -> Self {
        let result = Some(result);
        Self {
            state: State::Ready { result },
        }
    }

    pub(crate) fn waiting(waiting: Waiting<S, P, B, ReqBody>) -> Self {
        let waiting = Box::new(waiting);
        Self {
            state: State::Waiting { waiting },
        }
    }

    pub(crate) fn calling(future: S::Future, in_flight: InFlight) -> Self {
        let calling = Calling::new(future, in_flight);
        Self {
            state: State::Calling { calling },
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
                StateProj::Ready { result } => match result.take() {
                    Some(result) => {
                        return Poll::Ready(result.map(|reply| reply.map(ResponseBody::reply)));
                    }
                    None => polled_after_ready(),
                },
                StateProj::Waiting { waiting } => {
                    match ready!(Pin::new(&mut **waiting).poll(cx))? {
                        Next::Call(calling) => State::Calling { calling },
                        Next::Reply(reply) => State::Ready {
                            result: Some(Ok(reply)),
                        },
                    }
                }
                StateProj::Calling { calling } => return calling.poll(cx),
            };
            this.state.set(next);
        }
    }
}

#[cold]
#[allow(clippy::panic, reason = "only a broken executor polls again")]
pub(crate) fn polled_after_ready() -> ! {
    panic!("the future was polled after it was ready")
}

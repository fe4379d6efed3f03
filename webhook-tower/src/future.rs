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

use crate::answering::Answering;
use crate::waiting::{Waiting, unreachable_after_ready};
use crate::{BoxError, ResponseBody};

pin_project! {
    /// The future of [`WebhookService`](crate::WebhookService).
    ///
    /// # Panics
    ///
    /// If it is polled again after it is ready, like the future of an `async fn`. No request can cause that.
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
    /// The waiting state is boxed: it is larger than what most deliveries need, and axum moves this future twice.
    #[project = StateProj]
    enum State<S, P, B, ReqBody, F, E>
    where
        P: Provider,
    {
        /// The inner service is not called: the answer is known, or it failed before.
        Known { result: Option<Result<Response<Bytes>, E>> },
        /// The body or the inner service is not ready.
        Waiting { waiting: Box<Waiting<S, P, B, ReqBody>> },
        /// The inner service is running.
        Calling { #[pin] answering: Answering<F> },
    }
}

impl<S, P, B, ReqBody> ResponseFuture<S, P, B, ReqBody>
where
    S: Service<Request<B>>,
    P: Provider,
{
    pub(crate) fn known(result: Result<Response<Bytes>, S::Error>) -> Self {
        let result = Some(result);
        Self {
            state: State::Known { result },
        }
    }

    pub(crate) fn waiting(waiting: Waiting<S, P, B, ReqBody>) -> Self {
        let waiting = Box::new(waiting);
        Self {
            state: State::Waiting { waiting },
        }
    }

    pub(crate) fn calling(future: S::Future, in_flight: InFlight) -> Self {
        let answering = Answering::new(future, in_flight);
        Self {
            state: State::Calling { answering },
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
                StateProj::Known { result } => match result.take() {
                    Some(result) => {
                        return Poll::Ready(result.map(|answer| answer.map(ResponseBody::reply)));
                    }
                    None => unreachable_after_ready(),
                },
                StateProj::Waiting { waiting } => {
                    match ready!(Pin::new(&mut **waiting).poll(cx))? {
                        Ok(answering) => State::Calling { answering },
                        Err(answer) => State::Known {
                            result: Some(Ok(answer)),
                        },
                    }
                }
                StateProj::Calling { answering } => return answering.poll(cx),
            };
            this.state.set(next);
        }
    }
}

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use pin_project_lite::pin_project;
use webhook_core::driver::InFlight;

use crate::response;

pin_project! {
    /// The future of [`WebhookService`](crate::WebhookService).
    ///
    /// # Panics
    ///
    /// If it is polled again after it is ready, like the future of an `async fn`. No request can cause that.
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    /// The waiting state is boxed, so that a delivery that has arrived does not move a future of its size.
    #[project = StateProj]
    enum State<F> {
        /// The answer is known and the inner service is not called.
        Answered { answer: Option<Box<ServiceResponse>> },
        /// The payload has not arrived in full.
        Waiting { future: Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>> },
        /// The inner service is running.
        Calling { #[pin] future: F, in_flight: Option<InFlight> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn answered(answer: ServiceResponse) -> Self {
        let answer = Some(Box::new(answer));
        Self {
            state: State::Answered { answer },
        }
    }

    pub(crate) fn waiting(
        future: impl Future<Output = Result<ServiceResponse, Error>> + 'static,
    ) -> Self {
        let future = Box::pin(future);
        Self {
            state: State::Waiting { future },
        }
    }

    pub(crate) fn calling(future: F, in_flight: InFlight) -> Self {
        let in_flight = Some(in_flight);
        Self {
            state: State::Calling { future, in_flight },
        }
    }
}

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody + 'static,
{
    type Output = Result<ServiceResponse, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Answered { answer } => Poll::Ready(Ok(*leave(answer))),
            StateProj::Waiting { future } => future.as_mut().poll(cx),
            StateProj::Calling { future, in_flight } => {
                let answer = ready!(InFlight::reporting_panics(in_flight, || future.poll(cx)));
                Poll::Ready(response::for_sender(leave(in_flight), answer))
            }
        }
    }
}

/// Takes the content of a state, which is present until the future is ready, whatever the input.
#[allow(clippy::expect_used, reason = "only a broken executor polls again")]
pub(crate) fn leave<T>(held: &mut Option<T>) -> T {
    held.take()
        .expect("the future was polled after it was ready")
}

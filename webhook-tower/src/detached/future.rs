use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use tokio::sync::oneshot;
use webhook_core::Reply;

use super::course::Sent;
use crate::{ResponseBody, response};

type Answered<ResBody, E> = Result<Response<ResponseBody<ResBody>>, E>;

/// The future of [`DetachedService`](crate::DetachedService). Dropped, it leaves the handler running.
///
/// # Panics
///
/// If the handler does, as without the task.
pub struct DetachedFuture<ResBody, E> {
    state: State<ResBody, E>,
}

enum State<ResBody, E> {
    /// The inner service is not called.
    Ready(Option<Response<Bytes>>),
    /// The body has not arrived in full.
    Reading(Pin<Box<dyn Future<Output = Answered<ResBody, E>> + Send>>),
    /// The task is at work.
    Waiting(oneshot::Receiver<Sent<Answered<ResBody, E>>>),
}

impl<ResBody, E> DetachedFuture<ResBody, E> {
    pub(super) fn ready(response: Response<Bytes>) -> Self {
        let state = State::Ready(Some(response));
        Self { state }
    }

    pub(super) fn reading(
        future: impl Future<Output = Answered<ResBody, E>> + Send + 'static,
    ) -> Self {
        let state = State::Reading(Box::pin(future));
        Self { state }
    }

    pub(super) fn waiting(answer: oneshot::Receiver<Sent<Answered<ResBody, E>>>) -> Self {
        let state = State::Waiting(answer);
        Self { state }
    }
}

/// Nothing in it is pinned but what has a box of its own.
impl<ResBody, E> Unpin for DetachedFuture<ResBody, E> {}

impl<ResBody, E> Future for DetachedFuture<ResBody, E> {
    type Output = Answered<ResBody, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            State::Ready(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(response.map(ResponseBody::reply))),
                None => crate::future::polled_after_ready(),
            },
            State::Reading(future) => future.as_mut().poll(cx),
            State::Waiting(answer) => {
                let sent = match Pin::new(answer).poll(cx) {
                    Poll::Ready(sent) => sent,
                    Poll::Pending => return Poll::Pending,
                };
                let reply = match sent {
                    Ok(Sent::Answer(answer)) => return Poll::Ready(answer),
                    Ok(Sent::Reply(reply)) => reply,
                    Ok(Sent::Panicked(panic)) => resume_unwind(panic),
                    // The runtime of the task ended.
                    Err(_) => Reply::try_again(),
                };
                let reply = response::reply(reply);
                Poll::Ready(Ok(reply.map(ResponseBody::reply)))
            }
        }
    }
}

impl<ResBody, E> fmt::Debug for DetachedFuture<ResBody, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedFuture").finish_non_exhaustive()
    }
}

use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll, Waker};
#[cfg(feature = "timeout")]
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use webhook_core::{Head, Provider, Verifier};

use crate::buffering::{Buffering, authenticate, poll_body};
use crate::deadline::Deadline;
use crate::{BoxError, ResponseBody, ResponseFuture, response};

/// Authenticates deliveries of the sender `P` and hands them to the service inside.
///
/// Made by [`WebhookLayer`](crate::WebhookLayer); see the [crate documentation](crate).
pub struct WebhookService<S, P, B> {
    pub(crate) inner: S,
    pub(crate) verifier: Verifier<P>,
    #[cfg(feature = "timeout")]
    pub(crate) body_timeout: Duration,
    pub(crate) inward: PhantomData<fn() -> B>,
}

impl<S, P, B, ReqBody, ResBody> Service<Request<ReqBody>> for WebhookService<S, P, B>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone,
    P: Provider,
    B: From<Bytes>,
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
    ResBody: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, P, B, ReqBody>;

    /// Always ready: the inner service's readiness is awaited once a delivery is authenticated, so that nobody else
    /// holds its capacity.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let pending = match self.verifier.begin(&Head::from(&request)) {
            Ok(pending) => pending,
            Err(refused) => {
                return ResponseFuture::answered(response::refusal(refused, request.version()));
            }
        };
        let (mut parts, body) = request.into_parts();
        let mut body = Box::pin(body);
        let mut buffer = pending.buffer();

        // A small body has usually arrived with its head. It is taken here, before the future has to make room for
        // waiting; a body that is not ready is polled again with the task's own waker.
        let mut nobody = Context::from_waker(Waker::noop());
        let Poll::Ready(buffered) = poll_body(body.as_mut(), &mut buffer, &mut nobody) else {
            let buffering = Buffering {
                parts,
                pending,
                body,
                buffer,
            };
            return ResponseFuture::buffering(buffering, self.inner.clone(), self.deadline());
        };
        let body = buffer.into_bytes();
        let buffered = buffered.map(|()| body.clone());
        let in_flight = match authenticate(&mut parts, pending, buffered) {
            Ok(in_flight) => in_flight,
            Err(response) => return ResponseFuture::answered(response),
        };
        match self.inner.poll_ready(&mut nobody) {
            Poll::Ready(Ok(())) => {
                let request = Request::from_parts(parts, B::from(body));
                ResponseFuture::calling(self.inner.call(request), in_flight)
            }
            Poll::Ready(Err(error)) => ResponseFuture::failed(error),
            Poll::Pending => {
                // The one that was polled waits on: it may have a place in a queue. A fresh clone takes its place.
                let fresh = self.inner.clone();
                let polled = std::mem::replace(&mut self.inner, fresh);
                let request = Request::from_parts(parts, B::from(body));
                ResponseFuture::readying(polled, request, in_flight)
            }
        }
    }
}

impl<S, P, B> WebhookService<S, P, B> {
    #[cfg(feature = "timeout")]
    fn deadline(&self) -> Deadline {
        Deadline::new(self.body_timeout)
    }

    #[cfg(not(feature = "timeout"))]
    #[allow(clippy::unused_self, reason = "the same call under either feature")]
    fn deadline(&self) -> Deadline {
        Deadline::never()
    }
}

impl<S: Clone, P, B> Clone for WebhookService<S, P, B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            verifier: self.verifier.clone(),
            #[cfg(feature = "timeout")]
            body_timeout: self.body_timeout,
            inward: PhantomData,
        }
    }
}

impl<S, P: Provider, B> fmt::Debug for WebhookService<S, P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookService")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

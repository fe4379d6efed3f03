use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use webhook_core::driver::Verifier;
use webhook_core::{Head, Provider};

use crate::admit::admit;
use crate::reading::Reading;
use crate::waiting::Waiting;
use crate::{BoxError, ResponseBody, ResponseFuture, response};

/// Authenticates deliveries of the sender `P` and passes them to the inner service.
///
/// Created by [`WebhookLayer`](crate::WebhookLayer); see the [crate documentation](crate).
pub struct WebhookService<S, P, B> {
    pub(crate) inner: S,
    pub(crate) verifier: Verifier<P>,
    pub(crate) inner_body: PhantomData<fn() -> B>,
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

    /// Always ready: the inner service is polled for readiness once a delivery is authenticated, so that strangers cannot
    /// take its capacity. A layer that sheds load goes inside, and if the inner service fails while it becomes ready, the
    /// future of that delivery returns its error.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let unverified = match self.verifier.begin(&Head::from(&request)) {
            Ok(unverified) => unverified,
            Err(early) => {
                let reply = response::early(early, request.version());
                return ResponseFuture::ready(Ok(reply));
            }
        };

        // A small body has usually arrived with its head, and the inner service is usually ready. Both are polled here,
        // before anything is allocated for waiting. If one is pending, it is polled again with the task's own waker, so
        // this one loses no wakeup.
        let mut noop = Context::from_waker(Waker::noop());
        let (mut parts, body) = request.into_parts();
        let mut reading = Reading::new(body, unverified.buffer());
        let Poll::Ready(read) = reading.poll(&mut noop) else {
            let waiting = Waiting::for_body(self.inner.clone(), parts, unverified, reading);
            return ResponseFuture::waiting(waiting);
        };
        let body = reading.into_bytes();
        let in_flight = match admit(&mut parts, unverified, read.map(|()| body.clone())) {
            Ok(in_flight) => in_flight,
            Err(reply) => return ResponseFuture::ready(Ok(reply)),
        };
        match self.inner.poll_ready(&mut noop) {
            Poll::Ready(Ok(())) => {
                let request = Request::from_parts(parts, B::from(body));
                ResponseFuture::calling(self.inner.call(request), in_flight)
            }
            Poll::Ready(Err(error)) => ResponseFuture::ready(Err(error)),
            Poll::Pending => {
                // The service that was polled keeps waiting, since it may have a place in a queue; a clone replaces it here.
                let clone = self.inner.clone();
                let polled = std::mem::replace(&mut self.inner, clone);
                let request = Request::from_parts(parts, B::from(body));
                ResponseFuture::waiting(Waiting::for_readiness(polled, request, in_flight))
            }
        }
    }
}

impl<S: Clone, P, B> Clone for WebhookService<S, P, B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            verifier: self.verifier.clone(),
            inner_body: PhantomData,
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

use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, forward_ready};
use actix_web::http::header::HeaderName;
use actix_web::{Error, HttpMessage, rt};
use bytes::Bytes;
use webhook_core::{Accepted, InFlight, Pending, Provider, Rejection, Verifier};

use crate::head::ActixHeaders;
use crate::payload::{poll_payload, refilled};
use crate::{ResponseFuture, response};

/// The service that [`WebhookLayer`](crate::WebhookLayer) makes of the one inside.
pub struct WebhookService<S, P> {
    pub(crate) inner: Rc<S>,
    pub(crate) verifier: Verifier<P>,
    pub(crate) body_timeout: Duration,
    /// [`Provider::CREDENTIAL_HEADERS`] in actix's type, so that no name is parsed for each delivery.
    pub(crate) credential_headers: Rc<[HeaderName]>,
}

impl<S, P: Provider> fmt::Debug for WebhookService<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookService")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

impl<S, P, B> Service<ServiceRequest> for WebhookService<S, P>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    P: Provider,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let begun = {
            let headers = ActixHeaders::of(&request, &self.credential_headers);
            self.verifier.begin(&headers.head(&request))
        };
        let pending = match begun {
            Ok(pending) => pending,
            Err(refused) => return ResponseFuture::answered(response::refusal(request, refused)),
        };
        let mut payload = request.take_payload();
        let mut buffer = pending.buffer();

        // A payload that is there is taken here, before a future has to make room for waiting: over HTTP/2, and where a
        // middleware has read it. actix's HTTP/1 feeds it after this call; it is then polled with the task's own waker.
        let mut nobody = Context::from_waker(Waker::noop());
        if let Poll::Ready(buffered) = poll_payload(&mut payload, &mut buffer, &mut nobody) {
            let body = buffered.map(|()| buffer.into_bytes());
            return match authenticate(request, payload, &self.credential_headers, pending, body) {
                Ok((request, in_flight)) => {
                    ResponseFuture::calling(self.inner.call(request), in_flight)
                }
                Err(answer) => ResponseFuture::answered(answer),
            };
        }
        let inner = Rc::clone(&self.inner);
        let credential_headers = Rc::clone(&self.credential_headers);
        let body_timeout = self.body_timeout;
        ResponseFuture::waiting(async move {
            let buffering = poll_fn(|cx| poll_payload(&mut payload, &mut buffer, cx));
            let buffered = rt::time::timeout(body_timeout, buffering)
                .await
                .unwrap_or(Err(Rejection::BodyTimeout));
            let body = buffered.map(|()| buffer.into_bytes());
            match authenticate(request, payload, &credential_headers, pending, body) {
                Ok((request, in_flight)) => {
                    ResponseFuture::calling(inner.call(request), in_flight).await
                }
                Err(answer) => Ok(answer),
            }
        })
    }
}

/// Authenticates the delivery and puts it into its request; or answers the sender.
#[allow(clippy::result_large_err, reason = "the answer is sent at once")]
fn authenticate<P: Provider>(
    mut request: ServiceRequest,
    payload: Payload,
    credential_headers: &[HeaderName],
    pending: Pending<P>,
    body: Result<Bytes, Rejection>,
) -> Result<(ServiceRequest, InFlight), ServiceResponse> {
    match pending.collected(body) {
        Ok(Accepted {
            delivery,
            in_flight,
            ..
        }) => {
            hide_credential(&mut request, credential_headers);
            request.set_payload(refilled(payload, delivery.body().clone()));
            request.extensions_mut().insert(delivery);
            Ok((request, in_flight))
        }
        Err(refused) => {
            // What was not read goes back, for the answer to hold.
            request.set_payload(payload);
            Err(response::refusal(request, refused))
        }
    }
}

fn hide_credential(request: &mut ServiceRequest, names: &[HeaderName]) {
    let headers = request.headers_mut();
    if headers.len() == headers.len_keys() {
        for name in names {
            if let Some(value) = headers.get_mut(name) {
                value.set_sensitive(true);
            }
        }
    } else {
        // `get_mut` would find the first of several values only.
        headers.retain(|name, value| {
            if names.contains(name) {
                value.set_sensitive(true);
            }
            true
        });
    }
}

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, forward_ready};
use actix_web::http::Uri;
use actix_web::http::header::HeaderName;
use actix_web::http::uri::PathAndQuery;
use actix_web::{Error, HttpMessage, rt};
use webhook_core::driver::{BodyBuffer, InFlight, Pending, Verifier};
use webhook_core::{Delivery, Provider, Rejection};

use crate::head::ActixHeaders;
use crate::payload::{poll_payload, refilled};
use crate::{ResponseFuture, response};

/// The service that [`WebhookLayer`](crate::WebhookLayer) wraps around the inner one.
pub struct WebhookService<S, P> {
    pub(crate) inner: Rc<S>,
    pub(crate) verifier: Verifier<P>,
    /// [`Provider::credential_headers`] in actix's type, so that names are not parsed for each delivery.
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

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let begun = {
            let headers = ActixHeaders::of(request.head(), &self.credential_headers);
            self.verifier.begin(&headers.head(request.head()))
        };
        let pending = match begun {
            Ok(pending) => pending,
            Err(answered) => {
                return ResponseFuture::answered(response::early(request, answered));
            }
        };
        let mut reading = Reading::new(request, pending);

        // A payload that has already arrived is taken here, without a future that has room for waiting: over HTTP/2,
        // or if middleware has read it. actix's HTTP/1 feeds it after this call; it is then polled with the task's own
        // waker.
        let mut nobody = Context::from_waker(Waker::noop());
        if let Poll::Ready(read) = reading.poll(&mut nobody) {
            return match reading.admit(read, &self.credential_headers, in_flight_of) {
                Ok((request, in_flight)) => {
                    ResponseFuture::calling(self.inner.call(request), in_flight)
                }
                Err(answer) => ResponseFuture::answered(answer),
            };
        }
        let inner = Rc::clone(&self.inner);
        let credential_headers = Rc::clone(&self.credential_headers);
        ResponseFuture::waiting(async move {
            let read = reading.read().await;
            match reading.admit(read, &credential_headers, in_flight_of) {
                Ok((request, in_flight)) => {
                    ResponseFuture::calling(inner.call(request), in_flight).await
                }
                Err(answer) => Ok(answer),
            }
        })
    }
}

/// All that a delivery without a task needs.
fn in_flight_of<E>(_: &Delivery<E>, in_flight: InFlight) -> InFlight {
    in_flight
}

/// A request whose headers were accepted and whose payload is being read.
pub(crate) struct Reading<P: Provider> {
    request: ServiceRequest,
    payload: Payload,
    buffer: BodyBuffer,
    pending: Pending<P>,
}

impl<P: Provider> Reading<P> {
    pub(crate) fn new(mut request: ServiceRequest, pending: Pending<P>) -> Self {
        Self {
            payload: request.take_payload(),
            buffer: pending.buffer(),
            request,
            pending,
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Rejection>> {
        poll_payload(&mut self.payload, &mut self.buffer, cx)
    }

    /// Reads the rest, within the time limit.
    pub(crate) async fn read(&mut self) -> Result<(), Rejection> {
        let timeout = self.pending.body_timeout();
        rt::time::timeout(timeout, poll_fn(|cx| self.poll(cx)))
            .await
            .unwrap_or(Err(Rejection::BodyTimeout))
    }

    /// Authenticates the delivery. Returns the request for the inner service, with the delivery in its extensions and
    /// its payload in full, and what `take` makes of the rest; or the answer to the sender.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub(crate) fn admit<T>(
        self,
        read: Result<(), Rejection>,
        credential_headers: &[HeaderName],
        take: impl FnOnce(&Delivery<P::Event>, InFlight) -> T,
    ) -> Result<(ServiceRequest, T), ServiceResponse> {
        let Self {
            mut request,
            payload,
            buffer,
            pending,
        } = self;
        let hidden_path = pending.hidden_path(request.uri().path());
        match pending.finish_or_refuse(read.map(|()| buffer.into_bytes())) {
            Ok(accepted) => {
                hide_credential(&mut request, credential_headers);
                if let Some(path) = hidden_path {
                    replace_path(&mut request, &path);
                }
                request.set_payload(refilled(payload, accepted.delivery.body().clone()));
                let taken = take(&accepted.delivery, accepted.in_flight);
                request.extensions_mut().insert(accepted.delivery);
                Ok((request, taken))
            }
            Err(answered) => {
                // The unread rest goes back, for the answer to keep.
                request.set_payload(payload);
                Err(response::early(request, answered))
            }
        }
    }
}

/// Of the senders here, only those that prove nothing can have a secret in the path.
#[cold]
fn replace_path(request: &mut ServiceRequest, path: &str) {
    let target = match request.uri().query() {
        Some(query) => format!("{path}?{query}").parse(),
        None => path.parse(),
    };
    let mut parts = mem::take(&mut request.head_mut().uri).into_parts();
    // A path that no longer parses must not show what it hides.
    parts.path_and_query = Some(target.unwrap_or_else(|_| PathAndQuery::from_static("/")));
    let uri = Uri::from_parts(parts).unwrap_or_default();
    // The values of a route's parameters are positions in this copy of the path, which is as long as before.
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
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
        // `get_mut` would find only the first of several values.
        headers.retain(|name, value| {
            if names.contains(name) {
                value.set_sensitive(true);
            }
            true
        });
    }
}

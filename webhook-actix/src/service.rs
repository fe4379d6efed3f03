use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, forward_ready};
use actix_web::http::header::HeaderName;
use actix_web::{Error, HttpMessage};
use webhook_core::{Provider, Verifier};

use crate::head::ActixHeaders;
use crate::payload::{Whole, buffer};
use crate::{ReplyBody, response};

/// The service that [`WebhookLayer`](crate::WebhookLayer) makes of the one inside.
pub struct WebhookService<S, P> {
    pub(crate) inner: Rc<S>,
    pub(crate) verifier: Verifier<P>,
    pub(crate) body_timeout: Duration,
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
    type Response = ServiceResponse<EitherBody<B, ReplyBody>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let begun = {
            let headers = ActixHeaders::of(&request);
            self.verifier.begin(&headers.head(&request))
        };
        let pending = match begun {
            Ok(pending) => pending,
            Err(refused) => return Box::pin(ready(Ok(response::refusal(request, refused)))),
        };
        let inner = Rc::clone(&self.inner);
        let body_timeout = self.body_timeout;
        Box::pin(async move {
            let accepted = match buffer(&mut request, &pending, body_timeout).await {
                Ok(body) => pending.finish(body),
                Err(rejection) => Err(pending.refuse(rejection)),
            };
            let accepted = match accepted {
                Ok(accepted) => accepted,
                Err(refused) => return Ok(response::refusal(request, refused)),
            };
            hide_credential::<P>(&mut request);
            request.set_payload(Whole::payload(accepted.delivery.body().clone()));
            request.extensions_mut().insert(accepted.delivery);
            match inner.call(request).await {
                Ok(answer) => Ok(response::settled(accepted.receipt, answer)),
                Err(error) => Err(response::settled_error(accepted.receipt, error)),
            }
        })
    }
}

fn hide_credential<P: Provider>(request: &mut ServiceRequest) {
    let headers = request.headers_mut();
    if headers.len() == headers.len_keys() {
        for name in P::CREDENTIAL_HEADERS {
            if let Some(value) = headers.get_mut(HeaderName::from_static(name)) {
                value.set_sensitive(true);
            }
        }
    } else {
        // `get_mut` would find the first of several values only.
        headers.retain(|name, value| {
            if P::CREDENTIAL_HEADERS.contains(&name.as_str()) {
                value.set_sensitive(true);
            }
            true
        });
    }
}

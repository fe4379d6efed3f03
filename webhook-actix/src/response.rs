//! The only place where answers become actix responses.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{Error, HttpResponse};
use bytes::Bytes;
use webhook_core::driver::{Answer, Conclusion, EarlyReply, InFlight};
use webhook_core::{Reply, http};

use crate::body::ReplyBody;

/// The answer to a request that does not reach the handler. The reason for a refusal is in the response's extensions,
/// for outer middleware that counts refusals.
pub(crate) fn early(request: ServiceRequest, answered: EarlyReply) -> ServiceResponse {
    let (request, unread) = request.into_parts();
    ServiceResponse::new(request, early_response(answered, unread))
}

/// The same without the request.
pub(crate) fn early_response(answered: EarlyReply, unread: Payload) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::OK);
    if answered.closes {
        response
            .head_mut()
            .set_connection_type(actix_web::http::ConnectionType::Close);
    }
    if let Some(rejection) = answered.rejection {
        response.extensions_mut().insert(rejection);
    }
    replaced(response, answered.reply, |bytes| {
        BoxBody::new(ReplyBody::new(bytes, unread))
    })
}

/// The answer of a layer to a request that nothing else holds.
#[cfg(feature = "detach")]
pub(crate) fn reply(request: ServiceRequest, reply: Reply) -> ServiceResponse {
    let (request, _) = request.into_parts();
    ServiceResponse::new(request, replied(reply))
}

/// The answer of a layer as a response.
#[cfg(any(feature = "detach", feature = "inbox"))]
pub(crate) fn replied(reply: Reply) -> HttpResponse {
    replaced(HttpResponse::new(StatusCode::OK), reply, BoxBody::new)
}

/// The answer of a layer to a request that the inner service holds. actix makes the same response of it.
#[cfg(feature = "detach")]
pub(crate) fn reply_as_error(reply: Reply) -> Error {
    InternalError::from_response("answered by the webhook layer", replied(reply)).into()
}

/// Applies the sender's rules to the inner service's response.
#[inline]
pub(crate) fn for_sender<B: MessageBody + 'static>(
    in_flight: InFlight,
    answer: Result<ServiceResponse<B>, Error>,
) -> Result<ServiceResponse, Error> {
    concluded(in_flight, answer).0
}

/// The same, and whether the delivery was handled.
pub(crate) fn concluded<B: MessageBody + 'static>(
    in_flight: InFlight,
    answer: Result<ServiceResponse<B>, Error>,
) -> (Result<ServiceResponse, Error>, bool) {
    let (request, mut response) = match answer {
        Ok(answer) => answer.into_parts(),
        Err(error) => {
            let (error, handled) = answered_error(in_flight, error);
            return (Err(error), handled);
        }
    };
    let Conclusion {
        answer, handled, ..
    } = rule(in_flight, &response);
    let response = match answer {
        Answer::Pass => response.map_into_boxed_body(),
        Answer::SetStatus(status) => {
            *response.status_mut() = actix_status(status);
            response.map_into_boxed_body()
        }
        Answer::Replace(reply) => replaced(response, reply, BoxBody::new),
    };
    (Ok(ServiceResponse::new(request, response)), handled)
}

/// An error from inner middleware becomes a response only outside this layer, so it is handled here.
#[cold]
fn answered_error(in_flight: InFlight, error: Error) -> (Error, bool) {
    let mut response = error.error_response();
    let Conclusion {
        answer, handled, ..
    } = rule(in_flight, &response);
    match answer {
        Answer::Pass => return (error, handled),
        Answer::SetStatus(status) => *response.status_mut() = actix_status(status),
        Answer::Replace(reply) => response = replaced(response, reply, BoxBody::new),
    }
    (
        InternalError::from_response(error, response).into(),
        handled,
    )
}

fn rule<B: MessageBody>(in_flight: InFlight, response: &HttpResponse<B>) -> Conclusion {
    let status = http::StatusCode::from_u16(response.status().as_u16())
        .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes);
    let without_body = matches!(response.body().size(), BodySize::None | BodySize::Sized(0));
    in_flight.conclude(status, content_type, without_body)
}

/// The response with the reply in place of its body.
fn replaced<B>(
    mut response: HttpResponse<B>,
    reply: Reply,
    body: impl FnOnce(Bytes) -> BoxBody,
) -> HttpResponse {
    *response.status_mut() = actix_status(reply.status);
    let headers = response.headers_mut();
    // Most handlers that answer without a body set no header, and each name would have to be parsed.
    if !headers.is_empty() {
        for name in Answer::BODY_HEADERS {
            headers.remove(name.as_str());
        }
    }
    if let Some(content_type) = reply.content_type
        && let Some(content_type) = actix_value(&content_type)
    {
        headers.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in &reply.headers {
        if let Ok(name) = HeaderName::from_bytes(name.as_str().as_bytes())
            && let Some(value) = actix_value(value)
        {
            headers.append(name, value);
        }
    }
    response.set_body(body(reply.body))
}

/// actix uses the header types of `http` 0.2. What is valid in one version is valid in the other; the most common
/// values are created once.
fn actix_value(value: &http::HeaderValue) -> Option<HeaderValue> {
    Some(match value.as_bytes() {
        b"text/plain; charset=utf-8" => {
            const { HeaderValue::from_static("text/plain; charset=utf-8") }
        }
        b"application/json" => const { HeaderValue::from_static("application/json") },
        other => HeaderValue::from_bytes(other).ok()?,
    })
}

fn actix_status(status: http::StatusCode) -> StatusCode {
    StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

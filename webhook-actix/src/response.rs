//! The one place where answers become responses of actix.

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{Error, HttpResponse};
use webhook_core::{Receipt, Refused, Reply, Settlement, http};

use crate::ReplyBody;

/// The answer to a refused request. Its reason rides in the extensions, for metrics middleware above.
pub(crate) fn refusal<B>(
    request: ServiceRequest,
    refused: Refused,
) -> ServiceResponse<EitherBody<B, ReplyBody>> {
    let (request, unread) = request.into_parts();
    let mut response = HttpResponse::new(StatusCode::OK);
    if refused.reply.close {
        response
            .head_mut()
            .set_connection_type(actix_web::http::ConnectionType::Close);
    }
    response.extensions_mut().insert(refused.rejection);
    let response = replaced(response, refused.reply).map_body(|_, body| body.holding(unread));
    ServiceResponse::new(request, response.map_into_right_body())
}

/// The answer of the inner service, under the sender's rules.
pub(crate) fn settled<B: MessageBody>(
    receipt: Receipt,
    answer: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B, ReplyBody>> {
    let (request, mut response) = answer.into_parts();
    let response = match settle(receipt, &response) {
        Settlement::Pass => response.map_into_left_body(),
        Settlement::SetStatus(status) => {
            *response.status_mut() = actix_status(status);
            response.map_into_left_body()
        }
        Settlement::Replace(reply) => {
            replaced(response, reply).map_body(|_, body| EitherBody::right(body))
        }
    };
    ServiceResponse::new(request, response)
}

/// An error of a middleware inside never becomes a response before it has passed this layer, so it is met here.
pub(crate) fn settled_error(receipt: Receipt, error: Error) -> Error {
    let mut response = error.error_response();
    match settle(receipt, &response) {
        Settlement::Pass => return error,
        Settlement::SetStatus(status) => *response.status_mut() = actix_status(status),
        Settlement::Replace(reply) => {
            response = replaced(response, reply).map_into_boxed_body();
        }
    }
    InternalError::from_response(error, response).into()
}

fn settle<B: MessageBody>(receipt: Receipt, response: &HttpResponse<B>) -> Settlement {
    let status = http::StatusCode::from_u16(response.status().as_u16())
        .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes);
    let without_body = matches!(response.body().size(), BodySize::None | BodySize::Sized(0));
    receipt.settle(status, content_type, without_body)
}

/// The response with the reply in the place of its body.
fn replaced<B>(mut response: HttpResponse<B>, reply: Reply) -> HttpResponse<ReplyBody> {
    *response.status_mut() = actix_status(reply.status);
    let headers = response.headers_mut();
    // Most handlers that answer without a body set no field, and each name would have to be parsed anew.
    if !headers.is_empty() {
        for name in Settlement::BODY_HEADERS {
            headers.remove(name.as_str());
        }
    }
    // actix has the header types of `http` 0.2. What is valid in one version is in the other.
    if let Some(content_type) = reply.content_type
        && let Ok(content_type) = HeaderValue::from_bytes(content_type.as_bytes())
    {
        headers.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in &reply.headers {
        if let Ok(name) = HeaderName::from_bytes(name.as_str().as_bytes())
            && let Ok(value) = HeaderValue::from_bytes(value.as_bytes())
        {
            headers.append(name, value);
        }
    }
    response.set_body(ReplyBody::new(reply.body))
}

fn actix_status(status: http::StatusCode) -> StatusCode {
    StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

//! The only place where answers become responses of the `http` crate.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, Version};
use http_body::Body;
use webhook_core::Reply;
use webhook_core::driver::{Answer, EarlyReply, InFlight};

use crate::ResponseBody;

/// The answer to a request that does not reach the inner service. The reason for a refusal is in the response's
/// extensions, for outer middleware that counts refusals.
pub(crate) fn early(answered: EarlyReply, version: Version) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    if let Some(rejection) = answered.rejection {
        response.extensions_mut().insert(rejection);
    }
    // HTTP/2 has no such header: a refused stream ends on its own.
    if answered.closes && version <= Version::HTTP_11 {
        response
            .headers_mut()
            .insert(CONNECTION, const { HeaderValue::from_static("close") });
    }
    *response.status_mut() = answered.reply.status;
    *response.body_mut() = fill(response.headers_mut(), answered.reply);
    response
}

/// An answer that a layer gives in the inner service's place.
#[cfg(any(feature = "detach", feature = "inbox"))]
pub(crate) fn reply(reply: Reply) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = reply.status;
    *response.body_mut() = fill(response.headers_mut(), reply);
    response
}

/// Applies the sender's rules to the inner service's response.
#[inline]
pub(crate) fn for_sender<ResBody: Body<Data = Bytes>>(
    in_flight: InFlight,
    answer: Response<ResBody>,
) -> Response<ResponseBody<ResBody>> {
    concluded(in_flight, answer).0
}

/// The same, and whether the delivery was handled.
pub(crate) fn concluded<ResBody: Body<Data = Bytes>>(
    in_flight: InFlight,
    answer: Response<ResBody>,
) -> (Response<ResponseBody<ResBody>>, bool) {
    let (mut parts, body) = answer.into_parts();
    let without_body = body.is_end_stream() || body.size_hint().exact() == Some(0);
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let conclusion = in_flight.conclude(parts.status, content_type, without_body);
    let body = match conclusion.answer {
        Answer::Pass => ResponseBody::inner(body),
        Answer::SetStatus(status) => {
            parts.status = status;
            ResponseBody::inner(body)
        }
        Answer::Replace(reply) => {
            // Most handlers that answer without a body set no header, so no name has to be created.
            if !parts.headers.is_empty() {
                for name in Answer::BODY_HEADERS {
                    parts.headers.remove(name);
                }
            }
            parts.status = reply.status;
            ResponseBody::reply(fill(&mut parts.headers, reply))
        }
    };
    (Response::from_parts(parts, body), conclusion.handled)
}

fn fill(headers: &mut HeaderMap, reply: Reply) -> Bytes {
    if let Some(content_type) = reply.content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in reply.headers {
        headers.append(name, value);
    }
    reply.body
}

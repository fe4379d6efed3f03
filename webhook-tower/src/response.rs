//! The one place where answers become responses of the `http` crate.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, Version};
use http_body::Body;
use webhook_core::{Receipt, Refused, Reply, Settlement};

use crate::ResponseBody;

/// The answer to a refused request. Its reason rides in the extensions, for metrics middleware above.
pub(crate) fn refusal(refused: Refused, version: Version) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    response.extensions_mut().insert(refused.rejection);
    // HTTP/2 has no such field: there a refused stream ends alone.
    if refused.reply.close && version <= Version::HTTP_11 {
        response
            .headers_mut()
            .insert(CONNECTION, const { HeaderValue::from_static("close") });
    }
    *response.status_mut() = refused.reply.status;
    *response.body_mut() = fill(response.headers_mut(), refused.reply);
    response
}

/// The answer of the inner service, under the sender's rules.
pub(crate) fn settled<ResBody: Body<Data = Bytes>>(
    receipt: Receipt,
    mut answer: Response<ResBody>,
) -> Response<ResponseBody<ResBody>> {
    let body = answer.body();
    let without_body = body.is_end_stream() || body.size_hint().exact() == Some(0);
    let content_type = answer
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes);
    match receipt.settle(answer.status(), content_type, without_body) {
        Settlement::Pass => answer.map(ResponseBody::inner),
        Settlement::SetStatus(status) => {
            *answer.status_mut() = status;
            answer.map(ResponseBody::inner)
        }
        Settlement::Replace(reply) => {
            *answer.status_mut() = reply.status;
            // A handler that answers without a body has mostly set no field, and six look-ups are not free.
            let headers = answer.headers_mut();
            if !headers.is_empty() {
                for name in Settlement::BODY_HEADERS {
                    headers.remove(name);
                }
            }
            let bytes = fill(headers, reply);
            answer.map(|_| ResponseBody::reply(bytes))
        }
    }
}

fn fill(headers: &mut HeaderMap, reply: Reply) -> Bytes {
    if let Some(content_type) = reply.content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    if !reply.headers.is_empty() {
        headers.extend(reply.headers);
    }
    reply.body
}

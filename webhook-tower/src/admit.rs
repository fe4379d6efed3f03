use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Response};
use webhook_core::driver::{Accepted, InFlight, Pending};
use webhook_core::{Provider, Rejection};

use crate::response;

/// Authenticates a delivery and puts it into the extensions of its request; or returns the reply for the sender.
///
/// It takes `&mut Parts`, and returns no request: moving the head of a request in and out is a measurable part of a
/// delivery.
#[allow(clippy::result_large_err, reason = "the reply is sent at once")]
pub(crate) fn admit<P: Provider>(
    parts: &mut Parts,
    unverified: Pending<P>,
    body: Result<Bytes, Rejection>,
) -> Result<InFlight, Response<Bytes>> {
    hide_credentials(&mut parts.headers, unverified.credential_headers());
    match unverified.finish_or_refuse(body) {
        Ok(Accepted {
            delivery,
            in_flight,
            ..
        }) => {
            parts.extensions.insert(delivery);
            Ok(in_flight)
        }
        Err(early) => Err(response::early(early, parts.version)),
    }
}

/// Marks the headers that carry a credential as sensitive.
#[inline]
pub(crate) fn hide_credentials(headers: &mut HeaderMap, credentials: &[HeaderName]) {
    for (name, value) in headers {
        if credentials.contains(name) {
            value.set_sensitive(true);
        }
    }
}

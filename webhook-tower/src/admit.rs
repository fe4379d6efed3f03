use bytes::Bytes;
use http::Response;
use http::request::Parts;
use webhook_core::driver::{Accepted, InFlight, Pending};
use webhook_core::{Provider, Rejection};

use crate::response;

/// Authenticates a delivery and puts it in the extensions of its request, or returns the answer to the sender.
///
/// The request's headers are changed in place: moving them around is a good part of what a layer costs.
#[allow(clippy::result_large_err, reason = "the answer is sent at once")]
pub(crate) fn admit<P: Provider>(
    parts: &mut Parts,
    pending: Pending<P>,
    body: Result<Bytes, Rejection>,
) -> Result<InFlight, Response<Bytes>> {
    let credentials = pending.credential_headers();
    for (name, value) in &mut parts.headers {
        if credentials.contains(name) {
            value.set_sensitive(true);
        }
    }
    match pending.collected(body) {
        Ok(Accepted {
            delivery,
            in_flight,
            ..
        }) => {
            parts.extensions.insert(delivery);
            Ok(in_flight)
        }
        Err(answered) => Err(response::immediate(answered, parts.version)),
    }
}

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use webhook_core::driver::{Accepted, InFlight, Pending};
use webhook_core::{Provider, Rejection};

use crate::reading::Reading;
use crate::response;

/// What the inner service is called with, beside the head of the request.
pub(crate) struct Admitted<B> {
    pub(crate) body: B,
    pub(crate) in_flight: InFlight,
}

/// Authenticates a delivery and puts it into the extensions of its request; or returns the reply for the sender.
///
/// It takes `&mut Parts`: to move the head of a request in and out showed in the instructions of a delivery.
#[allow(clippy::result_large_err, reason = "the reply is sent at once")]
pub(crate) fn admit<P: Provider, B: From<Bytes>, ReqBody>(
    parts: &mut Parts,
    unverified: Pending<P>,
    reading: Reading<ReqBody>,
    read: Result<(), Rejection>,
) -> Result<Admitted<B>, Response<Bytes>> {
    let credentials = unverified.credential_headers();
    for (name, value) in &mut parts.headers {
        if credentials.contains(name) {
            value.set_sensitive(true);
        }
    }
    let body = reading.into_bytes();
    match unverified.finish_or_refuse(read.map(|()| body.clone())) {
        Ok(Accepted {
            delivery,
            in_flight,
            ..
        }) => {
            parts.extensions.insert(delivery);
            let body = B::from(body);
            Ok(Admitted { body, in_flight })
        }
        Err(early) => Err(response::early(early, parts.version)),
    }
}

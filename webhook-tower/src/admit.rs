use std::mem;

use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Response, Uri};
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
    hide_credentials(parts, &unverified);
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

/// Marks the headers that carry a credential as sensitive, and takes it out of the path if it is there.
#[inline]
pub(crate) fn hide_credentials<P: Provider>(parts: &mut Parts, unverified: &Pending<P>) {
    let credentials = unverified.credential_headers();
    for (name, value) in &mut parts.headers {
        if credentials.contains(name) {
            value.set_sensitive(true);
        }
    }
    if let Some(path) = unverified.hidden_path(parts.uri.path()) {
        replace_path(&mut parts.uri, &path);
    }
}

/// Of the senders here, only those that prove nothing can have a secret in the path.
#[cold]
fn replace_path(uri: &mut Uri, path: &str) {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}").parse(),
        None => path.parse(),
    };
    let mut parts = mem::take(uri).into_parts();
    // A path that no longer parses must not show what it hides.
    parts.path_and_query = Some(target.unwrap_or_else(|_| PathAndQuery::from_static("/")));
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

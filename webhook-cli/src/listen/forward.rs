use std::time::Instant;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{Request, Uri};

use super::routes::Route;
use crate::net::{Exchange, Failure, LONGEST_ANSWER, Patience, Target, exchange};

/// The app that gets what is received.
pub(super) struct Forward {
    pub(super) target: Target,
    /// What was refused, too.
    pub(super) all: bool,
}

impl Forward {
    /// Sends a request as it was received, and waits for the answer as long as the sender would.
    pub(super) async fn pass(&self, route: &Route<'_>, received: &Request<Bytes>) -> Exchange {
        let mut request = Request::new(received.body().clone());
        *request.method_mut() = received.method().clone();
        *request.headers_mut() = received.headers().clone();
        // One that came in the form for proxies has a host as well.
        *request.uri_mut() = match received.uri().path_and_query() {
            Some(target) => Uri::from(target.clone()),
            None => Uri::default(),
        };
        remove_hop_by_hop(request.headers_mut());
        request.headers_mut().remove(EXPECT);
        self.send(route, request).await
    }

    /// Sends a request below the URL.
    pub(super) async fn send(&self, route: &Route<'_>, mut request: Request<Bytes>) -> Exchange {
        let started = Instant::now();
        if let Err(error) = self.target.apply_below(&mut request, route.below) {
            return Exchange {
                took: started.elapsed(),
                result: Err(Failure::NotConnected(error.to_string())),
            };
        }
        let patience = Patience::Until(route.receiver.facts.wait(0));
        let mut exchange = exchange(&self.target, request, patience).await;
        // The beginning of an answer is another answer.
        let read = exchange.result.as_ref().map_or(0, |it| it.body.len());
        if read >= LONGEST_ANSWER {
            exchange.result = Err(Failure::TooLong);
        }
        exchange
    }
}

/// Removes the headers that are about one connection, and the length, which is that of the body.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    const ALWAYS: [HeaderName; 9] = [
        CONNECTION,
        CONTENT_LENGTH,
        HeaderName::from_static("keep-alive"),
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];

    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in ALWAYS.iter().chain(&named) {
        headers.remove(name);
    }
}

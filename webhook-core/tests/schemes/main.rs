//! Schemes, attacked: what must not be built, what a captured request is good for, and what is true for every scheme.

mod attacks;
mod bits;
mod body_time;
mod boundaries;
mod drawn;
mod handshakes;
mod hostile;
mod lists;
mod presets;
mod refused;
mod tokens;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use webhook_core::driver::{Accepted, Verifier};
use webhook_core::scheme::SchemeProvider;
use webhook_core::signing::{Credential, Scheme, SchemeBuilder};
use webhook_core::testing::{self, TestRequest};
use webhook_core::{Provider, Rejection};

const SECRET: &str = "s3cr3t";

/// The fixed time of the verifiers' clock, in seconds.
const NOW: u64 = 1_795_600_000;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

/// HMAC-SHA256 in hex, and nothing else yet.
fn acme() -> SchemeBuilder {
    Scheme::builder("acme").hmac_sha256(Credential::header("x-signature").hex())
}

fn verifier(builder: &SchemeBuilder) -> Verifier<SchemeProvider> {
    let scheme = builder.build().unwrap();
    Verifier::new(SchemeProvider::new(scheme, SECRET).unwrap()).clock(now)
}

fn signed(builder: &SchemeBuilder, headers: &[(&str, &str)], body: &str) -> TestRequest {
    let scheme = builder.build().unwrap();
    testing::scheme(&scheme, now(), headers, body.to_owned(), SECRET)
}

/// The event, or why there is none. A greeting is no rejection: it panics.
fn deliver<P: Provider>(
    verifier: &Verifier<P>,
    request: &TestRequest,
) -> Result<P::Event, Rejection> {
    request
        .deliver(verifier)
        .map(|accepted: Accepted<P::Event>| accepted.delivery.into_event())
        .map_err(|answered| answered.rejection.expect("no greeting"))
}

/// The request with other values in some headers, which may be new.
fn with(request: &TestRequest, headers: &[(&'static str, &str)]) -> TestRequest {
    let mut request = request.clone();
    for (name, value) in headers {
        request.headers.insert(*name, value.parse().unwrap());
    }
    request
}

/// The request with another body.
fn with_body(request: &TestRequest, body: &str) -> TestRequest {
    let mut request = request.clone();
    request.body = body.to_owned().into();
    request
}

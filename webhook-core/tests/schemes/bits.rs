//! What is signed passes, one changed bit of what is covered is refused, and what is not covered changes only
//! `unauthenticated`.

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use proptest::sample::Index;
use webhook_core::driver::Verifier;
use webhook_core::provider::Decoded;
use webhook_core::scheme::{Proof, SchemeProvider, SignedEvent, Source};
use webhook_core::testing::TestRequest;
use webhook_core::{Provider, Rejection, RejectionClass, Value};

use crate::deliver;
use crate::drawn::{Drawn, Layout, SIGNATURE, TIME, TimeIn, drawn};

pub type Event = SignedEvent<Value>;

/// Everything that is covered is the same.
#[track_caller]
pub fn assert_same_proof(event: &Event, other: &Event, what: &str) {
    assert_eq!(event.payload, other.payload, "{what}");
    assert_eq!(event.proof, other.proof, "{what}");
    assert_eq!(event.topic(), other.topic(), "{what}");
    assert_eq!(event.id(), other.id(), "{what}");
    assert_eq!(event.timestamp_ms, other.timestamp_ms, "{what}");
    assert_eq!(event.headers, other.headers, "{what}");
}

/// With one bit of a header changed, if a header can have that.
pub fn flipped(
    request: &TestRequest,
    name: &HeaderName,
    at: usize,
    bit: u8,
) -> Option<TestRequest> {
    let mut value = request.headers[name].as_bytes().to_vec();
    value[at] ^= 1 << bit;
    let mut request = request.clone();
    request
        .headers
        .insert(name, HeaderValue::from_bytes(&value).ok()?);
    Some(request)
}

/// Any change of one header is refused, or changes nothing that is proven.
pub fn assert_no_header_forges<S: Source>(
    verifier: &Verifier<SchemeProvider<Value, S>>,
    request: &TestRequest,
    at: Index,
    bit: u8,
) {
    let event = deliver(verifier, request).unwrap();
    let check = |changed: &TestRequest, what: &str| match deliver(verifier, changed) {
        Ok(other) => assert_same_proof(&event, &other, what),
        // A form that is not announced as one does not decode.
        Err(refused) => assert!(
            refused.class() == RejectionClass::Credential
                || refused.class() == RejectionClass::Body && what.contains("content-type"),
            "{what}: {refused:?}"
        ),
    };
    for name in request.headers.keys() {
        let value = request.headers[name].clone();
        let what = format!("{name} of {request:?}");
        if let Some(changed) = flipped(request, name, at.index(value.len()), bit) {
            check(&changed, &format!("a bit in {what}"));
        }
        let mut changed = request.clone();
        changed.headers.append(name, value);
        check(&changed, &format!("repeated {what}"));
        changed.headers.remove(name);
        check(&changed, &format!("without {what}"));
    }
    for kind in [
        "application/x-www-form-urlencoded",
        "application/json",
        "text/plain",
    ] {
        check(
            &crate::with(request, &[("content-type", kind)]),
            "the content-type",
        );
    }
    check(&crate::with(request, &[("x-new", "1")]), "a new header");
}

/// The body with one bit changed is refused.
pub fn assert_body_counts<S: Source>(
    verifier: &Verifier<SchemeProvider<Value, S>>,
    request: &TestRequest,
    at: Index,
    bit: u8,
) {
    let mut changed = request.clone();
    let mut body = request.body.to_vec();
    let at = at.index(body.len());
    body[at] ^= 1 << bit;
    changed.body = body.into();
    assert_eq!(
        deliver(verifier, &changed).unwrap_err(),
        Rejection::CredentialMismatch
    );
}

/// What was stored decodes to the same event.
pub fn assert_decodes_later<S: Source>(
    verifier: &Verifier<SchemeProvider<Value, S>>,
    request: &TestRequest,
) {
    let event = deliver(verifier, request).unwrap();
    let provider = verifier.provider();
    let claim = provider.inspect(&request.head()).unwrap();
    let authentic = provider.authenticate(claim, &request.body).unwrap();
    let stored = serde_json::to_string(authentic.facts()).unwrap();
    let mut facts = serde_json::from_str(&stored).unwrap();
    let json = provider.json(&facts, &request.body).unwrap();
    let Decoded::Event(again) = provider.decode(&mut facts, &json).unwrap() else {
        panic!("no event");
    };
    assert_eq!(again, event);
    for name in provider.credential_headers() {
        let sent = String::from_utf8_lossy(request.headers[name].as_bytes());
        assert!(!stored.contains(&*sent), "{name} in {stored}");
    }
}

/// Where in its header the signature begins.
fn signature_begins(drawn: &Drawn, sent: &[u8]) -> usize {
    match &drawn.layout {
        Layout::Pairs(_) => sent.windows(3).position(|bytes| bytes == b"v1=").unwrap(),
        Layout::Alone(_) | Layout::List(..) => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_signed_passes_and_is_told_apart_from_what_is_not(drawn in drawn()) {
        let request = drawn.request();
        let event = deliver(&drawn.verifier(0), &request).unwrap();
        prop_assert_eq!(&event.payload, &drawn.payload());
        prop_assert_eq!(event.proof, Proof::Body);
        let time = Some(crate::NOW * 1000);
        let (covered, uncovered) = match drawn.time {
            TimeIn::Nothing => (None, None),
            _ if drawn.has_time() => (time, None),
            _ => (None, time),
        };
        prop_assert_eq!(event.timestamp_ms, covered);
        prop_assert_eq!(event.unauthenticated.timestamp_ms, uncovered);
        prop_assert_eq!(&event.unauthenticated.headers["x-kept"], "kept");
        for (name, value) in &event.headers {
            prop_assert!(drawn.parts().any(|(at, part)| Drawn::header(at) == name && part.value == *value));
        }
        for (signed, unsigned) in [
            (event.topic(), &event.unauthenticated.topic),
            (event.id(), &event.unauthenticated.id),
        ] {
            prop_assert!(signed.is_none() || unsigned.is_none());
            prop_assert!(unsigned.as_ref().is_none_or(|it| it == "unsigned" || it == "0"));
        }
        assert_decodes_later(&drawn.verifier(0), &request);
        // Another key.
        let refused = deliver(&drawn.verifier(1), &request).map(|_| ());
        prop_assert_eq!(refused, Err(Rejection::CredentialMismatch));
    }

    #[test]
    fn one_bit_of_what_is_covered_is_refused(drawn in drawn(), at in any::<Index>(), bit in 0..8_u8) {
        let (verifier, request) = (drawn.verifier(0), drawn.request());
        assert_body_counts(&verifier, &request, at, bit);
        let parts = drawn.parts().filter(|(_, part)| !part.is_time).map(|(at, _)| Drawn::header(at));
        let time = (drawn.covers_time && drawn.time == TimeIn::Header).then_some(TIME);
        for name in parts.chain(time).chain([SIGNATURE]) {
            let sent = request.headers[name].as_bytes();
            // The time in a pair may be unsigned.
            let skipped = match name == SIGNATURE && !drawn.covers_time {
                true => signature_begins(&drawn, sent),
                false => 0,
            };
            let at = skipped + at.index(sent.len() - skipped);
            let Some(changed) = flipped(&request, &name.parse().unwrap(), at, bit) else { continue };
            // The same hex in the other letter case, or a prefix of a list that was not meant.
            if changed.headers[name].as_bytes().eq_ignore_ascii_case(sent) {
                continue;
            }
            let refused = deliver(&verifier, &changed).map(|_| ());
            prop_assert_eq!(
                refused.as_ref().unwrap_err().class(), RejectionClass::Credential, "{}: {:?}", name, changed
            );
            let mut twice = request.clone();
            twice.headers.append(name, request.headers[name].clone());
            prop_assert_eq!(deliver(&verifier, &twice).map(|_| ()), Err(Rejection::CredentialRepeated));
        }
    }

    #[test]
    fn no_change_of_a_header_forges_anything(drawn in drawn(), at in any::<Index>(), bit in 0..8_u8) {
        assert_no_header_forges(&drawn.verifier(0), &drawn.request(), at, bit);
    }

    #[test]
    fn the_tolerance_is_exact_for_every_signed_time(drawn in drawn()) {
        let request = drawn.request();
        for (seconds, is_near) in [(300, true), (301, false), (-300, true), (-301, false)] {
            let verifier = drawn.verifier(0).clock(Drawn::at(seconds));
            let accepted = deliver(&verifier, &request).map(|_| ());
            match is_near || !drawn.has_time() {
                true => prop_assert_eq!(accepted, Ok(())),
                false => prop_assert_eq!(accepted, Err(Rejection::TimestampOutsideTolerance)),
            }
        }
    }
}

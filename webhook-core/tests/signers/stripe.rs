use serde::Deserialize;
use webhook_core::stripe::{Stripe, StripeEvent};
use webhook_core::testing::{self, TestRequest};

use super::*;

const SECRET: &str = "whsec_test_secret";
const OTHER_SECRET: &str = "whsec_other_secret";
const SIGNATURE: &str = "stripe-signature";
const BODY: &str = "{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}";

fn signed(timestamp: u64, body: &'static str, secret: &str) -> TestRequest {
    testing::stripe(at(timestamp), body, secret)
}

fn authentic() -> TestRequest {
    signed(NOW, BODY, SECRET)
}

#[test]
fn the_vector_of_the_sdk_is_accepted() {
    // Body and secret from the test suites of Stripe's libraries (`Webhook.spec` of stripe-node); the signature is
    // what `stripe` 16.1.0 on PyPI computes for them at this time.
    const HEADER: &str =
        "t=1614265330,v1=af4ead0627a34a8cca29808e8de9ada8e41a92e6237c63cef6eacf51d36cca34";

    let request = authentic();
    assert_eq!(request.value(SIGNATURE), HEADER);
    let accepted = deliver(&verifier::<Stripe>(SECRET), &request).unwrap();
    let payload = serde_json::json!({"id": "evt_test_webhook", "object": "event"});
    assert_eq!(*accepted.delivery, StripeEvent::new(NOW, payload));
}

#[test]
fn only_what_the_key_has_signed_passes() {
    let bad = signed(NOW, BODY, OTHER_SECRET).value(SIGNATURE);
    let (_, bad_v1) = bad.split_once(',').unwrap();
    let v1 = |request: &TestRequest| {
        request
            .value(SIGNATURE)
            .split_once(',')
            .unwrap()
            .1
            .to_owned()
    };
    let list = |request: &mut TestRequest, place| {
        let list = list_with(&v1(request), bad_v1, ",", place, 1000);
        request.set(SIGNATURE, format!("t={NOW},{list}"));
    };
    let time = |request: &mut TestRequest, t: &str| {
        request.set(SIGNATURE, format!("t={t},{}", v1(request)));
    };

    let verifier = verifier::<Stripe>(SECRET);
    #[rustfmt::skip]
    let rows: &[Row<'_>] = &[
        ("as signed", &|_| {}, "accepted"),
        ("wrong key", &|r| r.set(SIGNATURE, &bad), "credential_mismatch"),
        ("another body", &|r| r.body = BODY.replace("webhook", "webhool").into(), "credential_mismatch"),
        ("another time", &|r| time(r, "1614265331"), "credential_mismatch"),
        ("a zero before the time", &|r| time(r, "01614265330"), "credential_mismatch"),
        // Time.
        ("300 s old", &|r| *r = signed(NOW - 300, BODY, SECRET), "accepted"),
        ("301 s old", &|r| *r = signed(NOW - 301, BODY, SECRET), "timestamp_outside_tolerance"),
        ("300 s ahead", &|r| *r = signed(NOW + 300, BODY, SECRET), "accepted"),
        ("301 s ahead", &|r| *r = signed(NOW + 301, BODY, SECRET), "timestamp_outside_tolerance"),
        ("the last time of all", &|r| time(r, "18446744073709551615"), "timestamp_outside_tolerance"),
        ("a time beyond it", &|r| time(r, "18446744073709551616"), "credential_malformed"),
        ("a time with a sign", &|r| time(r, "+1614265330"), "credential_malformed"),
        ("an empty time", &|r| time(r, ""), "credential_malformed"),
        // Parts.
        ("no header", &|r| r.remove(SIGNATURE), "credential_missing"),
        ("empty field", &|r| r.set(SIGNATURE, ""), "credential_missing"),
        ("header is not text", &|r| r.set(SIGNATURE, b"t=\xff"), "credential_malformed"),
        ("field twice", &|r| r.repeat(SIGNATURE), "credential_repeated"),
        ("no t", &|r| r.set(SIGNATURE, v1(r)), "credential_missing"),
        ("no v1", &|r| r.set(SIGNATURE, format!("t={NOW}")), "credential_missing"),
        ("t twice", &|r| r.set(SIGNATURE, format!("{},t={NOW}", r.value(SIGNATURE))), "credential_repeated"),
        ("another t at the end", &|r| r.set(SIGNATURE, format!("{},t=1", r.value(SIGNATURE))), "credential_repeated"),
        // Signatures.
        ("not hex", &|r| r.set(SIGNATURE, format!("t={NOW},v1={}", "x".repeat(64))), "credential_malformed"),
        ("31 bytes", &|r| r.set(SIGNATURE, format!("t={NOW},v1={}", "0".repeat(62))), "credential_malformed"),
        ("33 bytes", &|r| r.set(SIGNATURE, format!("t={NOW},v1={}", "0".repeat(66))), "credential_malformed"),
        ("v0 alone", &|r| r.set(SIGNATURE, r.value(SIGNATURE).replace("v1", "v0")), "credential_missing"),
        ("v0 beside v1", &|r| r.set(SIGNATURE, format!("v0=x,{},v0=y", r.value(SIGNATURE))), "accepted"),
        ("v1 before t", &|r| r.set(SIGNATURE, format!("{}, t={NOW}", v1(r))), "accepted"),
        ("upper-case hex", &|r| r.set(SIGNATURE, format!("t={NOW},v1={}", v1(r)[3..].to_uppercase())), "accepted"),
        ("garbage before v1", &|r| r.set(SIGNATURE, format!("t={NOW},,=,v1=x,{}", v1(r))), "accepted"),
        ("1st of 1,000", &|r| list(r, 1), "accepted"),
        ("16th of 1,000", &|r| list(r, 16), "accepted"),
        ("17th of 1,000", &|r| list(r, 17), "credential_mismatch"),
        // Bodies.
        ("not JSON", &|r| *r = signed(NOW, "nonsense", SECRET), "body_syntax"),
        ("empty", &|r| *r = signed(NOW, "", SECRET), "body_truncated"),
    ];
    assert_rows(&verifier, &authentic(), rows);
    assert_garbage_is_refused(&verifier, &authentic(), &[SIGNATURE]);
    assert_answers(&verifier, &authentic(), &[]);
}

#[test]
fn the_payload_is_the_type_of_the_app() {
    #[derive(Clone, Debug, Deserialize)]
    struct Event {
        id: String,
    }

    let verifier = verifier::<Stripe<Event>>(SECRET);
    let accepted = deliver(&verifier, &authentic()).unwrap();
    assert_eq!(accepted.delivery.payload.id, "evt_test_webhook");
    assert_rows(
        &verifier,
        &signed(NOW, "[1]", SECRET),
        &[(
            "authentic, but a different type",
            &|_| {},
            "body_does_not_fit",
        )],
    );
}

#[test]
fn keys_rotate_and_are_limited() {
    let sign = |secret: &str| testing::stripe(SystemTime::now(), BODY, secret);
    assert_rotation::<Stripe>(SECRET, OTHER_SECRET, sign);
    assert_key_limit::<Stripe>(|n| format!("whsec_{n:0>32}"), sign);
}

#[test]
fn one_of_several_signatures_and_keys_suffices() {
    // Stripe signs with each secret while one is rolled; the app may know either one, or both.
    let [old, new] = [SECRET, OTHER_SECRET].map(|secret| signed(NOW, BODY, secret));
    let mut request = old.clone();
    let (_, new_v1) = new.headers[SIGNATURE]
        .to_str()
        .unwrap()
        .split_once(',')
        .unwrap();
    request.set(SIGNATURE, format!("{},{new_v1}", old.value(SIGNATURE)));
    for secret in [SECRET, OTHER_SECRET] {
        assert!(deliver(&verifier::<Stripe>(secret), &request).is_ok());
    }
}

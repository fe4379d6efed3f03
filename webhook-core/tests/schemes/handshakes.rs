//! Requests that a layer answers by itself, and what someone without a secret can make of them.

use http::{HeaderMap, Method};
use webhook_core::Rejection;
use webhook_core::driver::{EarlyReply, Verifier};
use webhook_core::scheme::SchemeProvider;
use webhook_core::signing::{BodyFormat, Handshake, SchemeBuilder};
use webhook_core::testing::TestRequest;

use crate::{SECRET, acme, signed, verifier, with, with_body};

fn scheme(handshake: Handshake) -> SchemeBuilder {
    acme().signs("{body}").handshake(handshake)
}

fn answered(verifier: &Verifier<SchemeProvider>, request: &TestRequest) -> Option<EarlyReply> {
    request.deliver(verifier).err()
}

/// A status and a text for a greeting, the reason for a refusal, `delivered` otherwise.
fn told(verifier: &Verifier<SchemeProvider>, request: &TestRequest) -> String {
    match answered(verifier, request) {
        None => "delivered".into(),
        Some(EarlyReply {
            rejection: Some(rejection),
            ..
        }) => rejection.name().to_owned(),
        Some(greeting) => format!(
            "{} {}",
            greeting.reply.status.as_u16(),
            String::from_utf8_lossy(&greeting.reply.body)
        )
        .trim_end()
        .to_owned(),
    }
}

/// Without a signature, with the length that a server would see.
fn unsigned(builder: &SchemeBuilder, body: &str) -> TestRequest {
    let mut request = signed(builder, &[], body);
    request.headers.remove("x-signature");
    with(&request, &[("content-length", &body.len().to_string())])
}

#[test]
fn only_the_probe_itself_is_greeted_without_a_signature() {
    let probe = scheme(Handshake::UnsignedProbe("ping".into()));
    let verifier_of_probe = verifier(&probe);
    let told_of = |request: &TestRequest| told(&verifier_of_probe, request);
    for (body, expected) in [
        ("ping", "200"),
        (" ping\r\n", "200"),
        ("", "credential_missing"),
        ("pin", "credential_missing"),
        ("pingping", "credential_missing"),
        ("\"ping\"", "credential_missing"),
    ] {
        assert_eq!(told_of(&unsigned(&probe, body)), expected, "{body}");
    }
    // It must announce that it is short, and have no signature: a wrong one is no probe.
    let mut endless = unsigned(&probe, "ping");
    endless.headers.remove("content-length");
    assert_eq!(told_of(&endless), "credential_missing");
    for length in ["65", "-4", "4, 4", "18446744073709551616"] {
        let request = with(&unsigned(&probe, "ping"), &[("content-length", length)]);
        assert_eq!(told_of(&request), "credential_missing", "{length}");
    }
    let wrong = with(
        &unsigned(&probe, "ping"),
        &[("x-signature", &"0".repeat(64))],
    );
    assert_eq!(told_of(&wrong), "credential_mismatch");
    for signature in ["", "ping"] {
        let request = with(&unsigned(&probe, "ping"), &[("x-signature", signature)]);
        assert!(told_of(&request).starts_with("credential_"), "{signature}");
    }

    // What is signed is a delivery, also if a probe could have the same body.
    let probe = scheme(Handshake::UnsignedProbe("1".into()));
    assert_eq!(told(&verifier(&probe), &unsigned(&probe, "1")), "200");
    assert_eq!(
        told(&verifier(&probe), &signed(&probe, &[], "1")),
        "delivered"
    );

    let form = scheme(Handshake::UnsignedForm("n".into()));
    for (body, expected) in [
        ("n=1", "200"),
        ("n=", "credential_missing"),
        ("n=1&a=2", "credential_missing"),
        ("n=x", "credential_missing"),
        ("=1", "credential_missing"),
        ("nn=1", "credential_missing"),
    ] {
        assert_eq!(
            told(&verifier(&form), &unsigned(&form, body)),
            expected,
            "{body}"
        );
    }
}

#[test]
fn a_challenge_is_one_object_that_has_each_field_once() {
    let slack = scheme(Handshake::challenge("type", "verify", "challenge"));
    let verifier = verifier(&slack);
    for (body, expected) in [
        (r#"{"type":"verify","challenge":"abc"}"#, "200 abc"),
        (r#"[{"type":"verify","challenge":"abc"}]"#, "delivered"),
        (
            r#"{"type":"verify","type":"verify","challenge":"abc"}"#,
            "delivered",
        ),
        (
            r#"{"type":"verify","challenge":"abc","challenge":"abd"}"#,
            "delivered",
        ),
        (r#"{"type":"verify"}"#, "delivered"),
        (r#"{"type":"verify","challenge":""}"#, "delivered"),
        (r#"{"type":"verify","challenge":"a b"}"#, "delivered"),
        (r#"{"type":"verify","challenge":"a\n<b>"}"#, "delivered"),
        (r#"{"type":"verify","challenge":["abc"]}"#, "delivered"),
        (r#"{"type":"verified","challenge":"abc"}"#, "delivered"),
        (r#"{"a":{"type":"verify"},"challenge":"abc"}"#, "delivered"),
    ] {
        let request = signed(&slack, &[], body);
        assert_eq!(told(&verifier, &request), expected, "{body}");
        // Nobody else is greeted.
        let forged = with_body(&signed(&slack, &[], "{}"), body);
        assert_eq!(told(&verifier, &forged), "credential_mismatch", "{body}");
    }
    let long = format!(r#"{{"type":"verify","challenge":"{}"}}"#, "a".repeat(1025));
    assert_eq!(told(&verifier, &signed(&slack, &[], &long)), "delivered");
}

#[test]
fn a_ping_has_exactly_the_value_and_not_the_field_of_deliveries() {
    let discord = scheme(Handshake::ping("type", "0", 204).without("event"))
        .handshake(Handshake::ping("kind", "\"ping\"", 200).with_body("{}"))
        .body(BodyFormat::Form);
    let verifier = verifier(&discord);
    for (body, expected) in [
        (r#"{"type":0}"#, "204"),
        (r#"{"type": 0 }"#, "204"),
        (r#"{"type":0,"event":{}}"#, "delivered"),
        (r#"{"type":0.0}"#, "delivered"),
        (r#"{"type":"0"}"#, "delivered"),
        (r#"{"type":0,"type":0}"#, "delivered"),
        (r#"[{"type":0}]"#, "delivered"),
        (r#"{"kind":"ping"}"#, "200 {}"),
        (r#"{"kind":"ping "}"#, "delivered"),
    ] {
        let request = signed(&discord, &[], body);
        assert_eq!(told(&verifier, &request), expected, "{body}");
    }
    let form = with(
        &signed(&discord, &[], "kind=ping"),
        &[("content-type", "application/x-www-form-urlencoded")],
    );
    assert_eq!(told(&verifier, &form), "200 {}");
}

#[test]
fn the_verify_token_is_one_parameter_and_the_challenge_another() {
    let meta = scheme(Handshake::Hub);
    let mut provider =
        SchemeProvider::<serde_json::Value>::new(meta.build().unwrap(), SECRET).unwrap();
    let ask = |verifier: &Verifier<SchemeProvider>, query: &str| {
        let mut request = signed(&meta, &[], "");
        (request.method, request.headers) = (Method::GET, HeaderMap::new());
        request.uri = format!("/hook?{query}").parse().unwrap();
        told(verifier, &request)
    };
    let right = "hub.mode=subscribe&hub.challenge=42&hub.verify_token=v3rify";
    let unset = Verifier::new(provider.clone());
    assert_eq!(ask(&unset, right), Rejection::HandshakeRefused.name());
    let empty = "hub.mode=subscribe&hub.challenge=42&hub.verify_token=";
    assert_eq!(ask(&unset, empty), Rejection::HandshakeRefused.name());

    provider.verify_token("v3rify").unwrap();
    let verifier = Verifier::new(provider);
    let refused = Rejection::HandshakeRefused.name();
    let no_method = Rejection::MethodNotAllowed.name();
    for (query, expected) in [
        (right.to_owned(), "200 42"),
        (
            "hub%2Emode=subscribe&hub.challenge=%34%32&hub.verify_token=v3rif%79".into(),
            "200 42",
        ),
        (format!("{right}&hub.verify_token=v3rify"), refused),
        (format!("{right}&hub.verify%5Ftoken=x"), refused),
        (format!("{right}&hub.challenge=43"), refused),
        (format!("{right}&hub.mode=subscribe"), no_method),
        (empty.into(), refused),
        ("hub.mode=subscribe&hub.challenge=42".into(), refused),
        ("hub.mode=subscribe&hub.verify_token=v3rify".into(), refused),
        (
            "hub.mode=subscribe&hub.challenge=%3Cb%3E%0A&hub.verify_token=v3rify".into(),
            refused,
        ),
        (
            "hub.mode=unsubscribe&hub.challenge=42&hub.verify_token=v3rify".into(),
            no_method,
        ),
        (String::new(), no_method),
    ] {
        assert_eq!(ask(&verifier, &query), expected, "{query}");
    }
}

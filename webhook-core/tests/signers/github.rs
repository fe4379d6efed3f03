use serde::Deserialize;
use webhook_core::driver::Verifier;
use webhook_core::github::{Github, GithubEvent, GithubPayload};
use webhook_core::testing::{self, TestRequest};

use super::*;

const SECRET: &str = "It's a Secret to Everybody";
const OTHER_SECRET: &str = "It's a Secret to Somebody";
const SIGNATURE: &str = "x-hub-signature-256";
const BODY: &str = r#"{"ref":"refs/heads/main","sum":"1 + 1 = 2 & 100%"}"#;

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Push {
    r#ref: String,
}

fn authentic() -> TestRequest {
    testing::github("push", BODY, SECRET)
}

fn form_of(body: &str) -> TestRequest {
    let mut request = testing::github("push", body.to_owned(), SECRET);
    request.set(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    );
    request
}

fn verifier<P: FromSecrets>() -> Verifier<P> {
    Verifier::try_new(SECRET).unwrap()
}

#[test]
fn the_documented_vector_is_authentic() {
    // GitHub, "Validating webhook deliveries", section "Testing the webhook payload validation".
    const HEADER: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    let request = testing::github("push", "Hello, World!", SECRET);
    assert_eq!(request.value(SIGNATURE), HEADER);
    // It passes authentication, but is not JSON.
    assert_rows(
        &verifier::<Github>(),
        &request,
        &[
            ("as documented", &|_| {}, "body_syntax"),
            (
                "another body",
                &|r| r.body = "Hello, World?".into(),
                "credential_mismatch",
            ),
        ],
    );
}

#[test]
fn only_what_the_key_has_signed_passes() {
    let verifier = verifier::<Github<Push>>();
    let bad = testing::github("push", BODY, OTHER_SECRET).value(SIGNATURE);
    #[rustfmt::skip]
    let rows: &[Row<'_>] = &[
        ("as signed", &|_| {}, "accepted"),
        ("wrong key", &|r| r.set(SIGNATURE, &bad), "credential_mismatch"),
        ("another body", &|r| r.body = BODY.replace("main", "mail").into(), "credential_mismatch"),
        ("no signature", &|r| r.remove(SIGNATURE), "credential_missing"),
        ("legacy signature only", &|r| r.rename(SIGNATURE, "x-hub-signature"), "credential_missing"),
        ("empty signature", &|r| r.set(SIGNATURE, ""), "credential_missing"),
        ("signature twice", &|r| r.repeat(SIGNATURE), "credential_repeated"),
        ("signature is not text", &|r| r.set(SIGNATURE, b"sha256=\xff"), "credential_malformed"),
        ("no scheme", &|r| r.set(SIGNATURE, &r.value(SIGNATURE)[7..]), "credential_malformed"),
        ("another scheme", &|r| r.set(SIGNATURE, r.value(SIGNATURE).replace("256", "1")), "credential_malformed"),
        ("no hex", &|r| r.set(SIGNATURE, format!("sha256={}", "x".repeat(64))), "credential_malformed"),
        ("31 bytes", &|r| r.set(SIGNATURE, format!("sha256={}", "0".repeat(62))), "credential_malformed"),
        ("33 bytes", &|r| r.set(SIGNATURE, format!("sha256={}", "0".repeat(66))), "credential_malformed"),
        ("two in one field", &|r| r.set(SIGNATURE, format!("{bad},{}", r.value(SIGNATURE))), "credential_malformed"),
        ("1,000 in one field", &|r| r.set(SIGNATURE, list_with(&r.value(SIGNATURE), &bad, ",", 1, 1000)), "credential_malformed"),
        ("upper-case hex", &|r| r.set(SIGNATURE, format!("sha256={}", r.value(SIGNATURE)[7..].to_uppercase())), "accepted"),
        // Bodies.
        ("a different type", &|r| *r = testing::github("push", "{}", SECRET), "body_does_not_fit"),
        ("a form", &|r| *r = testing::github_form("push", BODY, SECRET), "accepted"),
        ("JSON called a form", &|r| r.set("content-type", "application/x-www-form-urlencoded"), "accepted"),
        ("a form called JSON", &|r| { *r = testing::github_form("push", BODY, SECRET); r.set("content-type", "application/json"); }, "body_syntax"),
        ("a form without payload", &|r| *r = form_of("other=%7B%7D"), "body_missing_field"),
        ("payload twice", &|r| *r = form_of("payload=%7B%7D&payload=%7B%7D"), "body_repeated_form_name"),
        ("a broken escape", &|r| *r = form_of("payload=%7"), "body_invalid_form"),
    ];
    assert_rows(&verifier, &authentic(), rows);
    assert_garbage_is_refused(&verifier, &authentic(), &[SIGNATURE]);
    assert_answers(&verifier, &authentic(), &[]);
}

#[test]
fn a_form_decodes_to_what_its_json_does() {
    let verifier = verifier::<Github>();
    let json = deliver(&verifier, &authentic())
        .unwrap()
        .delivery
        .into_event();
    // As encoded by GitHub, with spaces as `+`, and with every character escaped.
    let plus = form_of(
        "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%2C%22sum%22%3A%221+%2B+1+%3D+2+%26+100%25%22%7D",
    );
    for form in [plus, testing::github_form("push", BODY, SECRET)] {
        assert_eq!(
            deliver(&verifier, &form).unwrap().delivery.into_event(),
            json
        );
    }
}

#[test]
fn the_headers_are_kept_and_prove_nothing() {
    let verifier = verifier::<Github<Push>>();
    let event = |change: &dyn Fn(&mut TestRequest)| {
        let mut request = authentic();
        change(&mut request);
        deliver(&verifier, &request).unwrap().delivery.into_event()
    };
    let push = GithubPayload::Event(Push {
        r#ref: "refs/heads/main".into(),
    });

    let sent = event(&|_| {});
    assert_eq!(sent.payload, push);
    assert_eq!(sent.unauthenticated.event.as_deref(), Some("push"));
    assert_eq!(
        sent.unauthenticated.delivery.as_deref(),
        Some("72d3162e-cc78-11e3-81ab-4c9367dc0958")
    );

    let tampered = event(&|r| {
        r.set("x-github-event", "release");
        r.repeat("x-github-delivery");
    });
    assert_eq!(tampered.payload, push);
    assert_eq!(tampered.unauthenticated.event.as_deref(), Some("release"));
    assert_eq!(tampered.unauthenticated.delivery, None);

    assert_eq!(event(&|r| r.remove("x-github-event")).payload, push);
}

#[test]
fn a_ping_is_never_decoded_as_the_payload() {
    let verifier = verifier::<Github<Push>>();
    let json = r#"{"zen":"Design for failure.","hook_id":109948940,"hook":{"type":"Repository"}}"#;
    for request in [
        testing::github("ping", json, SECRET),
        testing::github_form("ping", json, SECRET),
    ] {
        let event = deliver(&verifier, &request).unwrap().delivery.into_event();
        let GithubEvent {
            payload: GithubPayload::Ping(ping),
            ..
        } = event
        else {
            panic!("{event:?}")
        };
        assert_eq!(ping.hook_id, Some(109_948_940));
        assert_eq!(ping.zen.as_deref(), Some("Design for failure."));
    }
    // A captured push that is sent again as a ping decodes to no part of the push.
    let mut replayed = authentic();
    replayed.set("x-github-event", "ping");
    let event = deliver(&verifier, &replayed).unwrap().delivery.into_event();
    assert_eq!(event.payload, GithubPayload::Ping(Default::default()));
}

#[test]
fn keys_rotate_and_are_limited() {
    let sign = |secret: &str| testing::github("push", BODY, secret);
    assert_rotation::<Github>(SECRET, OTHER_SECRET, sign);
    assert_key_limit::<Github>(|n| format!("secret-{n:0>3}"), sign);
}

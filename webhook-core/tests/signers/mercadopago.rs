use http::StatusCode;
use webhook_core::mercadopago::{MercadoPago, MercadoPagoEvent, MercadoPagoNotification};
use webhook_core::testing::{self, TestRequest};
use webhook_core::{Rejection, RejectionClass, Reply};

use super::*;

const SECRET: &str = "your_secret_key_here";
const OTHER_SECRET: &str = "another_secret_key";
const SIGNATURE: &str = "x-signature";
const REQUEST_ID: &str = "2066ca19-c6f1-498a-be75-1923005edd06";
const BODY: &str =
    r#"{"action":"payment.created","type":"payment","data":{"id":"123"},"user_id":7}"#;

fn signed(timestamp: u64, data_id: &str, secret: &str) -> TestRequest {
    testing::mercadopago("payment", data_id, at(timestamp), BODY, secret)
}

fn authentic() -> TestRequest {
    signed(NOW, "123abc", SECRET)
}

fn query(request: &mut TestRequest, query: &str) {
    request.uri = format!("/mercadopago?{query}").parse().unwrap();
}

#[test]
fn the_vectors_of_the_sdk_are_accepted() {
    // Inputs from the test suite of Mercado Pago's `mercadopago` for Node (`webhook.spec.ts`); the signatures are the
    // HMAC-SHA256 of its manifests. `WebhookSignatureValidator` 3.6.1 accepts all but the second, whose id was
    // lowercased before it was signed, as in older documentation.
    const UPPER: &str = "ORD01JQ4S4KY8HWQ6NA5PXB65B3D3";
    const LOWER: &str = "ord01jq4s4ky8hwq6na5pxb65b3d3";
    const MS: &str = "1742505638683";

    let id = Some(REQUEST_ID);
    let verifier = Verifier::<MercadoPago>::try_new(SECRET).unwrap();
    for (data_id, request_id, ts, v1) in [
        (
            Some(LOWER),
            id,
            MS,
            "633f91233312dd391ec75fa0bea539cfc2d6c4918873305b84a96cc1c58db71c",
        ),
        (
            Some(UPPER),
            id,
            MS,
            "633f91233312dd391ec75fa0bea539cfc2d6c4918873305b84a96cc1c58db71c",
        ),
        (
            None,
            id,
            MS,
            "8a7b0cc777a8217c3bab41a50c95dc92debbc6f8448f1c967dfe10ac1cb8b894",
        ),
        (
            Some(LOWER),
            None,
            MS,
            "a20c44820ab71562e89a7c9f64d5636efc8beba587b16c2f9bbbc3504892741a",
        ),
        (
            None,
            None,
            MS,
            "3f075add3ddb923bebf0bc0648457b8244cf4420b98d5b445167d379bec0ca54",
        ),
        (
            Some("ord01abc123"),
            id,
            MS,
            "f37a2a610d68238b58b97b4107b9d0f0ebba14a6fe31bbed9fbd7a6ffc540e4d",
        ),
        (
            Some(UPPER),
            id,
            MS,
            "fb15ae6472eb449173c556793205d77787d58f384d183bb5bc3b724c27bd103c",
        ),
        (
            Some("123"),
            id,
            "1742505638",
            "14e7c358f4cef53ebbf35b9368da9d32d2d6cf90d740e2d8b4710cd1ade1fe85",
        ),
    ] {
        let mut request = authentic();
        request.set(SIGNATURE, format!("ts={ts},v1={v1}"));
        request.set("x-request-id", request_id.unwrap_or_default());
        query(
            &mut request,
            &format!("data.id={}&type=order", data_id.unwrap_or_default()),
        );

        let event = deliver(&verifier, &request).unwrap().delivery.into_event();
        assert_eq!(event.data_id.as_deref(), data_id);
        assert_eq!(event.request_id.as_deref(), request_id);
        let timestamp_ms = if ts == MS {
            1_742_505_638_683
        } else {
            1_742_505_638_000
        };
        assert_eq!(event.timestamp_ms, timestamp_ms);
    }
}

#[test]
fn only_what_the_key_has_signed_passes() {
    let bad = signed(NOW, "123abc", OTHER_SECRET).value(SIGNATURE);
    let (ts, bad_v1) = bad.split_once(',').unwrap();
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
        request.set(SIGNATURE, format!("{ts},{list}"));
    };
    let time = |request: &mut TestRequest, ts: &str| {
        request.set(SIGNATURE, format!("ts={ts},{}", v1(request)));
    };

    let verifier = verifier::<MercadoPago>(SECRET);
    #[rustfmt::skip]
    let rows: &[Row<'_>] = &[
        ("as signed", &|_| {}, "accepted"),
        ("wrong key", &|r| r.set(SIGNATURE, &bad), "credential_mismatch"),
        // The body is not signed: it may be anything.
        ("a different body", &|r| r.body = BODY.replace("123", "124").into(), "accepted"),
        ("another type", &|r| query(r, "data.id=123abc&type=order"), "accepted"),
        ("another data.id", &|r| query(r, "data.id=123abd"), "credential_mismatch"),
        ("a different request id", &|r| r.set("x-request-id", "2066ca19"), "credential_mismatch"),
        ("another time", &|r| time(r, "1614265331000"), "credential_mismatch"),
        ("the time in seconds", &|r| time(r, "1614265330"), "credential_mismatch"),
        // Parts. A signed one cannot be removed, nor one added.
        ("no data.id", &|r| query(r, "type=payment"), "credential_mismatch"),
        ("no query", &|r| r.uri = "/mercadopago".parse().unwrap(), "credential_mismatch"),
        ("no request id", &|r| r.remove("x-request-id"), "credential_mismatch"),
        ("data.id as another name", &|r| query(r, "data_id=123abc"), "credential_mismatch"),
        ("data.id escaped", &|r| query(r, "type=payment&data%2Eid=%3123abc"), "accepted"),
        ("data.id in uppercase", &|r| query(r, "data.id=123ABC"), "accepted"),
        ("data.id twice", &|r| query(r, "data.id=123abc&data.id=123abc"), "credential_repeated"),
        ("data.id twice, once escaped", &|r| query(r, "data.id=123abc&data%2eid=1"), "credential_repeated"),
        ("data.id twice, once empty", &|r| query(r, "data.id&data.id=123abc"), "credential_repeated"),
        ("data.id is not text", &|r| query(r, "data.id=%FF"), "credential_malformed"),
        ("request id twice", &|r| r.repeat("x-request-id"), "credential_repeated"),
        ("request id is not text", &|r| r.set("x-request-id", b"\xff"), "credential_malformed"),
        // The same manifest, split elsewhere.
        (
            "the request id within data.id",
            &|r| {
                let id = r.headers["x-request-id"].clone();
                r.remove("x-request-id");
                query(r, &format!("data.id=123abc;request-id:{}", id.to_str().unwrap()));
            },
            "credential_malformed",
        ),
        ("a part within the request id", &|r| r.set("x-request-id", "1;ts:2"), "credential_malformed"),
        // The header.
        ("no header", &|r| r.remove(SIGNATURE), "credential_missing"),
        ("empty field", &|r| r.set(SIGNATURE, ""), "credential_missing"),
        ("field twice", &|r| r.repeat(SIGNATURE), "credential_repeated"),
        ("header is not text", &|r| r.set(SIGNATURE, b"ts=\xff"), "credential_malformed"),
        ("no ts", &|r| r.set(SIGNATURE, v1(r)), "credential_missing"),
        ("no v1", &|r| r.set(SIGNATURE, ts), "credential_missing"),
        ("ts twice", &|r| r.set(SIGNATURE, format!("{},{ts}", r.value(SIGNATURE))), "credential_repeated"),
        ("another ts at the end", &|r| r.set(SIGNATURE, format!("{},ts=1", r.value(SIGNATURE))), "credential_repeated"),
        ("a time with a sign", &|r| time(r, "+1614265330000"), "credential_malformed"),
        ("an empty time", &|r| time(r, ""), "credential_malformed"),
        ("a time beyond the last", &|r| time(r, "18446744073709551616"), "credential_malformed"),
        ("the last time", &|r| time(r, "18446744073709551615"), "credential_mismatch"),
        // Signatures.
        ("not hex", &|r| r.set(SIGNATURE, format!("{ts},v1={}", "x".repeat(64))), "credential_malformed"),
        ("31 bytes", &|r| r.set(SIGNATURE, format!("{ts},v1={}", "0".repeat(62))), "credential_malformed"),
        ("v2 alone", &|r| r.set(SIGNATURE, r.value(SIGNATURE).replace("v1", "v2")), "credential_missing"),
        ("v2 beside v1", &|r| r.set(SIGNATURE, format!("v2=x,{}", r.value(SIGNATURE))), "accepted"),
        ("spaces after commas", &|r| r.set(SIGNATURE, format!("{ts}, {}", v1(r))), "accepted"),
        ("16th of 1,000", &|r| list(r, 16), "accepted"),
        ("17th of 1,000", &|r| list(r, 17), "credential_mismatch"),
        // Bodies.
        ("not JSON", &|r| r.body = "nonsense".into(), "body_syntax"),
    ];
    assert_rows(&verifier, &authentic(), rows);
    assert_garbage_is_refused(&verifier, &authentic(), &[SIGNATURE, "x-request-id"]);
    assert_answers(&verifier, &authentic(), &[202]);
}

#[test]
fn there_is_no_tolerance_unless_one_is_set() {
    let seconds = |request: &mut TestRequest| {
        // HMAC-SHA256 of `id:123;request-id:2066ca19-c6f1-498a-be75-1923005edd06;ts:1742505638;`
        let v1 = "14e7c358f4cef53ebbf35b9368da9d32d2d6cf90d740e2d8b4710cd1ade1fe85";
        request.set("x-request-id", REQUEST_ID);
        request.set(SIGNATURE, format!("ts=1742505638,v1={v1}"));
        query(request, "data.id=123");
    };
    let unlimited = verifier::<MercadoPago>(SECRET);
    let limited = unlimited.clone().tolerance(Duration::from_secs(300));
    let rows: [Row<'_>; 5] = [
        (
            "stale",
            &|r| *r = signed(NOW - 301, "1", SECRET),
            "timestamp_outside_tolerance",
        ),
        (
            "recent",
            &|r| *r = signed(NOW - 300, "1", SECRET),
            "accepted",
        ),
        ("soon", &|r| *r = signed(NOW + 300, "1", SECRET), "accepted"),
        (
            "future",
            &|r| *r = signed(NOW + 301, "1", SECRET),
            "timestamp_outside_tolerance",
        ),
        ("in seconds", &seconds, "timestamp_outside_tolerance"),
    ];
    for (name, change, expected) in rows {
        assert_rows(&limited, &authentic(), &[(name, change, expected)]);
        assert_rows(&unlimited, &authentic(), &[(name, change, "accepted")]);
    }
    let then = limited.clock(|| at(1_742_505_638 + 300));
    assert_rows(
        &then,
        &authentic(),
        &[("in seconds, then", &seconds, "accepted")],
    );
}

#[test]
fn a_notification_is_read() {
    let verifier = Verifier::<MercadoPago<MercadoPagoNotification>>::try_new(SECRET).unwrap();
    let event: MercadoPagoEvent<MercadoPagoNotification> = deliver(&verifier, &authentic())
        .unwrap()
        .delivery
        .into_event();
    assert_eq!(event.data_id.as_deref(), Some("123abc"));
    assert_eq!(event.unauthenticated.topic.as_deref(), Some("payment"));
    assert_eq!(event.unauthenticated.id, None);
    let body = event.unauthenticated.body;
    assert_eq!(body.action.as_deref(), Some("payment.created"));
    assert_eq!(body.r#type.as_deref(), Some("payment"));
    assert_eq!(body.data.unwrap().id.as_deref(), Some("123"));

    // Without `data.id` the signature covers only request id and time; `type` alone is not IPN.
    let mut request = authentic();
    let v1 = "8a7b0cc777a8217c3bab41a50c95dc92debbc6f8448f1c967dfe10ac1cb8b894";
    request.set("x-request-id", REQUEST_ID);
    request.set(SIGNATURE, format!("ts=1742505638683,v1={v1}"));
    query(&mut request, "id=9&type=order");
    let event = deliver(&verifier, &request).unwrap().delivery.into_event();
    assert_eq!(event.data_id, None);
    assert_eq!(event.unauthenticated.id.as_deref(), Some("9"));

    // A body of a different type is refused once the headers were accepted.
    request.body = "[[]]".into();
    assert_rows(
        &verifier,
        &request,
        &[("another type", &|_| {}, "body_does_not_fit")],
    );
}

/// According to its documentation, Mercado Pago's IPN cannot be verified and requires a 200.
#[test]
fn ipn_is_answered_and_reaches_no_handler_whatever_its_signature() {
    let verifier = Verifier::<MercadoPago>::try_new(SECRET).unwrap();
    let mut signed = authentic();
    // The signature of a request without `data.id`, which would match.
    let v1 = "8a7b0cc777a8217c3bab41a50c95dc92debbc6f8448f1c967dfe10ac1cb8b894";
    signed.set("x-request-id", REQUEST_ID);
    signed.set(SIGNATURE, format!("ts=1742505638683,v1={v1}"));
    let mut unsigned = signed.clone();
    unsigned.remove(SIGNATURE);
    let mut garbage = signed.clone();
    garbage.set(SIGNATURE, "garbage");

    for request in [signed, unsigned, garbage] {
        for target in [
            "id=36678944360&topic=merchant_order",
            "topic=payment",
            "topic=",
            "to%70ic=payment&id=1&type=payment",
            "topic=payment&data.id=",
        ] {
            let mut request = request.clone();
            query(&mut request, target);
            let refused = deliver(&verifier, &request).unwrap_err();
            assert_eq!(refused.rejection, Some(Rejection::Unverifiable), "{target}");
            assert_eq!(
                refused.rejection.unwrap().class(),
                RejectionClass::Unverifiable
            );
            assert_eq!(refused.reply, Reply::new(StatusCode::OK), "{target}");

            let strict = verifier.clone().configure(|sender| sender.refuse_ipn(true));
            let refused = deliver(&strict, &request).unwrap_err();
            assert_eq!(refused.rejection, Some(Rejection::Unverifiable), "{target}");
            assert_eq!(refused.reply, Reply::new(StatusCode::UNAUTHORIZED));
        }
    }

    // With a `data.id` it is a webhook, and checked as one.
    let mut webhook = authentic();
    query(&mut webhook, "data.id=123abc&type=payment&topic=payment");
    assert!(deliver(&verifier, &webhook).is_ok());
    query(&mut webhook, "data.id=124&topic=payment");
    let refused = deliver(&verifier, &webhook).unwrap_err();
    assert_eq!(refused.rejection, Some(Rejection::CredentialMismatch));
    query(&mut webhook, "data.id=&data.id=&topic=payment");
    let refused = deliver(&verifier, &webhook).unwrap_err();
    assert_eq!(refused.rejection, Some(Rejection::CredentialRepeated));
}

#[test]
fn keys_rotate_and_are_limited() {
    let sign = |secret: &str| testing::mercadopago("payment", "1", SystemTime::now(), BODY, secret);
    assert_rotation::<MercadoPago>(SECRET, OTHER_SECRET, sign);
    assert_key_limit::<MercadoPago>(|n| format!("secret-{n:0>3}"), sign);
}

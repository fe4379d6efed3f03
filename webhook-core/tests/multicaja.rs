//! Multicaja/Klap through the public API.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use webhook_core::answer::Answer;
use webhook_core::driver::Verifier;
use webhook_core::multicaja::{
    CardToken, Multicaja, MulticajaEvent, MulticajaValidation, Order, OrderIds, QuotasType,
};
use webhook_core::{
    BodyErrorKind, FromSecrets, Head, Provider, Rejection, RejectionClass, testing,
};

const KEY: &str = "SKSJKFH84JKDFNGDFGNDFGNN284895060";
/// `printf ABC123SKSJKFH84JKDFNGDFGNDFGNN284895060 | sha256sum`
const DOCUMENTED: &str = "2b04ed47d7415ef88308e503fdc570b41d62ed7a0f67dfb36716b928e8e6ad22";

fn verifier() -> Verifier<Multicaja> {
    Verifier::try_new([("old", "another"), ("new", KEY)]).unwrap()
}

struct Call<'a> {
    target: &'a str,
    digests: &'a [&'a str],
    content_type: &'a str,
    body: &'a [u8],
}

/// The event and the acknowledgement, or the reason and the status.
fn call<P: Provider>(
    verifier: &Verifier<P>,
    call: &Call<'_>,
) -> Result<(P::Event, Bytes), (Rejection, u16)> {
    let mut headers = HeaderMap::new();
    for digest in call.digests {
        headers.append("Apikey", HeaderValue::from_str(digest).unwrap());
    }
    if !call.content_type.is_empty() {
        headers.insert(
            "content-type",
            HeaderValue::from_str(call.content_type).unwrap(),
        );
    }
    let (path, query) = match call.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (call.target, None),
    };
    let head = Head::new("POST", path, query, &headers);
    let refused = match verifier.begin(&head) {
        Ok(pending) => match pending.finish(Bytes::copy_from_slice(call.body)) {
            Ok(accepted) => {
                let answer = accepted.in_flight.answer(StatusCode::OK, None, true);
                let Answer::Replace(reply) = answer else {
                    panic!("{answer:?}")
                };
                assert_eq!(reply.content_type.unwrap(), "application/json");
                return Ok((accepted.delivery.into_event(), reply.body));
            }
            Err(refused) => refused,
        },
        Err(refused) => refused,
    };
    if refused.reply.status == StatusCode::INTERNAL_SERVER_ERROR {
        assert_eq!(refused.reply.body, "error");
    }
    Err((refused.rejection.unwrap(), refused.reply.status.as_u16()))
}

/// A JSON body, sent with the digest of these ids.
fn order(body: &str, reference_id: &str, order_id: &str) -> Result<Order, Rejection> {
    let digest = testing::multicaja_digest(reference_id, order_id, KEY);
    let answer = call(
        &verifier(),
        &Call {
            target: "/webhook_confirm",
            digests: &[&digest],
            content_type: "application/json",
            body: body.as_bytes(),
        },
    );
    match answer {
        Ok((MulticajaEvent::Confirm(order), acknowledgement)) => {
            assert_eq!(acknowledgement, body);
            Ok(order)
        }
        Ok((other, _)) => panic!("{other:?}"),
        Err((rejection, status)) => {
            assert_eq!(status, 500);
            Err(rejection)
        }
    }
}

#[test]
fn the_worked_example_is_accepted_in_either_letter_case() {
    assert_eq!(testing::multicaja_digest("ABC", "123", KEY), DOCUMENTED);
    for digest in [DOCUMENTED.to_owned(), DOCUMENTED.to_uppercase()] {
        let (event, _) = call(
            &verifier(),
            &Call {
                target: "/webhook_confirm",
                digests: &[&digest],
                content_type: "",
                body: br#"{"reference_id":"ABC","order_id":"123"}"#,
            },
        )
        .unwrap();
        assert_eq!(event, MulticajaEvent::Confirm(Order::new("ABC", "123")));
    }
}

#[test]
fn ids_are_strings_or_integers_with_their_digits() {
    for (reference_id, order_id, ids) in [
        (r#""ABC""#, r#""123""#, ("ABC", "123")),
        ("1", "2", ("1", "2")),
        ("-7", "-0", ("-7", "-0")),
        (
            "9007199254740993",
            "18446744073709551616",
            ("9007199254740993", "18446744073709551616"),
        ),
        (
            "123456789012345678901234567890",
            "-9223372036854775809",
            ("123456789012345678901234567890", "-9223372036854775809"),
        ),
        (r#""ñ \ud83d\ude00""#, r#"" ""#, ("ñ 😀", " ")),
    ] {
        let body = format!(r#"{{"reference_id":{reference_id},"order_id":{order_id}}}"#);
        let order = order(&body, ids.0, ids.1).unwrap_or_else(|error| panic!("{body}: {error}"));
        assert!(order.is(OrderIds {
            reference_id: ids.0,
            order_id: ids.1
        }));
    }
}

#[test]
fn the_pair_is_compared_where_the_digest_is_ambiguous() {
    let order = order(r#"{"reference_id":"AB","order_id":"C123"}"#, "ABC", "123").unwrap();
    assert!(!order.is(OrderIds {
        reference_id: "ABC",
        order_id: "123"
    }));
    assert!(order.is(OrderIds {
        reference_id: "AB",
        order_id: "C123"
    }));
}

#[test]
fn unacceptable_bodies_are_refused() {
    use BodyErrorKind as Kind;
    for (body, kind) in [
        ("", Kind::UnsupportedMediaType),
        ("[]", Kind::UnsupportedMediaType),
        ("reference_id=ABC&order_id=123", Kind::UnsupportedMediaType),
        ("{}", Kind::MissingField("reference_id")),
        (r#"{"reference_id":"ABC"}"#, Kind::MissingField("order_id")),
        (
            r#"{"reference_id":"ABC","order_id":null}"#,
            Kind::MissingField("order_id"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":true}"#,
            Kind::InvalidField("order_id"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":1.0}"#,
            Kind::InvalidField("order_id"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":1e2}"#,
            Kind::InvalidField("order_id"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":{}}"#,
            Kind::InvalidField("order_id"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":["123"]}"#,
            Kind::InvalidField("order_id"),
        ),
        (
            r#"{"reference_id":"","order_id":"123"}"#,
            Kind::InvalidField("reference_id"),
        ),
        (
            r#"{"reference_id":"\ud800","order_id":"1"}"#,
            Kind::InvalidField("reference_id"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":"123","order_id":"123"}"#,
            Kind::RepeatedField("order_id"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":"123","amount":1,"amount":1}"#,
            Kind::RepeatedField("amount"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":"123"}."#,
            Kind::TrailingData,
        ),
        (r#"{"reference_id":"ABC","order_id":"123""#, Kind::Truncated),
        (r#"{"reference_id":"ABC","order_id":123a}"#, Kind::Syntax),
    ] {
        let Err(Rejection::Body(error)) = order(body, "ABC", "123") else {
            panic!("{body} is accepted");
        };
        assert_eq!(error.kind, kind, "{body}");
    }

    let deep = |depth: usize| {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        order(
            &format!(r#"{{"reference_id":"ABC","order_id":"123","message":{nested}}}"#),
            "ABC",
            "123",
        )
    };
    assert!(deep(128).is_ok());
    assert_eq!(deep(129).unwrap_err().name(), "body_too_deep");
}

/// Everything but the ids is repaired, and the echo is strict JSON. The ids are what is proven: damaged ids are
/// refused, whatever the digest.
#[test]
fn damage_beside_the_ids_is_repaired_and_damaged_ids_are_refused() {
    let deliver = |body: &[u8], ids: (&str, &str)| {
        let call_of = Call {
            target: "/webhook_reject",
            digests: &[&testing::multicaja_digest(ids.0, ids.1, KEY)],
            content_type: "application/json",
            body,
        };
        call(&verifier(), &call_of)
    };
    let fffd = '\u{fffd}';
    for (body, message, echo) in [
        (
            &b"{\"reference_id\":\"ABC\",\"order_id\":123,\"message\":\"Mu\xF1oz\"}"[..],
            Some(format!("Mu{fffd}oz")),
            format!("{{\"reference_id\":\"ABC\",\"order_id\":123,\"message\":\"Mu{fffd}oz\"}}"),
        ),
        (
            br#"{"reference_id":"ABC","order_id":"123","message":"x \ud83d"}"#,
            Some(format!("x {fffd}")),
            r#"{"reference_id":"ABC","order_id":"123","message":"x \ufffd"}"#.to_owned(),
        ),
        (
            b"\xEF\xBB\xBF {\"reference_id\":\"ABC\",\"order_id\":\"123\"}",
            None,
            " {\"reference_id\":\"ABC\",\"order_id\":\"123\"}".to_owned(),
        ),
        // Unread fields and keys are also echoed.
        (
            b"{\"h\xF1\":\"\\ude00\",\"reference_id\":\"ABC\",\"order_id\":\"123\"}",
            None,
            format!("{{\"h{fffd}\":\"\\ufffd\",\"reference_id\":\"ABC\",\"order_id\":\"123\"}}"),
        ),
        (
            br#"{"order_id\ud83d":"9","reference_id":"ABC","order_id":"123"}"#,
            None,
            r#"{"order_id\ufffd":"9","reference_id":"ABC","order_id":"123"}"#.to_owned(),
        ),
    ] {
        let shown = String::from_utf8_lossy(body);
        let (event, sent) = deliver(body, ("ABC", "123")).expect(&shown);
        assert_eq!(event.order().unauthenticated.message, message, "{shown}");
        assert_eq!(sent, echo, "{shown}");
        serde_json::from_slice::<serde_json::Value>(&sent).expect(&shown);

        let (rejection, status) = deliver(body, ("ABC", "124")).unwrap_err();
        assert_eq!(
            (rejection.name(), status),
            ("credential_mismatch", 500),
            "{shown}"
        );
    }
    let damaged = format!("123{fffd}");
    for body in [
        &br#"{"reference_id":"ABC","order_id":"123\ud83d"}"#[..],
        b"{\"reference_id\":\"ABC\",\"order_id\":\"123\xF1\"}",
        b"\xEF\xBB\xBF{\"reference_id\":\"ABC\",\"order_id\":\"123\xF1\",\"message\":\"\xF1\"}",
    ] {
        let shown = String::from_utf8_lossy(body);
        for ids in [("ABC", "123"), ("ABC", &*damaged)] {
            let (rejection, status) = deliver(body, ids).unwrap_err();
            assert_eq!(
                (rejection.class(), status),
                (RejectionClass::Body, 500),
                "{shown}"
            );
        }
    }
    // The character itself is like any other.
    let whole = format!(r#"{{"reference_id":"ABC","order_id":"{damaged}"}}"#);
    assert!(deliver(whole.as_bytes(), ("ABC", &damaged)).is_ok());
}

#[test]
fn damage_in_a_validation_is_repaired_and_a_damaged_id_counts_as_missing() {
    for (body, reference_id, order_id) in [
        (
            &b"{\"reference_id\":\"A\xF1\",\"order_id\":\"1\"}"[..],
            None,
            Some("1"),
        ),
        (
            br#"{"reference_id":"A","order_id":"1\ud83d"}"#,
            Some("A"),
            None,
        ),
        (
            b"\xEF\xBB\xBF{\"reference_id\":\"A\",\"x\":\"\xF1\"}",
            Some("A"),
            None,
        ),
    ] {
        let headers = HeaderMap::new();
        let head = Head::new("POST", "/webhook_validation", None, &headers);
        let verifier = Verifier::new(MulticajaValidation::new());
        let pending = verifier.begin(&head).unwrap();
        let accepted = pending.finish(Bytes::copy_from_slice(body)).unwrap();
        let event = accepted.delivery.event();
        assert_eq!(event.reference_id.as_deref(), reference_id);
        assert_eq!(event.order_id.as_deref(), order_id);
        let echo = accepted.in_flight.rule().reply().body;
        serde_json::from_slice::<serde_json::Value>(&echo).unwrap();
    }
}

#[test]
fn a_serialized_order_reads_back_in_full_and_says_what_it_lost() {
    let body = br#"{"reference_id":"ABC","order_id":"123","amount":15000.50,"token_id":"tok_1",
        "quotas_type":"OTHER","wallet":"GPAY","transaction_type":"SALE","message":null}"#;
    let order = Order::from_json(body).unwrap();
    assert_eq!(order.unauthenticated.wallet.as_deref(), Some("GPAY"));
    assert_eq!(
        order.unauthenticated.transaction_type.as_deref(),
        Some("SALE")
    );

    let serialized = serde_json::to_vec(&order).unwrap();
    for back in [
        Order::from_json(&serialized).unwrap(),
        serde_json::from_slice(&serialized).unwrap(),
    ] {
        let token = back.unauthenticated.token_id.as_ref().unwrap();
        assert_eq!(
            token.expose(),
            None,
            "the token was not written, and nothing replaces it"
        );
        let mut with_token = back.clone();
        with_token.unauthenticated.token_id = order.unauthenticated.token_id.clone();
        assert_eq!(with_token, order);
        assert_eq!(serde_json::to_vec(&back).unwrap(), serialized);
    }

    for event in [
        MulticajaEvent::Confirm(Order::new("a", "b")),
        MulticajaEvent::Reject(Order::new("a", "b")),
    ] {
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            serde_json::from_str::<MulticajaEvent>(&json).unwrap(),
            event
        );
    }

    // A Klap body with such a field is still a Klap body, and one without ids is neither.
    for (body, expected) in [
        (
            r#"{"reference_id":"ABC","order_id":123,"amount":5,"unauthenticated":{"amount":"1"}}"#,
            Some("5"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":"123","amount":5,"unauthenticated":{"amount":"1"}}"#,
            Some("5"),
        ),
        (
            r#"{"reference_id":"ABC","order_id":"123","unauthenticated":7}"#,
            None,
        ),
    ] {
        let order = Order::from_json(body.as_bytes()).expect(body);
        assert_eq!(order.unauthenticated.amount.as_deref(), expected, "{body}");
    }
    for body in [
        r#"{"reference_id":"","order_id":"","unauthenticated":{}}"#,
        r#"["ABC","123",{}]"#,
    ] {
        assert!(Order::from_json(body.as_bytes()).is_err(), "{body}");
    }
    let marked = ["\u{feff}".as_bytes(), &serialized].concat();
    let back = Order::from_json(&marked).unwrap();
    assert_eq!(back.unauthenticated.amount, order.unauthenticated.amount);

    // As in a layer, everything but the ids is repaired.
    let damaged = b"{\"reference_id\":\"ABC\",\"order_id\":\"123\",\"message\":\"\xF1\"}";
    let order = Order::from_json(damaged).unwrap();
    assert_eq!(order.unauthenticated.message.as_deref(), Some("\u{fffd}"));
    assert!(Order::from_json(b"{\"reference_id\":\"\xF1\",\"order_id\":\"123\"}").is_err());
}

#[test]
fn the_digest_is_checked() {
    let right = testing::multicaja_digest("ABC", "123", KEY);
    let other_key = testing::multicaja_digest("ABC", "123", "wrong");
    let swapped = testing::multicaja_digest("123", "ABC", KEY);
    let body = br#"{"reference_id":"ABC","order_id":"123"}"#;
    for (digests, expected) in [
        (&[][..], Rejection::CredentialMissing),
        (&[""], Rejection::CredentialMissing),
        (&["zz"], Rejection::CredentialMalformed),
        (&[&right[1..]], Rejection::CredentialMalformed),
        (&[&format!("{right}00")], Rejection::CredentialMalformed),
        (
            &[&right.replace(|c: char| c.is_ascii_digit(), "g")],
            Rejection::CredentialMalformed,
        ),
        (&[&other_key], Rejection::CredentialMismatch),
        (&[&swapped], Rejection::CredentialMismatch),
        (&[&right, &right], Rejection::CredentialRepeated),
    ] {
        let answer = call(
            &verifier(),
            &Call {
                target: "/webhook_reject",
                digests,
                content_type: "",
                body,
            },
        );
        assert_eq!(answer.unwrap_err(), (expected, 500), "{digests:?}");
    }
}

#[test]
fn a_wrong_digest_is_reported_before_a_field_that_it_does_not_cover() {
    let form = "application/x-www-form-urlencoded";
    let deep = format!(
        r#"{{"reference_id":"ABC","order_id":"123","message":{}{}}}"#,
        "[".repeat(129),
        "]".repeat(129)
    );
    for (content_type, body, authentic, forged) in [
        ("", &*deep, "body_too_deep", "credential_mismatch"),
        (
            "",
            r#"{"reference_id":"ABC","order_id":"123","amount":1,"amount":1}"#,
            "body_repeated_field",
            "credential_mismatch",
        ),
        // Without a pair of ids, there is nothing to compare.
        (
            "",
            r#"{"reference_id":"ABC","amount":1,"amount":1}"#,
            "body_missing_field",
            "body_missing_field",
        ),
        (
            form,
            "reference_id=ABC&order_id=123&a=%",
            "body_invalid_form",
            "body_invalid_form",
        ),
    ] {
        for (key, expected) in [(KEY, authentic), ("wrong", forged)] {
            let answer = call(
                &verifier(),
                &Call {
                    target: "/webhook_confirm",
                    digests: &[&testing::multicaja_digest("ABC", "123", key)],
                    content_type,
                    body: body.as_bytes(),
                },
            );
            let (rejection, status) = answer.unwrap_err();
            assert_eq!((rejection.name(), status), (expected, 500), "{body}");
        }
    }
}

#[test]
fn the_endpoint_comes_from_the_request_or_is_fixed() {
    let right = testing::multicaja_digest("ABC", "123", KEY);
    let body = br#"{"reference_id":"ABC","order_id":"123"}"#;
    let kind = |verifier: &Verifier<Multicaja>, target: &str, digests: &[&str]| match call(
        verifier,
        &Call {
            target,
            digests,
            content_type: "",
            body,
        },
    ) {
        Ok((event, _)) => Ok(verifier.provider().kind(&event).to_owned()),
        Err((_, status)) => Err(status),
    };
    let by_request = verifier();
    for (target, expected) in [
        ("/webhook_confirm", Ok("confirm")),
        ("/api/webhook_reject/", Ok("reject")),
        ("/webhooks?webhook=Confirm", Ok("confirm")),
        ("/webhook_reject?webhook=reject", Ok("reject")),
        ("/webhook_confirm?webhook=reject", Err(404)),
        ("/webhook_confirm?webhook=validation", Err(404)),
        ("/webhook_validation", Err(404)),
        ("/webhooks?webhook=validation", Err(404)),
        ("/webhooks", Err(404)),
    ] {
        assert_eq!(
            kind(&by_request, target, &[&right]),
            expected.map(str::to_owned),
            "{target}"
        );
        if expected.is_err() {
            // The endpoint is checked before the credential: without one, the answer is the same.
            assert_eq!(
                kind(&by_request, target, &[]),
                expected.map(str::to_owned),
                "{target}"
            );
        }
    }

    let keyring = by_request.secrets();
    let confirm = Verifier::new(Multicaja::from_keyring(keyring.clone()))
        .configure(Multicaja::serve_confirm_only);
    let reject =
        Verifier::new(Multicaja::from_keyring(keyring)).configure(Multicaja::serve_reject_only);
    for target in [
        "/x",
        "/webhook_validation",
        "/webhook_reject?webhook=validation",
    ] {
        assert_eq!(kind(&confirm, target, &[&right]), Ok("confirm".to_owned()));
        assert_eq!(kind(&reject, target, &[&right]), Ok("reject".to_owned()));
    }
}

#[test]
fn everything_else_is_unauthenticated_and_kept_as_sent() {
    let order = order(
        r#"{"reference_id":"ABC","order_id":"123","mc_code":7,"token_id":"tok_1","card_type":"CREDIT",
            "brand":"VISA","bin":"411111","last_digits":1111,"payment_method":"card","amount":15000.50,
            "quotas_number":"3","quotas_type":"ISSUER","code":null,"message":["a"],"other":1}"#,
        "ABC",
        "123",
    )
    .unwrap();
    let fields = &order.unauthenticated;
    assert_eq!(fields.mc_code.as_deref(), Some("7"));
    assert_eq!(
        fields.token_id.as_ref().and_then(CardToken::expose),
        Some("tok_1")
    );
    assert_eq!(fields.last_digits.as_deref(), Some("1111"));
    assert_eq!(fields.amount.as_deref(), Some("15000.50"));
    assert_eq!(fields.quotas_type, Some(QuotasType::Issuer));
    assert_eq!(fields.code, None);
    assert_eq!(fields.message.as_deref(), Some(r#"["a"]"#));

    for shown in [format!("{order:?}"), serde_json::to_string(&order).unwrap()] {
        assert!(!shown.contains("tok_1"), "{shown}");
        assert!(shown.contains("[redacted]"), "{shown}");
    }
}

#[test]
fn forms_are_read_strictly_and_acknowledged_as_json() {
    let form = |content_type: &str, body: &[u8]| {
        let digest = testing::multicaja_digest("A C", "123", KEY);
        call(
            &verifier(),
            &Call {
                target: "/webhook_confirm",
                digests: &[&digest],
                content_type,
                body,
            },
        )
        .map_err(|(rejection, _)| rejection.name())
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    let (event, acknowledgement) = form(
        "Application/X-WWW-Form-URLEncoded; charset=UTF-8",
        b"order_id=123&x=%22%C3%B1&reference_id=A+C&amount=5&&y",
    )
    .unwrap();
    assert_eq!(event.order().unauthenticated.amount.as_deref(), Some("5"));
    assert_eq!(
        acknowledgement,
        r#"{"order_id":"123","x":"\"ñ","reference_id":"A C","amount":"5","y":""}"#
    );

    // JSON wins whatever the header says.
    let json = br#" {"order_id":123,"reference_id":"A C"}"#;
    assert_eq!(form(FORM, json).unwrap().1, &json[..]);

    let fields = |count: usize| {
        (0..count - 2).fold(
            String::from("order_id=123&reference_id=A%20C"),
            |form, n| format!("{form}&f{n}="),
        )
    };
    assert!(form(FORM, fields(100).as_bytes()).is_ok());
    for (body, expected) in [
        (fields(101).as_bytes(), "body_too_many_form_fields"),
        (
            b"order_id=123&reference_id=A+C&order_id=123",
            "body_repeated_form_name",
        ),
        (
            b"order_id=123&reference_id=A+C&x=1&%78=2",
            "body_repeated_form_name",
        ),
        (b"order_id=123&reference_id=A%C", "body_invalid_form"),
        (b"order_id=123&reference_id=A%2", "body_invalid_form"),
        (b"order_id=123&reference_id=A+C&x=%FF", "body_invalid_form"),
        (b"order_id=123&reference_id=A+C&x=\xFF", "body_invalid_form"),
        (b"order_id=&reference_id=A+C", "body_invalid_field"),
        (b"reference_id=A+C", "body_missing_field"),
        (b"", "body_missing_field"),
    ] {
        assert_eq!(form(FORM, body).unwrap_err(), expected);
    }
    for content_type in ["", "text/plain", "multipart/form-data"] {
        assert_eq!(
            form(content_type, b"order_id=123&reference_id=A+C").unwrap_err(),
            "body_unsupported_media_type"
        );
    }
}

#[test]
fn validation_needs_no_credential_and_yields_its_own_event() {
    let validation = |target, body: &[u8]| {
        call(
            &Verifier::new(MulticajaValidation::new()),
            &Call {
                target,
                digests: &[],
                content_type: "",
                body,
            },
        )
        .map_err(|(_, status)| status)
    };
    let (event, acknowledgement) = validation("/webhook_validation", br#"{"order_id":5}"#).unwrap();
    assert_eq!(event.order_id.as_deref(), Some("5"));
    assert_eq!(event.reference_id, None);
    assert_eq!(acknowledgement, &br#"{"order_id":5}"#[..]);

    assert!(validation("/webhooks?webhook=validation", b"{}").is_ok());
    assert!(validation("/own/path", b"{}").is_ok());
    assert!(
        validation(
            "/webhook_validation",
            br#"{"order_id":"","reference_id":true}"#
        )
        .is_ok()
    );
    for target in [
        "/webhook_confirm",
        "/x?webhook=reject",
        "/webhook_validation?webhook=confirm",
    ] {
        assert_eq!(validation(target, b"{}").unwrap_err(), 404);
    }
    assert_eq!(validation("/webhook_validation", b"").unwrap_err(), 500);
    assert_eq!(
        validation("/webhook_validation", b"{} {}").unwrap_err(),
        500
    );
}

#[test]
fn the_answer_must_be_json() {
    let in_flight = || {
        let event = MulticajaEvent::Confirm(Order::new("ABC", "123"));
        let request = testing::multicaja(&event, KEY);
        let pending = verifier().begin(&request.head()).unwrap();
        pending.finish(request.body).unwrap().in_flight
    };
    for (status, content_type, without_body, replaced) in [
        (200, None, true, true),
        (200, Some("application/json"), true, true),
        (204, None, false, true),
        (200, Some("text/plain"), false, true),
        (200, None, false, true),
        (201, Some("application/json"), false, false),
        (200, Some("application/vnd.klap+json; v=1"), false, false),
        (302, None, true, false),
        (400, Some("text/plain"), false, false),
        (500, None, true, false),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = in_flight().answer(status, content_type.map(str::as_bytes), without_body);
        match answer {
            Answer::Replace(reply) => {
                assert!(replaced, "{status}");
                assert_eq!(reply.status, StatusCode::OK);
            }
            other => {
                assert!(!replaced, "{status}");
                assert_eq!(other, Answer::Pass);
            }
        }
    }
}

#[test]
fn no_step_of_a_delivery_shows_the_card_token() {
    let mut order = Order::new("ABC", "123");
    order.unauthenticated.token_id = Some(CardToken::new("tok_4111"));
    let request = testing::multicaja(&MulticajaEvent::Confirm(order), KEY);
    let pending = verifier().begin(&request.head()).unwrap();
    let accepted = pending.finish(request.body).unwrap();

    let mut shown = vec![
        format!("{accepted:?}"),
        format!("{:?}", accepted.in_flight),
        format!("{:?}", accepted.in_flight.rule().reply()),
    ];
    let Answer::Replace(reply) = accepted.in_flight.answer(StatusCode::OK, None, true) else {
        panic!("an answer without a body is replaced");
    };
    assert!(
        reply.body.windows(8).any(|part| part == b"tok_4111"),
        "Klap gets the order as it sent it"
    );
    shown.push(format!("{:?}", Answer::Replace(reply)));
    for shown in shown {
        assert!(!shown.contains("4111"), "{shown}");
        assert!(!shown.contains("52, 49, 49, 49"), "{shown}");
    }
}

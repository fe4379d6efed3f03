//! Each cause by an example.

use bytes::Bytes;
use http::{HeaderName, Request};
use webhook_core::Secret;
use webhook_core::signing::HmacSha256;

use super::{at, captured, covering, diagnosis, finding, is_authentic, signed, with_body};
use crate::senders::{Draft, Ids, Senders, Verdict};
use crate::verify::capture::Captured;
use crate::verify::examination::{Outcome, Reason, examine};
use crate::verify::search::WORK;
use crate::verify::tried::Group;

#[test]
fn keys_in_another_order_and_other_numbers_cannot_be_told() {
    for sender in covering() {
        for (before, after) in [
            (r#"{"b":1,"a":2}"#, r#"{"a":2,"b":1}"#),
            (r#"{"a":1.0}"#, r#"{"a":1}"#),
            (r#"{"a":1e2}"#, r#"{"a":100}"#),
            (r#"{"a":null,"b":1}"#, r#"{"b":1}"#),
        ] {
            let signed = signed(&sender, Some(before));
            let request = with_body(&signed.request, after);
            let finding = finding(&sender, &request, &signed.configured);
            let Outcome::Refused {
                diagnosis: None,
                tried,
                ..
            } = &finding.outcome
            else {
                panic!("{}: {finding:?}", sender.name);
            };
            assert!(tried.has(Group::Body), "{}", sender.name);
        }
    }
}

#[test]
fn a_key_that_is_text_and_not_base64_is_named() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("standard-webhooks").unwrap();
    let draft = Draft::new(
        sender.sample(None).unwrap(),
        &Ids::random("t-").unwrap(),
        at(),
    );
    let signs = Secret::raw("ws_not_base64_at_all").unwrap();
    let request = sender.sign(&draft.unwrap(), at(), Some(&signs)).unwrap();
    let configured = [Secret::new("ws_not_base64_at_all").unwrap()];
    let found = finding(sender, &request, &configured);
    let Outcome::Refused {
        reason: Reason::Unfit(_),
        diagnosis: Some(diagnosis),
        ..
    } = &found.outcome
    else {
        panic!("{found:?}");
    };
    assert!(diagnosis.undone.contains("as the key itself"));
    assert_eq!(found.time, Some(at()));
    // Of another request it is a mistake in the configuration, and no cause.
    let other = with_body(&request, "{}");
    assert!(examine(sender, &captured(other), &configured, WORK).is_err());
}

#[test]
fn a_line_end_or_quotes_that_the_sender_has_in_its_secret_are_named() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("github").unwrap();
    for (secret, how) in [
        ("abc\n", "followed by a line end (LF)"),
        ("abc\r\n", "followed by a line end (CRLF)"),
        ("\"abc\"", "in double quotes"),
        (" abc", "preceded by a space"),
    ] {
        let body = br#"{"a":1}"#;
        let signature = key(secret).sign(&[body]);
        let request = Request::post("/github")
            .header("x-github-event", "push")
            .header("x-github-delivery", "1")
            .header(
                "x-hub-signature-256",
                format!("sha256={}", hex::encode(signature)),
            )
            .body(Bytes::from_static(body));
        let configured = [Secret::new("abc").unwrap()];
        let finding = finding(sender, &request.unwrap(), &configured);
        let diagnosis = diagnosis(&finding).unwrap();
        assert!(diagnosis.undone.contains(how), "{}", diagnosis.undone);
    }
}

pub(super) fn key(secret: &str) -> HmacSha256 {
    use webhook_core::secrets::SigningKey as _;

    HmacSha256::prepare(secret.as_bytes()).unwrap()
}

#[test]
fn a_header_that_was_split_or_joined_is_named() {
    let senders = Senders::load(None).unwrap();
    for (name, separator) in [("stripe", ","), ("khipu", ","), ("standard-webhooks", " ")] {
        let sender = senders.find(name).unwrap();
        let signed = signed(sender, None);
        let header = match name {
            "standard-webhooks" => HeaderName::from_static("webhook-signature"),
            _ => sender.facts().credential_headers[0].clone(),
        };
        let value = signed.request.headers()[&header]
            .to_str()
            .unwrap()
            .to_owned();
        let mut list = value.clone();
        if name == "standard-webhooks" {
            list = format!("v1,{} {value}", "A".repeat(43) + "=");
        }
        let check = |values: &[&str], cause: &str| {
            let mut request = signed.request.clone();
            request.headers_mut().remove(&header);
            for value in values {
                request
                    .headers_mut()
                    .append(&header, value.parse().unwrap());
            }
            let finding = finding(sender, &request, &signed.configured);
            let diagnosis =
                diagnosis(&finding).unwrap_or_else(|| panic!("{name} {cause}: {finding:?}"));
            assert_eq!(diagnosis.causes, [cause], "{name}");
            assert_eq!(diagnosis.secret, Some(2));
        };
        let parts: Vec<_> = list.split(separator).collect();
        check(&parts, "header_split");
        check(&[&value, &value], "header_repeated");
        if separator == "," {
            check(&[&format!("{value}, {value}")], "header_joined");
        }
    }
}

#[test]
fn a_header_that_was_cut_into_lines_is_named() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("github").unwrap();
    let signed = signed(sender, None);
    let signature = &signed.request.headers()["x-hub-signature-256"];
    let (first, second) = signature.to_str().unwrap().split_at(40);
    let body = str::from_utf8(signed.request.body()).unwrap();
    let event = signed.request.headers()["x-github-event"].to_str().unwrap();
    let raw = format!(
        "POST / HTTP/1.1\nX-Github-Event: {event}\nX-Github-Delivery: 1\nX-Hub-Signature-256: {first}\n  {second}\n\n{body}"
    );
    let captured = Captured::parse(raw.as_bytes()).unwrap();
    let finding = examine(sender, &captured, &signed.configured, WORK).unwrap();
    assert_eq!(diagnosis(&finding).unwrap().causes, ["header_split"]);
}

/// A notification with these ids signed, and those of the query and the header sent.
fn mercadopago(
    signs: (Option<&str>, Option<&str>),
    query: &str,
    headers: &[(&'static str, &str)],
) -> Request<Bytes> {
    let mut manifest = String::new();
    for (name, value) in [("id", signs.0), ("request-id", signs.1)] {
        if let Some(value) = value {
            manifest.push_str(&format!("{name}:{value};"));
        }
    }
    manifest.push_str("ts:1795600000;");
    let signature = hex::encode(key("s3cr3t").sign(&[manifest.as_bytes()]));
    let mut request = Request::post(format!("/mp?{query}"))
        .header("x-signature", format!("ts=1795600000,v1={signature}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
        .body(Bytes::from_static(
            br#"{"data":{"id":"AbC1"},"type":"payment"}"#,
        ))
        .unwrap()
}

#[test]
fn what_proxies_do_to_the_ids_of_mercado_pago_is_named() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("mercadopago").unwrap();
    let secrets = [Secret::new("s3cr3t").unwrap()];
    let both = (Some("1"), Some("r"));
    for (signs, query, headers, causes, undone) in [
        (
            (Some("1"), None),
            "data.id=1",
            &[("x-request-id", "p")][..],
            &["request_id_added"][..],
            "left out",
        ),
        (
            both,
            "data.id=1",
            &[("x-request-id", "p"), ("x-original-request-id", "r")],
            &["request_id_replaced"],
            "x-original-request-id",
        ),
        (
            both,
            "data.id=1",
            &[("x-correlation-id", "r")],
            &["request_id_removed"],
            "x-correlation-id",
        ),
        (
            both,
            "data.id=1",
            &[("x-request-id", "r"), ("x-request-id", "p")],
            &["header_repeated"],
            "number 1",
        ),
        (
            (Some("ABC1"), Some("r")),
            "data.id=abc1",
            &[("x-request-id", "r")],
            &["data_id_case"],
            "upper case",
        ),
        (
            (Some("AbC1"), Some("r")),
            "data.id=abc1",
            &[("x-request-id", "r")],
            &["data_id_case"],
            "in the body",
        ),
        (
            (Some("AbC1"), Some("r")),
            "type=payment",
            &[("x-request-id", "r")],
            &["data_id_removed"],
            "of the body",
        ),
        (
            (None, Some("r")),
            "data.id=1",
            &[("x-request-id", "r")],
            &["data_id_added"],
            "left out",
        ),
        (
            both,
            "data.id=1&data.id=2",
            &[("x-request-id", "r")],
            &["data_id_repeated"],
            "number 1",
        ),
        (
            (Some("ABC1"), None),
            "data.id=abc1",
            &[("x-request-id", "p")],
            &["request_id_added", "data_id_case"],
            "left out, and `data.id` in upper case",
        ),
    ] {
        let request = mercadopago(signs, query, headers);
        let found = finding(sender, &request, &secrets);
        let diagnosis = diagnosis(&found).unwrap_or_else(|| panic!("{causes:?}: {found:?}"));
        assert_eq!(diagnosis.causes, causes);
        assert!(diagnosis.undone.contains(undone), "{}", diagnosis.undone);
        assert!(is_authentic(&finding(sender, &diagnosis.request, &secrets)));
    }
    let neither = mercadopago(both, "data.id=2", &[("x-request-id", "p")]);
    assert!(diagnosis(&finding(sender, &neither, &secrets)).is_none());
}

#[test]
fn the_work_for_a_cause_is_limited() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("github").unwrap();
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
    let signed = signed(sender, Some(&body));
    let request = captured(with_body(&signed.request, format!("{body}!")));
    let finding = examine(sender, &request, &signed.configured, 2_000_000).unwrap();
    let Outcome::Refused {
        diagnosis: None,
        tried,
        ..
    } = &finding.outcome
    else {
        panic!("{finding:?}");
    };
    assert!(tried.was_limited);
    assert!((1..=20).contains(&tried.count()), "{tried:?}");
}

#[test]
fn an_unsigned_handshake_is_no_proof_and_no_cause() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("kushki").unwrap();
    let secrets = [Secret::new("s3cr3t").unwrap()];
    for (body, proves_nothing) in [
        ("{}", true),
        ("{ }", false),
        ("{}\n", true),
        ("{\n}", false),
    ] {
        let request = Request::post("/").header("content-length", body.len().to_string());
        let request = request.body(Bytes::from(body)).unwrap();
        let finding = finding(sender, &request, &secrets);
        assert!(!is_authentic(&finding), "{body:?}");
        assert!(diagnosis(&finding).is_none(), "{body:?}: {finding:?}");
        let is_handshake = matches!(
            finding.outcome,
            Outcome::ProvesNothing {
                verdict: Verdict::Greeted(_)
            }
        );
        assert_eq!(is_handshake, proves_nothing, "{body:?}: {finding:?}");
    }
}

#[test]
fn an_unsigned_handshake_is_one_without_its_length_in_the_capture() {
    let senders = Senders::load(None).unwrap();
    let secrets = [Secret::new("s3cr3t").unwrap()];
    for (name, body) in [("kushki", "{}"), ("woocommerce", "webhook_id=5")] {
        let sender = senders.find(name).unwrap();
        for capture in [
            format!("POST /x HTTP/1.1\nHost: a\n\n{body}"),
            format!("curl https://a/x -d '{body}'"),
        ] {
            let captured = Captured::parse(capture.as_bytes()).unwrap();
            let found = examine(sender, &captured, &secrets, WORK).unwrap();
            let is_handshake = matches!(found.outcome, Outcome::ProvesNothing { .. });
            assert!(is_handshake, "{capture}: {found:?}");
        }
    }
}

#[test]
fn a_signed_handshake_is_authentic_and_a_damaged_one_is_explained() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("slack").unwrap();
    let body = r#"{"type":"url_verification","token":"x","challenge":"abc"}"#;
    let signed = signed(sender, Some(body));
    let found = finding(sender, &signed.request, &signed.configured);
    assert!(
        matches!(
            found.outcome,
            Outcome::Authentic {
                verdict: Verdict::Greeted(_),
                ..
            }
        ),
        "{found:?}"
    );
    let damaged = with_body(&signed.request, body.replace(',', ", "));
    let found = finding(sender, &damaged, &signed.configured);
    assert_eq!(diagnosis(&found).unwrap().causes, ["body_white_space"]);
}

#[test]
fn a_body_that_does_not_fit_is_authentic_all_the_same() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("stripe").unwrap();
    let signed = signed(sender, Some("not JSON"));
    let found = finding(sender, &signed.request, &signed.configured);
    assert!(
        matches!(
            found.outcome,
            Outcome::Authentic {
                verdict: Verdict::Refused { .. },
                ..
            }
        ),
        "{found:?}"
    );
    let longer = with_body(&signed.request, "not JSON\r\n");
    let found = finding(sender, &longer, &signed.configured);
    assert_eq!(diagnosis(&found).unwrap().causes, ["body_last_line_end"]);
}

#[test]
fn an_old_request_is_authentic() {
    // Its time is years before the clock of this machine, and before any tolerance.
    for sender in super::authenticated() {
        let sample = sender.sample(None).unwrap();
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let draft = Draft::new(sample, &Ids::random("t-").unwrap(), old).unwrap();
        let secret = sender.generate_secret().unwrap();
        let request = sender.sign(&draft, old, Some(&secret)).unwrap();
        let configured = [sender.configured_secret(&secret).unwrap()];
        let finding = finding(&sender, &request, &configured);
        let Outcome::Authentic { verdict, .. } = &finding.outcome else {
            panic!("{}: {finding:?}", sender.name);
        };
        assert!(matches!(verdict, Verdict::Authentic(_)), "{}", sender.name);
    }
}

#[test]
fn the_method_is_refused_before_anything_is_tried() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("stripe").unwrap();
    let signed = signed(sender, None);
    let mut request = with_body(&signed.request, "{}");
    *request.method_mut() = http::Method::PUT;
    let found = finding(sender, &request, &signed.configured);
    let Outcome::Refused {
        reason: Reason::Rejection(rejection),
        diagnosis: None,
        tried,
        ..
    } = &found.outcome
    else {
        panic!("{found:?}");
    };
    assert_eq!(rejection.name(), "method_not_allowed");
    assert_eq!(tried.count(), 0);
}

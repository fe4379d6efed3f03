//! The attack behind each rule: one captured request, and another with the same signature that means something else. Where
//! the app may name the danger, the unsafe scheme accepts it; the safe one never does.

use std::time::Duration;

use serde_json::{Value, json};
use webhook_core::driver::Verifier;
use webhook_core::provider::Timing;
use webhook_core::scheme::{Preset, Proof, SchemeProvider, SignsTime};
use webhook_core::signing::{
    BodyFormat, Characters, Credential, Field, Form, HmacKeys, Scheme, SchemeBuilder,
    SchemeErrorKind, TimeField,
};
use webhook_core::testing::TestRequest;
use webhook_core::{Rejection, RejectionClass, Trust};

use crate::{NOW, SECRET, acme, deliver, now, signed, verifier, with, with_body};

#[track_caller]
fn assert_refused(builder: &SchemeBuilder, request: &TestRequest) {
    let refused = deliver(&verifier(builder), request)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(refused.class(), RejectionClass::Credential, "{refused:?}");
}

/// Asserts that a captured request is accepted as it is, and not as the attacker sends it.
#[track_caller]
fn assert_only_captured(builder: &SchemeBuilder, captured: &TestRequest, attack: &TestRequest) {
    deliver(&verifier(builder), captured).unwrap();
    assert_refused(builder, attack);
}

#[test]
fn digits_move_from_the_body_into_an_account_that_touches_it() {
    let scheme = || {
        acme()
            .signs("{header:x-account}{body}")
            .keep_header("x-account")
            .id(Field::header("x-account"))
    };
    let attack = |captured: &TestRequest| with_body(&with(captured, &[("x-account", "12")]), "3");

    assert_eq!(
        scheme().build().unwrap_err().kind(),
        &SchemeErrorKind::Adjacent("header:x-account".into())
    );
    let named = scheme().allow_adjacent_parts();
    let captured = signed(&named, &[("x-account", "1")], "23");
    let accepted = attack(&captured).deliver(&verifier(&named)).unwrap();
    let event = accepted.delivery.event();
    assert_eq!(
        (&event.payload, &*event.headers["x-account"]),
        (&json!(3), "12")
    );
    // The id came with the account, so it is not called signed.
    assert_eq!(accepted.delivery.id().unwrap().trust(), Trust::Unsigned);

    let long = scheme().form_of("x-account", Form::default().length(1));
    let only = scheme().form_of("x-account", Form::exactly("1"));
    let separate = scheme().signs("{header:x-account}.{body}");
    for safe in [long, only, separate] {
        let captured = signed(&safe, &[("x-account", "1")], "23");
        assert_only_captured(&safe, &captured, &attack(&captured));
        let accepted = captured.deliver(&verifier(&safe)).unwrap();
        assert_eq!(accepted.delivery.id().unwrap().trust(), Trust::Signed);
    }
}

#[test]
fn digits_move_from_a_time_into_the_body() {
    let scheme = || acme().signs("{time}{body}").any_time();
    let of_time = || TimeField::header("x-time").seconds();
    let named = scheme().time(of_time()).allow_adjacent_parts();
    let captured = signed(&named, &[], "0");
    let (short, digit) = (NOW / 10, NOW % 10);
    let attack = with(&captured, &[("x-time", &short.to_string())]);
    let attack = with_body(&attack, &format!("{digit}.5"));
    // "0" cannot become "0.5": the joined bytes must stay.
    assert_refused(&named, &attack);
    let captured = signed(&named, &[], ".5");
    let attack = with(&captured, &[("x-time", &short.to_string())]);
    let attack = with_body(&attack, &format!("{digit}.5"));
    let event = deliver(&verifier(&named), &attack).unwrap();
    assert_eq!(
        (event.payload, event.timestamp_ms),
        (json!(0.5), Some(short * 1000))
    );

    let safe = scheme().time(of_time().length(10));
    assert_refused(&safe, &attack);
}

#[test]
fn a_separator_inside_a_part_would_be_read_as_the_end_of_it() {
    // No name allows it: the machine refuses the value that has the separator.
    let scheme = acme()
        .signs("{header:x-id}.{body}")
        .id(Field::header("x-id"));
    let captured = signed(&scheme, &[("x-id", "1")], "2.3");
    let attack = with_body(&with(&captured, &[("x-id", "1.2")]), "3");
    assert_eq!(
        [("1", "2.3"), ("1.2", "3")].map(|(id, body)| format!("{id}.{body}")),
        ["1.2.3", "1.2.3"]
    );
    assert_only_captured(&scheme, &captured, &attack);
    // Also if the sender itself signs such an id: nobody could tell the two apart.
    let sent = signed(&scheme, &[("x-id", "1.2")], "3");
    assert_eq!(
        deliver(&verifier(&scheme), &sent).unwrap_err(),
        Rejection::CredentialMalformed
    );
    let between = acme().signs("{header:x-a}::{header:x-b}::{body}");
    let captured = signed(&between, &[("x-a", "1"), ("x-b", "2")], "3");
    for (a, b, body) in [("1::2", "3", "4"), ("1:", "2", "3"), ("1", "2::3", "4")] {
        let attack = with(&captured, &[("x-a", a), ("x-b", b)]);
        assert_refused(&between, &with_body(&attack, body));
    }
    let of_time = acme()
        .signs("{time}:{body}")
        .time(TimeField::header("x-time").rfc3339());
    assert_eq!(
        of_time.build().unwrap_err().kind(),
        &SchemeErrorKind::ContainsSeparator("time".into())
    );
}

#[test]
fn the_end_of_the_body_would_become_a_part_that_follows_it() {
    let scheme = acme()
        .signs("{body}.{header:x-id}")
        .id(Field::header("x-id"));
    assert_eq!(
        [("1.2", "3"), ("1", "2.3")].map(|(body, id)| format!("{body}.{id}")),
        ["1.2.3", "1.2.3"]
    );
    assert_eq!(
        scheme.build().unwrap_err().kind(),
        &SchemeErrorKind::FollowsBody("header:x-id".into())
    );
    for form in [
        Form::of(Characters::Digits),
        Form::exactly("3"),
        Form::default().length(1),
    ] {
        let safe = scheme.clone().form_of("x-id", form);
        let captured = signed(&safe, &[("x-id", "3")], "1.2");
        let attack = with_body(&with(&captured, &[("x-id", "2.3")]), "1");
        assert_only_captured(&safe, &captured, &attack);
    }
}

#[test]
fn an_unsigned_body_is_replaced() {
    let time = TimeField::header("x-time").seconds();
    let named = acme()
        .time(time.clone())
        .signs("{time}")
        .body_is_not_signed();
    let captured = signed(&named, &[], r#"{"paid":false}"#);
    let event = deliver(&verifier(&named), &with_body(&captured, r#"{"paid":true}"#)).unwrap();
    assert_eq!(
        (event.payload, event.proof),
        (json!({"paid": true}), Proof::NotBody)
    );

    let safe = acme().time(time).signs("{time}.{body}");
    let captured = signed(&safe, &[], r#"{"paid":false}"#);
    assert_only_captured(&safe, &captured, &with_body(&captured, r#"{"paid":true}"#));
}

#[test]
fn a_topic_or_an_id_of_an_unsigned_body_is_not_told() {
    let scheme = acme()
        .time(TimeField::header("x-time").seconds())
        .signs("{time}")
        .body_is_not_signed()
        .topic(Field::body("type"))
        .id(Field::body("id"));
    let request = signed(&scheme, &[], r#"{"type":"paid","id":"1"}"#);
    let accepted = request.deliver(&verifier(&scheme)).unwrap();
    let event = accepted.delivery.event();
    assert_eq!((event.topic(), event.id()), (None, None));
    assert_eq!(accepted.delivery.id(), None);
}

#[test]
fn an_unsigned_time_is_renewed() {
    let time = || TimeField::header("x-time").seconds();
    let week = Duration::from_secs(7 * 24 * 3600);
    let renewed = (NOW + week.as_secs()).to_string();
    let named = acme()
        .signs("{body}")
        .time(time())
        .tolerance(Duration::from_secs(60))
        .time_is_not_signed();
    let captured = signed(&named, &[], "1");
    let later = verifier(&named).clock(move || now() + week);
    assert_eq!(
        deliver(&later, &captured).unwrap_err(),
        Rejection::TimestampOutsideTolerance
    );
    let event = deliver(&later, &with(&captured, &[("x-time", &renewed)])).unwrap();
    assert_eq!(event.timestamp_ms, None);
    assert!(event.unauthenticated.timestamp_ms.is_some());

    let safe = acme().signs("{time}.{body}").time(time());
    let captured = signed(&safe, &[], "1");
    let later = verifier(&safe).clock(move || now() + week);
    for attack in [&captured, &with(&captured, &[("x-time", &renewed)])] {
        assert!(deliver(&later, attack).is_err());
    }
}

#[test]
fn any_time_lets_a_captured_request_in_forever() {
    let scheme = || {
        acme()
            .signs("{time}.{body}")
            .time(TimeField::header("x-time").seconds())
    };
    let captured = signed(&scheme(), &[], "1");
    let years = Duration::from_secs(10 * 365 * 24 * 3600);
    let named = verifier(&scheme().any_time()).clock(move || now() + years);
    deliver(&named, &captured).unwrap();
    let safe = verifier(&scheme()).clock(move || now() + years);
    assert_eq!(
        deliver(&safe, &captured).unwrap_err(),
        Rejection::TimestampOutsideTolerance
    );
}

#[test]
fn a_line_of_a_log_proves_anything_if_the_token_is_in_the_query() {
    let named = Scheme::builder("acme").token(Credential::query_which_logs_show("key"));
    let captured = signed(&named, &[], r#"{"paid":false}"#);
    // All that the log has.
    let line = format!("{} {}", captured.method, captured.uri);
    let forged = |builder: &SchemeBuilder| {
        let mut forged = signed(builder, &[], r#"{"paid":true}"#);
        forged.headers.clear();
        forged.uri = line.strip_prefix("POST ").unwrap().parse().unwrap();
        forged
    };
    assert!(line.contains(SECRET));
    let event = deliver(&verifier(&named), &forged(&named)).unwrap();
    assert_eq!(
        (event.payload, event.proof),
        (json!({"paid": true}), Proof::Token)
    );

    for safe in [
        Scheme::builder("acme").token(Credential::bearer()),
        Scheme::builder("acme").token(Credential::header("x-token")),
        acme().signs("{body}"),
    ] {
        assert_refused(&safe, &forged(&safe));
    }
}

#[test]
fn an_unsigned_content_type_does_not_change_what_a_signed_body_means() {
    const FORM: &str = "application/x-www-form-urlencoded";
    for format in [BodyFormat::Form, BodyFormat::FormField("a".into())] {
        let scheme = acme().signs("{body}").body(format);
        for body in [
            "[\"a=1\"]",
            "\"a=1\"",
            "{\"a\":1}",
            " [1]",
            "12",
            "true",
            "null",
            "\u{feff}[\"a=1\"]",
        ] {
            let captured = signed(&scheme, &[], body);
            let event = deliver(&verifier(&scheme), &captured).unwrap();
            let announced = with(&captured, &[("content-type", FORM)]);
            assert_eq!(deliver(&verifier(&scheme), &announced), Ok(event), "{body}");
        }
        // And a form is nothing else.
        let form = with(&signed(&scheme, &[], "a=%31&b"), &[("content-type", FORM)]);
        deliver(&verifier(&scheme), &form).unwrap();
        let refused = deliver(
            &verifier(&scheme),
            &with(&form, &[("content-type", "text/json")]),
        );
        assert_eq!(refused.unwrap_err().class(), RejectionClass::Body);
    }
}

/// A preset that says that it signs its time, and does not.
enum Careless {}

impl Preset for Careless {
    const NAME: &'static str = "careless";
    const TIMING: Timing = Timing::UNDOCUMENTED;
    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        acme()
            .signs("{body}")
            .time(TimeField::header("x-time").seconds())
    }
}

impl SignsTime for Careless {}

#[test]
fn a_tolerance_is_not_checked_against_a_time_that_anyone_can_renew() {
    type Sender = SchemeProvider<Value, Careless>;
    let captured = signed(&Careless::scheme(), &[], "1");
    let verifier = Verifier::<Sender>::try_new(SECRET).unwrap().clock(now);
    deliver(&verifier, &captured).unwrap();
    // An app that sets one learns from the first delivery that there is nothing to check it against.
    let careful = verifier.tolerance(Duration::from_secs(60));
    assert_eq!(
        deliver(&careful, &captured).unwrap_err(),
        Rejection::TimestampOutsideTolerance
    );
}

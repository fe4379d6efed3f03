//! A time in the body: judged after the signature, and found in one place only.

use std::time::Duration;

use webhook_core::Rejection;
use webhook_core::signing::{BodyFormat, SchemeBuilder, TimeField};

use crate::{NOW, acme, deliver, now, signed, verifier, with};

fn scheme(time: TimeField) -> SchemeBuilder {
    acme().signs("{body}").time(time)
}

#[test]
fn the_time_is_a_number_or_text_at_its_path_and_nothing_else() {
    let seconds = scheme(TimeField::body("at.sent").seconds());
    let late = Err(Rejection::TimestampOutsideTolerance);
    let (time, other) = (NOW, NOW + 1);
    for (body, accepted) in [
        (format!(r#"{{"at":{{"sent":{time}}}}}"#), true),
        (format!(r#"{{"at":{{"sent":"{time}"}}}}"#), true),
        (format!("\u{feff}{{\"at\":{{\"sent\":{time}}}}}"), true),
        // Moved.
        (format!(r#"{{"sent":{time}}}"#), false),
        (format!(r#"{{"at.sent":{time}}}"#), false),
        (format!(r#"{{"at":[{{"sent":{time}}}]}}"#), false),
        (format!(r#"[{{"at":{{"sent":{time}}}}}]"#), false),
        (format!(r#"{{"At":{{"sent":{time}}}}}"#), false),
        // There twice, also if both are the same, or one is written with an escape.
        (
            format!(r#"{{"at":{{"sent":{time},"sent":{time}}}}}"#),
            false,
        ),
        (
            format!(r#"{{"at":{{"sent":{time},"s\u0065nt":{other}}}}}"#),
            false,
        ),
        (
            format!(r#"{{"at":{{"sent":{time}}},"at":{{"sent":{other}}}}}"#),
            false,
        ),
        // Missing.
        ("{}".into(), false),
        (r#"{"at":{"sent":null}}"#.into(), false),
        (r#"{"at":{"sent":""}}"#.into(), false),
        (r#"{"at":{"sent":{}}}"#.into(), false),
        // In another unit or notation.
        (format!(r#"{{"at":{{"sent":{time}000}}}}"#), false),
        (format!(r#"{{"at":{{"sent":{time}.0}}}}"#), false),
        (format!(r#"{{"at":{{"sent":-{time}}}}}"#), false),
        (r#"{"at":{"sent":1.7956e9}}"#.into(), false),
        (r#"{"at":{"sent":"2026-11-25T09:46:40Z"}}"#.into(), false),
    ] {
        let result = deliver(&verifier(&seconds), &signed(&seconds, &[], &body));
        match accepted {
            true => assert_eq!(result.unwrap().timestamp_ms, Some(NOW * 1000), "{body}"),
            false => assert_eq!(result.map(|_| ()), late, "{body}"),
        }
    }
}

#[test]
fn the_tolerance_is_exact_in_every_unit() {
    for (time, text) in [
        (TimeField::body("at").seconds(), NOW.to_string()),
        (TimeField::body("at").milliseconds(), format!("{NOW}000")),
        (
            TimeField::body("at").seconds_or_milliseconds(),
            NOW.to_string(),
        ),
        (
            TimeField::body("at").rfc3339(),
            "\"2026-11-25T09:46:40Z\"".into(),
        ),
    ] {
        let scheme = scheme(time).tolerance(Duration::from_secs(60));
        let request = signed(&scheme, &[], &format!(r#"{{"at":{text}}}"#));
        for (clock, accepted) in [
            (now() + Duration::from_secs(60), true),
            (now() + Duration::from_millis(60_001), false),
            (now() - Duration::from_secs(60), true),
            (now() - Duration::from_millis(60_001), false),
        ] {
            let verifier = verifier(&scheme).clock(move || clock);
            assert_eq!(
                deliver(&verifier, &request).is_ok(),
                accepted,
                "{text} {clock:?}"
            );
        }
    }
}

#[test]
fn a_wrong_signature_is_told_before_the_time_of_its_body() {
    let scheme = scheme(TimeField::body("at").seconds());
    let mut request = signed(&scheme, &[], r#"{"at":0}"#);
    request.body = r#"{"at":1}"#.into();
    assert_eq!(
        deliver(&verifier(&scheme), &request).unwrap_err(),
        Rejection::CredentialMismatch
    );
}

#[test]
fn the_time_of_a_form_is_in_its_fields() {
    let form = |body: &str, format: BodyFormat| {
        let scheme = scheme(TimeField::body("at").seconds()).body(format);
        let announced = [("content-type", "application/x-www-form-urlencoded")];
        let request = with(&signed(&scheme, &[], body), &announced);
        deliver(&verifier(&scheme), &request).map(|event| event.timestamp_ms)
    };
    let time = Ok(Some(NOW * 1000));
    let late = Err(Rejection::TimestampOutsideTolerance);
    let field = || BodyFormat::FormField("payload".into());
    assert_eq!(form(&format!("a=1&at={NOW}"), BodyFormat::Form), time);
    assert_eq!(form(&format!("a=1&at={NOW}"), field()), time);
    assert_eq!(
        form(&format!("payload=%7B%22at%22:{NOW}%7D"), field()),
        time
    );
    assert_eq!(form(&format!("payload=%7B%7D&at={NOW}"), field()), late);
    assert_eq!(form(&format!("at={NOW}&at={NOW}"), BodyFormat::Form), late);
    assert_eq!(form("at=%", BodyFormat::Form), late);
}

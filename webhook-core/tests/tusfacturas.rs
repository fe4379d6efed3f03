//! TusFacturasAPP through the public API: what is accepted, how it decodes, and the answers.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use webhook_core::answer::Answer;
use webhook_core::driver::Verifier;
use webhook_core::tusfacturas::{TfCreado, TfEvent, TfEvento, TfRecurso, TusFacturas};
use webhook_core::{BodyErrorKind, Head, Rejection, testing};

const TOKEN: &str = "t0k3n";

fn verifier() -> Verifier<TusFacturas> {
    Verifier::try_new([("pdv-1", TOKEN), ("pdv-2", "another")]).unwrap()
}

fn decode(body: &[u8]) -> Result<TfEvent, Rejection> {
    let request = testing::tusfacturas_body(Bytes::copy_from_slice(body), TOKEN);
    match request.deliver(&verifier()) {
        Ok(accepted) => Ok(accepted.delivery.into_event()),
        Err(refused) => {
            assert_eq!(refused.reply.status, StatusCode::BAD_REQUEST);
            assert_eq!(
                refused.reply.body,
                "No se recibió información en formato JSON."
            );
            Err(refused.rejection.unwrap())
        }
    }
}

fn decoded(body: &str) -> TfEvent {
    decode(body.as_bytes()).unwrap_or_else(|rejection| panic!("{body}: {rejection}"))
}

#[test]
fn the_documented_example_decodes_into_every_field() {
    let event = decoded(
        r#"{"creado":"18\/03\/2022 15:58:11","evento":"encolado","recurso":"facturacion","external_reference":"17032","intento":1,"msg":[],"hook_id":"xxxxx"}"#,
    );
    let mut expected = TfEvent::new(TfEvento::Encolado);
    expected.creado = Some(TfCreado::new("18/03/2022 15:58:11"));
    expected.recurso = Some(TfRecurso::Facturacion);
    expected.external_reference = Some("17032".to_owned());
    expected.intento = Some(1);
    expected.hook_id = Some("xxxxx".to_owned());
    assert_eq!(event, expected);
    assert_eq!(event.creado, Some(TfCreado::new("18/03/2022 15:58:11")));
}

#[test]
fn every_documented_kind_is_known_and_others_are_kept() {
    for (text, evento) in [
        ("encolado", TfEvento::Encolado),
        ("emitido", TfEvento::Emitido),
        ("error", TfEvento::Error),
        ("eliminado", TfEvento::Eliminado),
        ("cambio_fecha", TfEvento::CambioFecha),
        ("test", TfEvento::Test),
        ("Emitido", TfEvento::Other("Emitido".to_owned())),
        ("", TfEvento::Other(String::new())),
    ] {
        let event = decoded(&format!(r#"{{"evento":"{text}","recurso":"{text}"}}"#));
        assert_eq!(event.evento, evento);
        assert_eq!(event.evento.as_str(), text);
        assert_eq!(event.recurso.unwrap().as_str(), text);
    }
}

/// What each field becomes when it is not sent in the documented form.
#[test]
fn fields_decode_liberally() {
    let text = |value: &str| {
        let event = decoded(&format!(
            r#"{{"evento":"test","creado":{value},"recurso":{value},"external_reference":{value},"hook_id":{value}}}"#
        ));
        let texts = [
            event.creado.map(|text| text.as_str().to_owned()),
            event.recurso.map(|text| text.as_str().to_owned()),
            event.external_reference,
            event.hook_id,
        ];
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
        texts.into_iter().next().flatten()
    };
    let some = |text: &str| Some(text.to_owned());
    for (sent, expected) in [
        ("null", None),
        (r#""""#, some("")),
        (r#""% 'M17051""#, some("% 'M17051")),
        (r#""\u00f3\/\ud83d\ude00""#, some("ó/😀")),
        (r#""a\ud800b\udc00""#, some("a\u{FFFD}b\u{FFFD}")),
        ("17032", some("17032")),
        (
            "123456789012345678901234567890",
            some("123456789012345678901234567890"),
        ),
        ("-0", some("-0")),
        ("1.50", some("1.50")),
        ("1E5", some("1E5")),
        ("true", some("true")),
        (r#"[1, "x"]"#, some(r#"[1, "x"]"#)),
        (r#"{ "a" : 1 }"#, some(r#"{ "a" : 1 }"#)),
    ] {
        assert_eq!(text(sent), expected, "{sent}");
    }

    let intento =
        |value: &str| decoded(&format!(r#"{{"evento":"test","intento":{value}}}"#)).intento;
    for (sent, expected) in [
        ("null", None),
        ("1", Some(1)),
        (r#""2""#, Some(2)),
        (r#"" 3 ""#, Some(3)),
        ("4.0", Some(4)),
        ("5e0", Some(5)),
        ("4294967295", Some(u32::MAX)),
        ("4294967296", None),
        ("-1", None),
        ("1.5", None),
        (r#""two""#, None),
        (r#""""#, None),
        ("true", None),
        ("[1]", None),
        (r#"{"a":1}"#, None),
        (r#""\ud800""#, None),
    ] {
        assert_eq!(intento(sent), expected, "{sent}");
    }

    let msg = |value: &str| decoded(&format!(r#"{{"evento":"error","msg":{value}}}"#)).msg;
    for (sent, expected) in [
        ("null", vec![]),
        ("[]", vec![]),
        (r#"["a","ó"]"#, vec!["a", "ó"]),
        (r#""one""#, vec!["one"]),
        (r#"{"0":"a","2":"b","1":"c"}"#, vec!["a", "b", "c"]),
        (r#"{"0":"a","0":"b"}"#, vec!["a", "b"]),
        ("{}", vec![]),
        (
            r#"["a",1,null,true,{"b": 2},["c"],12345678901234567890123]"#,
            vec![
                "a",
                "1",
                "null",
                "true",
                r#"{"b": 2}"#,
                r#"["c"]"#,
                "12345678901234567890123",
            ],
        ),
        (r#"{"x":"a","y":2}"#, vec!["a", "2"]),
        ("7", vec!["7"]),
        ("false", vec!["false"]),
        (r#"["\udc00"]"#, vec!["\u{FFFD}"]),
    ] {
        assert_eq!(msg(sent), expected, "{sent}");
    }
}

#[test]
fn bytes_that_are_not_utf8_become_replacement_characters() {
    let event = decode(b"{\"evento\":\"error\",\"msg\":[\"caf\xE9\"],\"otro\":\"\xFF\"}").unwrap();
    assert_eq!(event.msg, ["caf\u{FFFD}"]);
}

#[test]
fn marks_unknown_fields_and_escaped_names_are_harmless() {
    for body in [
        "\u{FEFF}{\"evento\":\"test\"}",
        " \r\n\t{ \"evento\" : \"test\" } \n",
        r#"{"a":1,"a":2,"evento":"test","b":{"evento":"error"}}"#,
        r#"{"ev\u0065nto":"test"}"#,
        r#"{"\ud800":1,"evento":"test"}"#,
        r#"{"x":"\ud800","evento":"test"}"#,
    ] {
        assert_eq!(decoded(body), TfEvent::new(TfEvento::Test), "{body}");
    }
    let deep = format!(
        r#"{{"x":{}{},"evento":"test"}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    assert_eq!(decoded(&deep), TfEvent::new(TfEvento::Test));
}

#[test]
fn nesting_in_a_known_field_ends_at_128() {
    let nested = |name: &str, depth: usize| {
        decode(
            format!(
                r#"{{"evento":"test","{name}":{}{}}}"#,
                "[".repeat(depth),
                "]".repeat(depth)
            )
            .as_bytes(),
        )
    };
    for name in ["msg", "external_reference", "intento"] {
        assert!(nested(name, 128).is_ok(), "{name}");
        let Err(Rejection::Body(error)) = nested(name, 129) else {
            panic!("{name} is accepted at any depth");
        };
        assert_eq!(error.kind, BodyErrorKind::TooDeep(name));
    }
}

#[test]
fn unacceptable_bodies_are_refused_with_kind_and_place() {
    use BodyErrorKind as Kind;
    for (body, kind) in [
        ("", Kind::NotAnObject),
        ("  ", Kind::NotAnObject),
        ("null", Kind::NotAnObject),
        (r#""evento""#, Kind::NotAnObject),
        (
            r#"["18/03/2022 15:58:11","encolado","facturacion","1",1,[],"x"]"#,
            Kind::NotAnObject,
        ),
        ("evento=test", Kind::NotAnObject),
        ("\u{FEFF}\u{FEFF}{\"evento\":\"test\"}", Kind::NotAnObject),
        ("{}", Kind::MissingField("evento")),
        (r#"{"evento":null}"#, Kind::MissingField("evento")),
        (r#"{"evento":1}"#, Kind::InvalidField("evento")),
        (r#"{"evento":["test"]}"#, Kind::InvalidField("evento")),
        (
            r#"{"evento":"test","evento":"test"}"#,
            Kind::RepeatedField("evento"),
        ),
        (
            r#"{"evento":"test","intento":null,"intento":null}"#,
            Kind::RepeatedField("intento"),
        ),
        (
            r#"{"evento":"test","msg":[],"m\u0073g":[]}"#,
            Kind::RepeatedField("msg"),
        ),
        (r#"{"evento":"test"}{}"#, Kind::TrailingData),
        (r#"{"evento":"test"} x"#, Kind::TrailingData),
        (r#"{"evento":"test""#, Kind::Truncated),
        (r#"{"evento":"te"#, Kind::Truncated),
        (r#"{"evento":"test",}"#, Kind::Syntax),
        (r#"{"evento":'test'}"#, Kind::Syntax),
        (r#"{"evento":"test","intento":01}"#, Kind::Syntax),
        ("{\"evento\":\"te\nst\"}", Kind::Syntax),
        (r#"{"evento":"test","x":nul}"#, Kind::Syntax),
    ] {
        let Err(Rejection::Body(error)) = decode(body.as_bytes()) else {
            panic!("{body} is accepted");
        };
        assert_eq!(error.kind, kind, "{body}");
    }

    let Err(Rejection::Body(error)) = decode(b"{\"evento\":\"test\",\n  \"msg\": oops}") else {
        panic!("accepted");
    };
    assert_eq!((error.line, error.column), (2, 10));
}

#[cfg(feature = "jiff-0_2")]
#[test]
fn a_date_counts_only_in_the_documented_form() {
    for (text, seconds) in [
        ("18/03/2022 15:58:11", Some(1_647_629_891)),
        ("29/02/2024 00:00:00", Some(1_709_175_600)),
        ("31/12/1999 23:59:59", Some(946_695_599)),
        ("29/02/2023 00:00:00", None),
        ("18/03/22 15:58:11", None),
        ("18-03-2022 15:58:11", None),
        ("2022/03/18 15:58:11", None),
        ("18/03/2022 24:00:00", None),
        ("18/03/2022 15:58:11 ", None),
        ("18/03/2022", None),
        ("", None),
    ] {
        assert_eq!(
            TfCreado::new(text).timestamp().map(|time| time.as_second()),
            seconds,
            "{text:?}"
        );
    }
}

#[test]
fn the_schedule_is_as_documented_and_its_estimate_is_optional() {
    let mut event = TfEvent::new(TfEvento::Emitido);
    let estimate = |intento| {
        event.intento = intento;
        event.estimate_if_intento_counts_from_one().map(|estimate| {
            (
                estimate.waits_for_answer.as_secs(),
                estimate.next_attempt_after.map(|next| next.as_secs() / 60),
                estimate.last_attempt_after.as_secs() / 60,
            )
        })
    };
    let rows = [
        None,
        Some(0),
        Some(1),
        Some(2),
        Some(5),
        Some(6),
        Some(7),
        Some(u32::MAX),
    ];
    assert_eq!(
        rows.map(estimate),
        [
            None,
            None,
            Some((20, Some(5), 21 * 60 + 35)),
            Some((5, Some(30), 21 * 60 + 30)),
            Some((5, Some(12 * 60), 12 * 60)),
            Some((5, None, 0)),
            None,
            None,
        ]
    );
}

#[test]
fn the_token_is_checked_before_the_body() {
    let verifier = verifier();
    let long = "x".repeat(4097);
    for (tokens, expected) in [
        (&[][..], Err(Rejection::CredentialMissing)),
        (&[""], Err(Rejection::CredentialMissing)),
        (&["wrong"], Err(Rejection::CredentialMismatch)),
        (&["T0K3N"], Err(Rejection::CredentialMismatch)),
        (&["t0k3n "], Err(Rejection::CredentialMismatch)),
        (&[&long[1..]], Err(Rejection::CredentialMismatch)),
        (&[&long], Err(Rejection::CredentialTooLong)),
        (&[TOKEN, TOKEN], Err(Rejection::CredentialRepeated)),
        (&[TOKEN, "another"], Err(Rejection::CredentialRepeated)),
        (&[TOKEN], Ok("pdv-1")),
        (&["another"], Ok("pdv-2")),
    ] {
        let mut headers = HeaderMap::new();
        for token in tokens {
            headers.append("TF-WebhookToken", HeaderValue::from_str(token).unwrap());
        }
        let head = Head::new("POST", "/", None, &headers);
        let key = match verifier.begin(&head) {
            Ok(pending) => {
                let body = Bytes::from_static(br#"{"evento":"test"}"#);
                let delivery = pending.finish(body).unwrap().delivery;
                Ok(delivery.label().unwrap().to_string())
            }
            Err(refused) => {
                assert_eq!(refused.reply.status, StatusCode::FORBIDDEN);
                assert_eq!(
                    refused.reply.body,
                    "El Token recibido no coincide con el esperado"
                );
                assert_eq!(
                    refused.reply.content_type.unwrap(),
                    "text/plain; charset=utf-8"
                );
                Err(refused.rejection.unwrap())
            }
        };
        assert_eq!(key, expected.map(str::to_owned), "{tokens:?}");
    }
}

#[test]
fn only_status_200_is_sent_to_the_sender() {
    let in_flight = |acknowledge| {
        let request = testing::tusfacturas(&TfEvent::new(TfEvento::Test), TOKEN);
        let verifier = verifier().acknowledge_failures(acknowledge);
        let pending = verifier.begin(&request.head()).unwrap();
        pending.finish(request.body).unwrap().in_flight
    };
    let replaced = |answer| match answer {
        Answer::Replace(reply) => {
            assert_eq!(reply.status, StatusCode::OK);
            String::from_utf8(reply.body.to_vec()).unwrap()
        }
        other => format!("{other:?}"),
    };
    let text = Some(&b"text/plain"[..]);
    for (acknowledge, status, without_body, expected) in [
        (false, 200, true, "OK"),
        (false, 204, false, "OK"),
        (false, 205, true, "OK"),
        (false, 202, true, "OK"),
        (false, 200, false, "Pass"),
        (false, 201, false, "SetStatus(200)"),
        (false, 302, true, "Pass"),
        (false, 404, true, "Pass"),
        (false, 500, true, "Pass"),
        (true, 500, false, "OK (processed with internal error)"),
        (true, 503, true, "OK (processed with internal error)"),
        (true, 400, false, "Pass"),
        (true, 200, true, "OK"),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = in_flight(acknowledge).answer(status, text, without_body);
        assert_eq!(replaced(answer), expected, "{acknowledge} {status}");
    }
}

#[test]
fn a_stored_event_reads_back() {
    let mut event = TfEvent::new(TfEvento::Other("nuevo".to_owned()));
    event.creado = Some(TfCreado::new("no date"));
    event.msg = vec!["CUIT \"inválido\"".to_owned()];
    event.external_reference = Some("% 'M17051".to_owned());
    let json = serde_json::to_vec(&event).unwrap();
    assert_eq!(serde_json::from_slice::<TfEvent>(&json).unwrap(), event);
    assert_eq!(TfEvent::from_json(&json).unwrap(), event);
}

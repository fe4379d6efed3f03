//! What is the same for every sender: the order of the checks, and the answers that HTTP requires.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use webhook_core::driver::Verifier;
use webhook_core::multicaja::Multicaja;
use webhook_core::tusfacturas::{TfEvent, TfEvento, TusFacturas};
use webhook_core::{Head, Rejection, Reply, testing};

const TOKEN: &str = "t0k3n";

fn head<'a>(method: &'a str, headers: &'a HeaderMap) -> Head<'a> {
    Head::new(method, "/webhook", None, headers)
}

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<http::HeaderName>().unwrap(),
                value.parse().unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_first_check_that_fails_answers() {
    let verifier = Verifier::<TusFacturas>::try_new(TOKEN).unwrap();
    let too_long = ("content-length", "65537");
    for (method, fields, rejection, status) in [
        ("GET", &[too_long][..], Rejection::MethodNotAllowed, 405),
        (
            "post",
            &[("tf-webhooktoken", TOKEN)],
            Rejection::MethodNotAllowed,
            405,
        ),
        ("POST", &[too_long], Rejection::CredentialMissing, 403),
        (
            "POST",
            &[("tf-webhooktoken", TOKEN), too_long],
            Rejection::BodyTooLarge,
            413,
        ),
        (
            "POST",
            &[
                ("tf-webhooktoken", TOKEN),
                ("content-length", "99999999999999999999999999"),
            ],
            Rejection::BodyTooLarge,
            413,
        ),
    ] {
        let fields = headers(fields);
        let refused = verifier.begin(&head(method, &fields)).unwrap_err();
        assert_eq!(refused.rejection, Some(rejection));
        assert_eq!(refused.reply.status.as_u16(), status);
        assert_eq!(refused.closes, status == 413);
        let allow = (http::header::ALLOW, "POST".parse().unwrap());
        assert_eq!(refused.reply.headers.contains(&allow), status == 405);
    }

    let multicaja = Verifier::<Multicaja>::try_new("key").unwrap();
    let fields = headers(&[too_long]);
    let refused = multicaja.begin(&head("POST", &fields)).unwrap_err();
    assert_eq!(refused.rejection, Some(Rejection::EndpointUnnamed));
}

#[test]
fn the_limit_is_exact_to_the_byte() {
    let body = |length: usize| {
        let event = br#"{"evento":"test"}"#;
        let mut body = event.to_vec();
        body.resize(length, b' ');
        Bytes::from(body)
    };
    for (limit, length, passes) in [
        (64 * 1024, 64 * 1024, true),
        (64 * 1024, 64 * 1024 + 1, false),
        (100, 100, true),
        (100, 101, false),
    ] {
        let verifier = Verifier::<TusFacturas>::try_new(TOKEN)
            .unwrap()
            .body_limit(limit);
        let fields = headers(&[("tf-webhooktoken", TOKEN)]);
        let pending = verifier.begin(&head("POST", &fields)).unwrap();
        assert_eq!(pending.buffer().push(body(length)).is_ok(), passes);
        assert_eq!(pending.finish(body(length)).is_ok(), passes);

        let mut announced = fields.clone();
        announced.insert("content-length", length.into());
        assert_eq!(verifier.begin(&head("POST", &announced)).is_ok(), passes);
    }
}

#[test]
fn the_app_may_change_an_answer_but_not_keep_the_connection() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let verifier = Verifier::<TusFacturas>::try_new(TOKEN)
        .unwrap()
        .on_refusal({
            let seen = Arc::clone(&seen);
            move |rejection, mut reply| {
                seen.lock().unwrap().push(rejection.name());
                reply.status = StatusCode::SERVICE_UNAVAILABLE;
                reply
            }
        });
    let fields = headers(&[("tf-webhooktoken", TOKEN)]);
    let pending = verifier.begin(&head("POST", &fields)).unwrap();
    let refused = pending.refuse(Rejection::BodyTimeout);
    assert_eq!(refused.reply, Reply::new(StatusCode::SERVICE_UNAVAILABLE));
    assert!(refused.closes);
    assert_eq!(*seen.lock().unwrap(), ["body_timeout"]);
}

#[test]
fn a_delivery_has_event_label_and_raw_body() {
    let verifier = Verifier::<TusFacturas>::try_new([("pdv-3", TOKEN)]).unwrap();
    let request = testing::tusfacturas(&TfEvent::new(TfEvento::Emitido), TOKEN);
    let accepted = verifier
        .begin(&request.head())
        .unwrap()
        .finish(request.body.clone())
        .unwrap();
    assert_eq!(accepted.delivery.label().unwrap(), "pdv-3");
    assert_eq!(accepted.delivery.body(), &request.body);
    assert_eq!(accepted.delivery.evento, TfEvento::Emitido);
    assert!(!format!("{:?}", accepted.delivery).contains("external_reference\":"));
}

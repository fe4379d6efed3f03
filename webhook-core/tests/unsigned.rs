//! Senders that prove nothing: what is read, what is refused, and a secret in the path.

mod vectors;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use webhook_core::answer::Received;
use webhook_core::driver::{InFlight, Verifier};
use webhook_core::http::StatusCode;
use webhook_core::provider::{Decoded, Payload, Timing};
use webhook_core::testing::{self, TestRequest};
use webhook_core::unsigned::{FlowHint, MercadoLibreHint, Unsigned, UnsignedSender};
use webhook_core::{BodyErrorKind, Provider, Rejection, Secret, SecretsErrorKind};

const SECRET: &str = "Vq3mKp7xTz9c";

fn judge<T: Payload>(
    sender: UnsignedSender<T>,
    request: &TestRequest,
) -> Result<T, (u16, Rejection)> {
    match request.deliver(&Verifier::new(sender)) {
        Ok(accepted) => Ok(accepted.delivery.into_event().hint),
        Err(early) => Err((early.reply.status.as_u16(), early.rejection.unwrap())),
    }
}

#[test]
fn every_vector_is_judged_as_it_says() {
    let vectors = vectors::read(include_str!("vectors/unsigned.json"));
    assert_eq!(vectors.len(), 4);
    for (index, vector) in vectors.iter().enumerate() {
        let request = vector.request();
        let refused = match &*vector.sender {
            "flow" => judge(UnsignedSender::flow(), &request).err(),
            "mercadolibre" => judge(UnsignedSender::mercadolibre(), &request).err(),
            other => panic!("{other}"),
        };
        assert_eq!(refused.is_none(), vector.accepted, "{index}: {refused:?}");
        let status = refused.map(|(status, _)| status);
        assert!(matches!(status, None | Some(400)), "{index}");
        assert!(vector.secret.is_empty() && vector.now > 0);
    }
}

#[test]
fn flow_sends_a_form_with_a_token() {
    let read = |form: &str| {
        judge(
            UnsignedSender::flow(),
            &testing::unsigned_form("/flow", form.to_owned()),
        )
    };
    assert_eq!(
        read("token=AJ089FF5467367"),
        Ok(FlowHint::new("AJ089FF5467367"))
    );
    assert_eq!(read("a=1&token=%41+b"), Ok(FlowHint::new("A b")));
    let body = |kind: BodyErrorKind| Err(kind);
    for (form, expected) in [
        ("", body(BodyErrorKind::DoesNotFit)),
        ("token=", body(BodyErrorKind::DoesNotFit)),
        ("tok=1", body(BodyErrorKind::DoesNotFit)),
        ("token=1&token=2", body(BodyErrorKind::RepeatedFormName)),
        ("token=%4", body(BodyErrorKind::InvalidForm)),
    ] {
        let refused = read(form).map_err(|(status, rejection)| match rejection {
            Rejection::Body(error) if status == 400 => error.kind,
            other => panic!("{status} {other:?}"),
        });
        assert_eq!(refused, expected, "{form}");
    }
}

#[test]
fn mercado_libre_needs_a_resource_and_nothing_else() {
    let read = |body: Value| {
        judge(
            UnsignedSender::mercadolibre(),
            &testing::unsigned("/m", body.to_string()),
        )
    };
    let mut whole = MercadoLibreHint::new("/orders/2195160686");
    assert_eq!(
        read(json!({ "resource": "/orders/2195160686" })),
        Ok(whole.clone())
    );
    // Other types count as missing.
    let odd = json!({ "resource": "/orders/2195160686", "topic": 1, "user_id": -1, "attempts": [], "_id": null });
    assert_eq!(read(odd), Ok(whole.clone()));
    whole.topic = Some("orders_v2".into());
    whole.user_id = Some(468_424_240);
    whole.application_id = Some(5_503_910_054_141_466);
    whole.attempts = Some(2);
    whole.sent = Some("2026-11-25T09:46:40.000Z".into());
    whole.id = Some("f9f08571".into());
    let sent = json!({
        "resource": "/orders/2195160686", "topic": "orders_v2", "user_id": 468_424_240, "attempts": "2",
        "application_id": 5_503_910_054_141_466_u64, "sent": "2026-11-25T09:46:40.000Z", "_id": "f9f08571", "received": 1
    });
    assert_eq!(read(sent), Ok(whole));
    for body in [
        json!({}),
        json!({ "resource": "" }),
        json!({ "resource": 1 }),
        json!([]),
        json!("x"),
    ] {
        let (status, rejection) = read(body.clone()).unwrap_err();
        assert_eq!(status, 400, "{body}: {rejection:?}");
    }
}

#[test]
fn any_other_sender_is_read_as_json_or_as_a_form_of_strings() {
    #[derive(Clone, Debug, Deserialize, PartialEq)]
    struct Notice {
        id: String,
    }
    let clip = || UnsignedSender::<Notice>::unauthenticated("clip");
    let expected = Ok(Notice { id: "7".into() });
    assert_eq!(
        judge(clip(), &testing::unsigned("/", r#"{"id":"7"}"#)),
        expected
    );
    assert_eq!(
        judge(clip(), &testing::unsigned_form("/", "id=7")),
        expected
    );
    // JSON that is announced as a form.
    assert_eq!(
        judge(clip(), &testing::unsigned_form("/", r#"{"id":"7"}"#)),
        expected
    );
    // A form that is not announced.
    let (status, _) = judge(clip(), &testing::unsigned("/", "id=7")).unwrap_err();
    assert_eq!(status, 400);
    // JSON of any kind.
    let any = UnsignedSender::<Value>::unauthenticated(String::from("mobbex"));
    assert_eq!(any.name(), "mobbex");
    assert_eq!(judge(any, &testing::unsigned("/", "[1]")), Ok(json!([1])));

    let mut request = testing::unsigned("/", r#"{"id":"7"}"#);
    request.method = webhook_core::http::Method::GET;
    assert_eq!(
        judge(clip(), &request),
        Err((405, Rejection::MethodNotAllowed))
    );
    let long = testing::unsigned("/", format!(r#"{{"id":"{}"}}"#, "7".repeat(64 * 1024)));
    assert_eq!(judge(clip(), &long), Err((413, Rejection::BodyTooLarge)));
}

/// What is sent for the handler's status.
fn sent<T: Payload>(
    sender: UnsignedSender<T>,
    request: &TestRequest,
    status: StatusCode,
) -> StatusCode {
    let accepted = request.deliver(&Verifier::new(sender)).unwrap();
    answer(accepted.in_flight, status)
}

fn answer(in_flight: InFlight, status: StatusCode) -> StatusCode {
    use webhook_core::answer::Answer;
    match in_flight.answer(status, Some(b"text/plain"), false) {
        Answer::Pass => status,
        Answer::SetStatus(status) => status,
        Answer::Replace(reply) => reply.status,
    }
}

#[test]
fn flow_and_mercado_libre_count_only_200_and_others_what_the_app_says() {
    let created = StatusCode::CREATED;
    let flow = testing::unsigned_form("/", "token=1");
    assert_eq!(sent(UnsignedSender::flow(), &flow, created), StatusCode::OK);
    let resource = testing::unsigned("/", r#"{"resource":"/a"}"#);
    assert_eq!(
        sent(UnsignedSender::mercadolibre(), &resource, created),
        StatusCode::OK
    );

    let mut mobbex = UnsignedSender::<Value>::unauthenticated("mobbex");
    assert_eq!(mobbex.timing(), Timing::UNDOCUMENTED);
    mobbex.set_timing(Timing::UNDOCUMENTED.received(Received::Only(&[StatusCode::ACCEPTED])));
    assert_eq!(
        sent(mobbex.clone(), &resource, created),
        StatusCode::ACCEPTED
    );
    let accepted = resource.deliver(&Verifier::new(mobbex)).unwrap();
    assert_eq!(
        accepted.in_flight.rule().reply().status,
        StatusCode::ACCEPTED
    );

    let flow = UnsignedSender::<FlowHint>::TIMING;
    assert_eq!(flow.longest_wait(), Some(Duration::from_secs(15)));
    let libre = UnsignedSender::<MercadoLibreHint>::TIMING;
    assert_eq!(libre.longest_wait(), Some(Duration::from_millis(500)));
    assert_eq!(libre.horizon(), Some(Duration::from_secs(3600)));
    assert!(libre.answer_by().unwrap() < Duration::from_millis(500));
}

#[test]
fn only_a_path_that_ends_in_the_secret_is_let_in() {
    let mut flow = UnsignedSender::flow();
    flow.path_secret([SECRET, "older"]).unwrap();
    let encoded = format!("/flow/%56{}", &SECRET[1..]);
    for (path, expected) in [
        (format!("/flow/{SECRET}"), None),
        (format!("/{SECRET}"), None),
        ("/flow/older".to_owned(), None),
        (format!("/flow/{SECRET}?a=b"), None),
        (
            format!("/flow/{SECRET}/"),
            Some(Rejection::CredentialMissing),
        ),
        ("/".to_owned(), Some(Rejection::CredentialMissing)),
        ("/flow".to_owned(), Some(Rejection::CredentialMismatch)),
        (
            format!("/flow/{SECRET}x"),
            Some(Rejection::CredentialMismatch),
        ),
        (
            format!("/flow/{}", SECRET.to_lowercase()),
            Some(Rejection::CredentialMismatch),
        ),
        (
            format!("/{SECRET}/flow"),
            Some(Rejection::CredentialMismatch),
        ),
        (
            format!("/flow?{SECRET}"),
            Some(Rejection::CredentialMismatch),
        ),
        (
            format!("/flow/{}", "a".repeat(5000)),
            Some(Rejection::CredentialTooLong),
        ),
        // As it is sent.
        (encoded, Some(Rejection::CredentialMismatch)),
    ] {
        let judged = judge(flow.clone(), &testing::unsigned_form(&path, "token=1"));
        assert_eq!(
            judged.err(),
            expected.map(|rejection| (404, rejection)),
            "{path}"
        );
    }

    // Before the body is read.
    let request = testing::unsigned_form("/flow/guessed", "token=1");
    assert!(Verifier::new(flow.clone()).begin(&request.head()).is_err());

    // The secrets change while the server runs.
    flow.path_secrets().unwrap().remove("older").unwrap();
    let judged = judge(flow, &testing::unsigned_form("/flow/older", "token=1"));
    assert_eq!(judged, Err((404, Rejection::CredentialMismatch)));
    assert!(UnsignedSender::flow().path_secrets().is_none());
}

#[test]
fn a_secret_that_a_path_cannot_carry_is_refused_when_it_is_set() {
    let refused = |secrets: &[&str]| UnsignedSender::flow().path_secret(secrets).unwrap_err();
    for secret in ["a/b", "a b", "a%41", "ñandú", "a?b", "a#b", "a+b"] {
        let error = refused(&[secret]);
        assert!(
            matches!(error.kind(), SecretsErrorKind::WrongForm { .. }),
            "{secret}"
        );
        assert!(!error.to_string().contains(secret), "{error}");
    }
    assert_eq!(refused(&["ok", "a/b"]).index(), Some(1));
    assert_eq!(refused(&[]).kind(), SecretsErrorKind::NoSecret);
    assert_eq!(refused(&[""]).kind(), SecretsErrorKind::Empty);
    let verifier = Verifier::new(UnsignedSender::flow());
    assert!(verifier.clone().try_path_secret("a/b").is_err());
    assert!(
        verifier
            .try_path_secret(Secret::new(SECRET).unwrap())
            .is_ok()
    );
}

#[test]
#[should_panic = "the webhook layer for flow cannot start: the secret is empty: set a value"]
fn a_layer_with_an_empty_secret_does_not_start() {
    let _verifier = Verifier::new(UnsignedSender::flow()).path_secret("");
}

#[test]
fn the_secret_is_hidden_from_the_handler_from_debug_and_from_what_is_stored() {
    let mut flow = UnsignedSender::flow();
    flow.path_secret([("pdv-1", SECRET)]).unwrap();
    let verifier = Verifier::new(flow.clone());
    let path = format!("/flow/{SECRET}");
    let request = testing::unsigned_form(&format!("{path}?a=b"), "token=1");
    let head = request.head();
    let pending = verifier.begin(&head).unwrap();
    let hidden = pending.hidden_path(&path).unwrap();
    assert_eq!(hidden, "/flow/------------");
    assert_eq!(flow.stored_target(&head), "/flow/------------?a=b");
    for shown in [
        format!("{flow:?} {:?}", flow.path_secrets()),
        format!("{verifier:?} {pending:?} {head:?}"),
        format!("{:?}", pending.finish(request.body.clone()).unwrap()),
        format!(
            "{:?}",
            verifier
                .begin(&testing::unsigned("/flow/guessed", "").head())
                .unwrap_err()
        ),
    ] {
        assert!(
            !shown.contains(SECRET) && !shown.contains("guessed"),
            "{shown}"
        );
    }
    assert!(format!("{flow:?}").contains("pdv-1"));

    // Nothing to hide.
    let open = Verifier::new(UnsignedSender::flow());
    let pending = open.begin(&head).unwrap();
    assert_eq!(pending.hidden_path(&path), None);
    assert_eq!(open.provider().stored_target(&head), format!("{path}?a=b"));
}

#[test]
fn facts_decode_later() {
    let flow = UnsignedSender::flow();
    let request = testing::unsigned_form("/flow", "token=1");
    let claim = flow.inspect(&request.head()).unwrap();
    let authentic = flow.authenticate(claim, &request.body).unwrap();
    let stored = serde_json::to_string(authentic.facts()).unwrap();
    assert_eq!(stored, r#"{"is_form":true}"#);
    let mut facts = serde_json::from_str(&stored).unwrap();
    let json = flow.json(&facts, &request.body).unwrap();
    let Ok(Decoded::Event(event)) = flow.decode(&mut facts, &json) else {
        panic!("no event");
    };
    assert_eq!(event, Unsigned::new(FlowHint::new("1")));
    assert!(serde_json::from_str::<<UnsignedSender as Provider>::Facts>(r#"{"later":1}"#).is_ok());
}

//! What an inbox stores, and that it is the same delivery when it is made again.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderName;
use proptest::prelude::*;
use webhook_core::driver::{Intake, Verifier};
use webhook_core::github::Github;
use webhook_core::guarantee::{Row, StoredDelivery};
use webhook_core::mercadopago::MercadoPago;
use webhook_core::provider::Deferrable;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{FromSecrets, Provider};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEXT_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// When the rows below were signed.
const SIGNED_AT: Duration = Duration::from_secs(1_794_000_000);

/// A row of each sender as the first release stores it: sender, kind, key, envelope, body. What stands here stays: rows of a
/// later format are added.
const ROWS_OF_FORMAT_1: [[&str; 5]; 6] = [
    [
        "tusfacturas",
        "emitido",
        "11:tusfacturas6:orders-15:2:h1-7:emitido-",
        r#"{"facts":{},"label":"pdv-1","is_tenant":false,"id":"2:h1-7:emitido-","target":"/webhook","headers":[["x-trace","aÃ©"]]}"#,
        r#"{"id":"evt_1","type":"payment","evento":"emitido","hook_id":"h1"}"#,
    ],
    [
        "stripe",
        "event",
        "6:stripe6:orders-5:evt_1",
        r#"{"facts":{"timestamp":1794000000},"label":"pdv-1","is_tenant":false,"id":"evt_1","target":"/stripe","headers":[]}"#,
        r#"{"id":"evt_1","type":"payment","evento":"emitido","hook_id":"h1"}"#,
    ],
    [
        "github",
        "event",
        "",
        r#"{"facts":{"is_form":false,"head":{"event":"push","delivery":"72d3162e-cc78-11e3-81ab-4c9367dc0958"}},"label":"pdv-1","is_tenant":false,"id":"-36:72d3162e-cc78-11e3-81ab-4c9367dc0958","target":"/github","headers":[]}"#,
        r#"{"id":"evt_1","type":"payment","evento":"emitido","hook_id":"h1"}"#,
    ],
    [
        "github",
        "event",
        "",
        r#"{"facts":{"is_form":true,"head":{"event":"push","delivery":"72d3162e-cc78-11e3-81ab-4c9367dc0958"}},"label":"pdv-1","is_tenant":false,"id":"-36:72d3162e-cc78-11e3-81ab-4c9367dc0958","target":"/github","headers":[]}"#,
        "payload=%7B%22id%22%3A%22evt%5F1%22%2C%22type%22%3A%22payment%22%2C%22evento%22%3A%22emitido%22%2C%22hook%5Fid%22%3A%22h1%22%7D",
    ],
    [
        "standard_webhooks",
        "event",
        "17:standard_webhooks6:orders-5:msg_1",
        r#"{"facts":{"id":"msg_1","timestamp":1794000000},"label":"pdv-1","is_tenant":false,"id":"msg_1","target":"/standard","headers":[]}"#,
        r#"{"id":"evt_1","type":"payment","evento":"emitido","hook_id":"h1"}"#,
    ],
    [
        "mercadopago",
        "event",
        "",
        r#"{"facts":{"data_id":"A1","request_id":"439e54e1-b2c8-8430-8f65-1eaba23ae8e9","timestamp_ms":1794000000000,"topic":"payment","id":null},"label":"pdv-1","is_tenant":false,"id":null,"target":"/mercadopago?data.id=A1&type=payment","headers":[]}"#,
        r#"{"id":"evt_1","type":"payment","evento":"emitido","hook_id":"h1"}"#,
    ],
];

fn intake<P: Deferrable + FromSecrets>(
    trusting: impl FnOnce(Verifier<P>) -> Verifier<P>,
) -> Intake<P> {
    let verifier = Verifier::try_new([("pdv-1", SECRET)]).unwrap();
    let verifier = verifier.clock(|| UNIX_EPOCH + SIGNED_AT);
    Intake::new(trusting(verifier), "orders").keep_headers([HeaderName::from_static("x-trace")])
}

fn store<P: Deferrable>(intake: &Intake<P>, request: &TestRequest) -> StoredDelivery {
    let incoming = intake.begin(&request.head()).unwrap();
    let storing = incoming.finish_or_refuse(Ok(request.body.clone())).unwrap();
    let reply = storing.in_flight.stored();
    assert_eq!(reply.status, 200);
    storing.delivery
}

/// What a store does between the two.
fn through_columns(stored: &StoredDelivery) -> StoredDelivery {
    let row = Row {
        format: stored.format(),
        sender: stored.sender(),
        endpoint: stored.endpoint(),
        kind: stored.kind(),
        key: stored.key(),
        keep_key: stored.keep_key(),
        received_at: stored.received_at(),
        envelope: &stored.envelope(),
    };
    StoredDelivery::read(row, stored.body().clone()).unwrap()
}

/// The same sender after its secret was replaced, much later.
fn later<P: Deferrable + FromSecrets>() -> Verifier<P> {
    let verifier = Verifier::try_new(NEXT_SECRET).unwrap();
    verifier.clock(|| UNIX_EPOCH + SIGNED_AT + Duration::from_secs(400 * 24 * 60 * 60))
}

#[track_caller]
fn assert_comes_back<P>(intake: &Intake<P>, request: &TestRequest) -> Result<(), TestCaseError>
where
    P: Deferrable + FromSecrets + Provider<Event: Debug + PartialEq>,
{
    let Ok(delivered) = request.deliver(intake.verifier()) else {
        return Ok(());
    };
    let delivered = delivered.delivery;
    let stored = through_columns(&store(intake, request));
    let envelope = stored.envelope();
    prop_assert!(!envelope.contains('\0'), "{envelope}");
    prop_assert!(!envelope.contains(SECRET), "{envelope}");
    let again = later::<P>().recall(&stored).unwrap().delivery;
    prop_assert_eq!(again.event(), delivered.event());
    prop_assert_eq!(again.body(), delivered.body());
    prop_assert_eq!(again.label(), delivered.label());
    prop_assert_eq!(again.id(), delivered.id());
    prop_assert_eq!(again.sender(), delivered.sender());
    Ok(())
}

fn json() -> impl Strategy<Value = String> {
    let text = "\\PC{0,12}|[a-z_]{1,8}|\u{0}x";
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        text.prop_map(Into::into),
    ];
    let known =
        "id|type|action|evento|hook_id|recurso|external_reference|data|payload|intento|[a-z]{1,6}";
    let tree = leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map(known, inner, 0..6)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    });
    prop_oneof![
        8 => tree.prop_map(|tree| tree.to_string()),
        1 => Just("{\"evento\":\"emitido\",\"hook_id\":\"\\ud800\"}".to_owned()),
        1 => Just("\u{feff}{\"evento\":\"emitido\",\"hook_id\":\"h\"}".to_owned()),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_was_stored_is_what_was_delivered(body in json(), id in "[!-~]{0,20}", event in "[a-z_]{1,10}") {
        let now = UNIX_EPOCH + SIGNED_AT;
        let trusted = |verifier: Verifier<TusFacturas>| verifier.trust_unsigned_ids();
        assert_comes_back(&intake(trusted), &testing::tusfacturas_body(body.clone(), SECRET))?;
        assert_comes_back(&intake::<Stripe>(|it| it), &testing::stripe(now, body.clone(), SECRET))?;
        assert_comes_back(&intake::<Github>(|it| it), &testing::github(&event, body.clone(), SECRET))?;
        assert_comes_back(&intake::<Github>(|it| it), &testing::github_form(&event, &body, SECRET))?;
        assert_comes_back(
            &intake::<StandardWebhooks>(|it| it),
            &testing::standard_webhooks(&id, now, body.clone(), SECRET),
        )?;
        assert_comes_back(
            &intake::<MercadoPago>(|it| it),
            &testing::mercadopago(&event, &id, now, body, SECRET),
        )?;
    }
}

/// One delivery of each sender, as stored now.
fn rows_of_this_release() -> Vec<StoredDelivery> {
    let now = UNIX_EPOCH + SIGNED_AT;
    let json = r#"{"id":"evt_1","type":"payment","evento":"emitido","hook_id":"h1"}"#;
    let kept = |mut request: TestRequest| {
        request
            .headers
            .insert("x-trace", "a\u{e9}".as_bytes()[..].try_into().unwrap());
        request
    };
    vec![
        store(
            &intake::<TusFacturas>(|it| it.trust_unsigned_ids()),
            &kept(testing::tusfacturas_body(json, SECRET)),
        ),
        store(
            &intake::<Stripe>(|it| it),
            &testing::stripe(now, json, SECRET),
        ),
        store(
            &intake::<Github>(|it| it),
            &testing::github("push", json, SECRET),
        ),
        store(
            &intake::<Github>(|it| it),
            &testing::github_form("push", json, SECRET),
        ),
        store(
            &intake::<StandardWebhooks>(|it| it),
            &testing::standard_webhooks("msg_1", now, json, SECRET),
        ),
        store(
            &intake::<MercadoPago>(|it| it),
            &testing::mercadopago("payment", "A1", now, json, SECRET),
        ),
    ]
}

#[test]
fn the_format_of_rows_is_known_to_later_releases() {
    let rows = rows_of_this_release();
    let columns: Vec<_> = rows
        .iter()
        .map(|row| {
            assert_eq!(
                (row.format(), row.endpoint(), row.label()),
                (1, "orders", Some("pdv-1"))
            );
            let body = str::from_utf8(row.body()).unwrap();
            [row.sender(), row.kind(), row.key().unwrap_or_default()]
                .map(str::to_owned)
                .into_iter()
                .chain([row.envelope(), body.to_owned()])
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(columns, ROWS_OF_FORMAT_1.map(Vec::from));
}

#[test]
fn rows_of_every_release_are_read() {
    fn recalled<P: Deferrable + FromSecrets>(row: [&str; 5]) -> String {
        let [sender, kind, key, envelope, body] = row;
        let row = Row {
            format: 1,
            sender,
            endpoint: "orders",
            kind,
            key: Some(key).filter(|key| !key.is_empty()),
            keep_key: Duration::from_secs(1),
            received_at: SystemTime::now(),
            envelope,
        };
        let stored = StoredDelivery::read(row, Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let accepted = later::<P>().recall(&stored).unwrap();
        let delivery = accepted.delivery;
        assert_eq!(delivery.label().unwrap(), "pdv-1");
        delivery.id().map(|id| id.to_string()).unwrap_or_default()
    }
    let [
        tusfacturas,
        stripe,
        github,
        github_form,
        standard,
        mercadopago,
    ] = ROWS_OF_FORMAT_1;
    assert_eq!(recalled::<TusFacturas>(tusfacturas), "2:h1-7:emitido-");
    assert_eq!(recalled::<Stripe>(stripe), "evt_1");
    assert_eq!(recalled::<Github>(github), recalled::<Github>(github_form));
    assert_eq!(recalled::<StandardWebhooks>(standard), "msg_1");
    assert_eq!(recalled::<MercadoPago>(mercadopago), "");
}

#[test]
fn a_row_of_a_newer_format_or_of_another_sender_waits() {
    let row = |format, envelope| Row {
        format,
        sender: "stripe",
        endpoint: "orders",
        kind: "event",
        key: None,
        keep_key: Duration::ZERO,
        received_at: UNIX_EPOCH,
        envelope,
    };
    let newer = StoredDelivery::read(row(2, "{}"), Bytes::new()).unwrap_err();
    assert!(newer.is_misconfigured());
    assert_eq!(
        newer.to_string(),
        "the row has format 2, and this release reads up to 1: update it"
    );
    let broken = StoredDelivery::read(row(1, "{"), Bytes::new()).unwrap_err();
    assert!(!broken.is_misconfigured(), "{broken}");

    let stripe = StoredDelivery::read(row(1, r#"{"later":1}"#), Bytes::from("{}")).unwrap();
    let other = later::<Github>().recall(&stripe).unwrap_err();
    assert!(other.is_misconfigured());
    assert!(later::<Stripe>().recall(&stripe).is_ok());
    let sealed = stripe.sealed_in(Bytes::from("}"));
    assert!(through_columns(&sealed).is_sealed());
    assert!(
        later::<Stripe>()
            .recall(&sealed)
            .unwrap_err()
            .is_misconfigured()
    );
    let body = later::<Stripe>().recall(&sealed.opened(Bytes::from("}")));
    assert!(!body.unwrap_err().is_misconfigured());
}

#[test]
fn what_the_app_keeps_comes_back_and_no_credential_does() {
    let intake = intake::<TusFacturas>(|it| it.trust_unsigned_ids());
    let mut request = testing::tusfacturas_body(r#"{"evento":"test"}"#, SECRET);
    request.headers.insert("x-trace", "a b".parse().unwrap());
    request.headers.insert("x-other", "c".parse().unwrap());
    let stored = through_columns(&store(&intake, &request));
    let headers = stored.headers();
    assert_eq!(headers.len(), 1);
    assert_eq!(headers["x-trace"], "a b");
    assert_eq!(stored.target(), request.head().path());
    assert!(!format!("{stored:?}").contains(SECRET));

    request.headers.append("x-trace", "d".parse().unwrap());
    assert!(store(&intake, &request).headers().is_empty());
}

#[test]
fn an_intake_that_would_store_a_credential_is_refused_when_it_is_built() {
    let refused = |name: &'static str| {
        let built = std::panic::catch_unwind(move || {
            let verifier = Verifier::<TusFacturas>::try_new(SECRET).unwrap();
            Intake::new(verifier, "orders").keep_headers([HeaderName::from_static(name)])
        });
        *built.unwrap_err().downcast::<String>().unwrap()
    };
    for name in ["tf-webhooktoken", "authorization", "cookie"] {
        assert_eq!(
            refused(name),
            format!(
                "the header {name} carries a credential, which is never stored: do not keep it"
            )
        );
    }
}

#[test]
fn only_ids_that_are_trusted_recognize_a_repeat() {
    let key = |stored: StoredDelivery| stored.key().map(str::to_owned);
    let body = r#"{"evento":"emitido","hook_id":"h1"}"#;
    let request = testing::tusfacturas_body(body, SECRET);
    assert_eq!(key(store(&intake::<TusFacturas>(|it| it), &request)), None);
    let trusted = store(
        &intake::<TusFacturas>(|it| it.trust_unsigned_ids()),
        &request,
    );
    assert_eq!(trusted.keep_key(), Duration::from_secs(7 * 24 * 60 * 60));
    assert!(key(trusted).is_some());
    let github = testing::github("push", "{}", SECRET);
    assert_eq!(key(store(&intake::<Github>(|it| it), &github)), None);
    let stripe = testing::stripe(UNIX_EPOCH + SIGNED_AT, r#"{"id":"evt_1"}"#, SECRET);
    assert!(key(store(&intake::<Stripe>(|it| it), &stripe)).is_some());
}

//! What the senders call a delivery, and when they deliver.

use std::time::{Duration, SystemTime};

use webhook_core::answer::Received;
use webhook_core::driver::Verifier;
use webhook_core::github::Github;
use webhook_core::http::{HeaderMap, StatusCode};
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::{Multicaja, MulticajaEvent, MulticajaValidation, Order};
use webhook_core::provider::{Repeats, StopAt, Timing};
use webhook_core::slack::Slack;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{DeliveryId, FromSecrets, Provider, Trust};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn id<P: FromSecrets>(request: &TestRequest) -> Option<DeliveryId> {
    let verifier = Verifier::<P>::try_new(SECRET).unwrap();
    let delivery = request.deliver(&verifier).unwrap().delivery;
    assert_eq!(delivery.sender(), P::NAME);
    delivery.id()
}

fn shown(id: Option<DeliveryId>) -> Option<(String, Trust)> {
    id.map(|id| (id.as_str().to_owned(), id.trust()))
}

fn now() -> SystemTime {
    SystemTime::now()
}

#[test]
fn tusfacturas_names_a_notification_by_four_fields() {
    let id = |body: &str| {
        shown(id::<TusFacturas>(&testing::tusfacturas_body(
            body.to_owned(),
            SECRET,
        )))
    };
    let queued = r#"{"evento":"encolado","recurso":"facturacion","external_reference":"17032","hook_id":"h1","intento":1}"#;
    assert_eq!(
        id(queued),
        Some((
            "2:h111:facturacion8:encolado5:17032".to_owned(),
            Trust::Bearer
        ))
    );
    // A repeat has another `intento`; the next event of the invoice has another `evento`.
    assert_eq!(
        id(&queued.replace("\"intento\":1", "\"intento\":2")),
        id(queued)
    );
    assert_ne!(id(&queued.replace("encolado", "emitido")), id(queued));
    assert_eq!(
        id(r#"{"evento":"test","hook_id":"h1"}"#),
        Some(("2:h1-4:test-".to_owned(), Trust::Bearer))
    );
    for none in [
        "",
        r#","hook_id":"""#,
        r#","hook_id":0"#,
        r#","hook_id":false"#,
        r#","hook_id":[]"#,
    ] {
        assert_eq!(
            id(&format!("{{\"evento\":\"test\"{none}}}")),
            None,
            "{none}"
        );
    }
}

#[test]
fn standard_webhooks_sign_their_id() {
    let request = testing::standard_webhooks("msg_1", now(), "{}", SECRET);
    let id = id::<StandardWebhooks>(&request).unwrap();
    assert_eq!(
        (id.as_str(), id.trust(), id.sender()),
        ("msg_1", Trust::Signed, "standard_webhooks")
    );
}

#[test]
fn stripe_signs_the_id_in_the_body() {
    let id = |body: &str| {
        shown(id::<Stripe>(&testing::stripe(
            now(),
            body.to_owned(),
            SECRET,
        )))
    };
    let signed = |text: &str| Some((text.to_owned(), Trust::Signed));
    assert_eq!(
        id(r#"{"object":"event","id":"evt_1","data":{"id":"ch_1"}}"#),
        signed("evt_1")
    );
    assert_eq!(id("\u{feff}{\"id\":\"evt_\\u0031\"}"), signed("evt_1"));
    for none in [
        "{}",
        "[]",
        "1",
        r#"{"id":null}"#,
        r#"{"id":""}"#,
        r#"{"id":7}"#,
        r#"{"id":{"a":1}}"#,
        r#"{"id":"a","id":"b"}"#,
    ] {
        assert_eq!(id(none), None, "{none}");
    }
}

#[test]
fn github_names_an_event_within_a_hook_and_signs_no_name() {
    let mut request = testing::github("push", "{}", SECRET);
    let delivery = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
    let unsigned = |text: String| Some((text, Trust::Unsigned));
    assert_eq!(
        shown(id::<Github>(&request)),
        unsigned(format!("-36:{delivery}"))
    );
    request
        .headers
        .insert("x-github-hook-id", "99".parse().unwrap());
    assert_eq!(
        shown(id::<Github>(&request)),
        unsigned(format!("2:9936:{delivery}"))
    );
    request.headers.remove("x-github-delivery");
    assert_eq!(shown(id::<Github>(&request)), None);
}

#[test]
fn klap_and_mercado_pago_have_no_id() {
    let order = MulticajaEvent::Confirm(Order::new("ABC", "123"));
    assert_eq!(id::<Multicaja>(&testing::multicaja(&order, SECRET)), None);
    let body = r#"{"id":12345,"data":{"id":"1"}}"#;
    assert_eq!(
        id::<MercadoPago>(&testing::mercadopago("payment", "1", now(), body, SECRET)),
        None
    );
}

#[test]
fn an_identity_is_that_of_a_sender_an_endpoint_and_a_tenant() {
    let request = testing::standard_webhooks("msg_1", now(), "{}", SECRET);
    let identity = || id::<StandardWebhooks>(&request).unwrap().claim("orders");
    assert_eq!(identity(), identity());
    assert_eq!(identity().id().sender(), "standard_webhooks");
    assert_eq!(identity().endpoint(), "orders");
    assert_eq!(identity().key(), "17:standard_webhooks6:orders-5:msg_1");
    assert_ne!(
        identity(),
        id::<StandardWebhooks>(&request).unwrap().claim("invoices")
    );
    // The same text of another sender is another delivery.
    assert_ne!(DeliveryId::signed("msg_1").claim("orders"), identity());
}

#[test]
fn two_tenants_never_share_an_identity_and_two_labels_of_one_secret_set_do() {
    let sign = |secret: &str| testing::stripe(now(), r#"{"id":"evt_1"}"#, secret);
    let secrets = [
        ("north", "whsec_n"),
        ("north", "whsec_n2"),
        ("south", "whsec_s"),
    ];
    let claimed = |verifier: &Verifier<Stripe>, tenant: &'static str, secret: &str| {
        let mut request = sign(secret);
        request.uri = format!("/{tenant}").parse().unwrap();
        let delivery = request.deliver(verifier).unwrap().delivery;
        delivery.id().unwrap().claim("orders")
    };
    let tenants = Verifier::<Stripe>::for_tenants(secrets, |head| head.path().strip_prefix('/'));
    let tenants = tenants.unwrap();
    let north = claimed(&tenants, "north", "whsec_n");
    assert_eq!(north.tenant().unwrap(), "north");
    assert_eq!(north.key(), "6:stripe6:orders5:north5:evt_1");
    assert_ne!(north, claimed(&tenants, "south", "whsec_s"));
    // Rotated: the repeat comes under the new secret.
    assert_eq!(north, claimed(&tenants, "north", "whsec_n2"));

    // Labels that are no tenants say nothing about whose a delivery is.
    let labels = Verifier::<Stripe>::try_new(secrets).unwrap();
    let north = claimed(&labels, "any", "whsec_n");
    assert_eq!(north.tenant(), None);
    assert_eq!(north, claimed(&labels, "any", "whsec_s"));
}

#[test]
fn a_delivery_that_a_test_made_of_an_event_has_no_id() {
    let delivery = testing::delivery(1);
    assert_eq!((delivery.id(), delivery.sender()), (None, ""));
}

#[test]
fn the_timing_of_each_sender_is_its_documented_one() {
    let hours = |hours: u64| Some(Duration::from_secs(hours * 60 * 60));
    let minutes = |minutes: u64| Some(Duration::from_secs(minutes * 60));
    let seconds = |seconds: u64| Some(Duration::from_secs(seconds));
    let only_ok = Received::Only(&[StatusCode::OK]);
    let ok_or_created = Received::Only(&[StatusCode::OK, StatusCode::CREATED]);
    fn timing<P: FromSecrets>() -> Timing {
        Verifier::<P>::try_new(SECRET).unwrap().provider().timing()
    }
    for (name, timing, attempts, wait, horizon, received) in [
        (
            "tusfacturas",
            timing::<TusFacturas>(),
            6,
            seconds(20),
            minutes(21 * 60 + 35),
            only_ok,
        ),
        (
            "multicaja",
            timing::<Multicaja>(),
            1,
            seconds(10),
            seconds(0),
            Received::SuccessWithJson,
        ),
        (
            "validation",
            MulticajaValidation::new().timing(),
            1,
            seconds(10),
            seconds(0),
            Received::SuccessWithJson,
        ),
        (
            "standard_webhooks",
            timing::<StandardWebhooks>(),
            10,
            seconds(30),
            Some(minutes(75 * 60 + 35).unwrap() + Duration::from_secs(5)),
            Received::Success,
        ),
        (
            "github",
            timing::<Github>(),
            1,
            seconds(10),
            hours(72),
            Received::Success,
        ),
        (
            "stripe",
            timing::<Stripe>(),
            0,
            None,
            hours(72),
            Received::Success,
        ),
        (
            "mercadopago",
            timing::<MercadoPago>(),
            6,
            seconds(22),
            minutes(45 + 6 * 60 + 6 * 24 * 60),
            ok_or_created,
        ),
    ] {
        assert_eq!(timing.attempts.len(), attempts, "{name}");
        assert_eq!(timing.longest_wait(), wait, "{name}");
        assert_eq!(timing.horizon(), horizon, "{name}");
        assert_eq!(timing.received, received, "{name}");
        assert!(!timing.source.is_empty(), "{name}");
    }
    assert_eq!(Timing::UNDOCUMENTED.horizon(), None);
    assert_eq!(Timing::UNDOCUMENTED.longest_wait(), None);
}

#[test]
fn some_answers_end_the_attempts_of_their_sender() {
    let none = HeaderMap::new();
    let mut no_retry = HeaderMap::new();
    no_retry.insert("x-slack-no-retry", "1".parse().unwrap());
    let mut retry = HeaderMap::new();
    retry.insert("x-slack-no-retry", "0".parse().unwrap());
    let slack = Verifier::<Slack>::try_new(SECRET).unwrap();
    let slack = slack.provider().timing();
    let standard: Timing = StandardWebhooks::<()>::TIMING;
    let github: Timing = Github::<()>::TIMING;
    for (timing, status, headers, expected) in [
        (
            slack,
            500,
            &no_retry,
            Some(StopAt::Header("x-slack-no-retry", "1")),
        ),
        (slack, 500, &retry, None),
        (slack, 410, &none, None),
        (standard, 410, &none, Some(StopAt::Status(StatusCode::GONE))),
        (standard, 500, &no_retry, None),
        (github, 410, &no_retry, None),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let stop = timing.stopped_by(status, headers);
        assert_eq!(stop.map(|it| it.at), expected, "{status} {headers:?}");
    }
    assert!(standard.honors_retry_after && !slack.honors_retry_after);
    assert_eq!(github.repeats, Repeats::ByHand);
    assert_eq!(slack.repeats, Repeats::Undocumented);
}

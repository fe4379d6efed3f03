//! A delivery whose facts and body were stored decodes to the same event later: without a secret, a clock, or a head.

use std::fmt::Debug;
use std::time::SystemTime;

use webhook_core::driver::Verifier;
use webhook_core::github::Github;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::{
    CardToken, Multicaja, MulticajaEvent, MulticajaValidation, MulticajaValidationEvent, Order,
};
use webhook_core::provider::Decoded;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{BodyErrorKind, FromSecrets, Provider};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[track_caller]
fn assert_decodes_later<P: Provider<Event: Debug + PartialEq>>(
    verifier: &Verifier<P>,
    request: &TestRequest,
) -> String {
    let event = request.deliver(verifier).unwrap().delivery.into_event();
    let provider = verifier.provider();
    let claim = provider.inspect(&request.head()).unwrap();
    let stored = {
        let authentic = provider.authenticate(claim, &request.body).unwrap();
        serde_json::to_string(authentic.facts()).unwrap()
    };
    assert!(
        !stored.contains(SECRET) && !stored.contains("sha256"),
        "{stored}"
    );

    let mut facts = serde_json::from_str(&stored).unwrap();
    let json = provider.json(&facts, &request.body).unwrap();
    let Decoded::Event(again) = provider.decode(&mut facts, &json).unwrap() else {
        panic!("no event");
    };
    assert_eq!(again, event);
    stored
}

fn verifier<P: FromSecrets>() -> Verifier<P> {
    Verifier::try_new(SECRET).unwrap()
}

#[test]
fn every_sender_decodes_from_its_facts_and_the_body() {
    let now = SystemTime::now();
    assert_decodes_later(
        &verifier::<TusFacturas>(),
        &testing::tusfacturas_body(r#"{"evento":"emitido","hook_id":"h"}"#, SECRET),
    );
    assert_decodes_later(
        &verifier::<StandardWebhooks>(),
        &testing::standard_webhooks("msg_1", now, r#"{"a":1}"#, SECRET),
    );
    assert_decodes_later(
        &verifier::<Stripe>(),
        &testing::stripe(now, r#"{"a":1}"#, SECRET),
    );
    assert_decodes_later(
        &verifier::<Github>(),
        &testing::github("push", r#"{"a":1}"#, SECRET),
    );
    assert_decodes_later(
        &verifier::<Github>(),
        &testing::github_form("push", r#"{"a":1}"#, SECRET),
    );
    assert_decodes_later(
        &verifier::<MercadoPago>(),
        &testing::mercadopago("payment", "A1", now, r#"{"type":"payment"}"#, SECRET),
    );
    assert_decodes_later(
        &Verifier::new(MulticajaValidation::new()),
        &testing::multicaja_validation(&MulticajaValidationEvent::default()),
    );
    for event in [MulticajaEvent::Confirm, MulticajaEvent::Reject] {
        let mut order = Order::new("ABC", "123");
        order.unauthenticated.token_id = Some(CardToken::new("tok_secret"));
        let request = testing::multicaja(&event(order), SECRET);
        let stored = assert_decodes_later(&verifier::<Multicaja>(), &request);
        // The body holds the card token; the facts do not.
        assert!(!stored.contains("tok_secret"), "{stored}");
    }
}

#[test]
fn facts_of_an_earlier_or_a_later_version_decode() {
    fn decodes<P: Provider>(stored: &[&str]) {
        for stored in stored {
            assert!(serde_json::from_str::<P::Facts>(stored).is_ok(), "{stored}");
        }
    }
    decodes::<TusFacturas>(&["{}", r#"{"later":1}"#]);
    decodes::<StandardWebhooks>(&["{}", r#"{"id":"a","timestamp":1,"later":[]}"#]);
    decodes::<Stripe>(&["{}", r#"{"timestamp":1,"later":null}"#]);
    decodes::<Github>(&[
        "{}",
        r#"{"is_form":true,"head":{"event":"push"},"later":1}"#,
    ]);
    decodes::<MercadoPago>(&["{}", r#"{"data_id":"1","later":1}"#]);
    decodes::<Multicaja>(&["{}", r#"{"endpoint":"reject","is_form":true,"later":1}"#]);
    decodes::<MulticajaValidation>(&["{}", r#"{"is_form":true,"later":1}"#]);
}

#[test]
fn a_stored_order_without_its_endpoint_is_no_sale() {
    let verifier = verifier::<Multicaja>();
    let json = r#"{"reference_id":"ABC","order_id":"123"}"#.into();
    for stored in ["{}", r#"{"endpoint":null}"#, r#"{"endpoint":"validation"}"#] {
        let mut facts = serde_json::from_str(stored).unwrap();
        let error = verifier.provider().decode(&mut facts, &json).unwrap_err();
        assert_eq!(
            error.kind,
            BodyErrorKind::MissingField("endpoint"),
            "{stored}"
        );
    }
}

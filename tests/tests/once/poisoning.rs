//! A forged delivery with the id of a later one: what it does depends on who can make up an id.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

use webhook_core::github::Github;
use webhook_core::provider::Identified;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{FromSecrets, Value};
use webhook_tower::{MemoryStore, Tasks};

use crate::subject::{Framework, Layers, Outcomes, SECRET, Server, issued, request, verifier};

/// With one header replaced.
fn forged(mut captured: TestRequest, name: &'static str, value: &str) -> TestRequest {
    captured.headers.insert(name, value.parse().unwrap());
    captured
}

/// Delivers the forged one, and then the real one twice. Returns what was told.
fn deliver<P: Identified + FromSecrets>(
    framework: Framework,
    trusts: bool,
    forged: &TestRequest,
    real: &TestRequest,
) -> Vec<String> {
    let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
    let verifier = verifier::<P>(&outcomes);
    let verifier = match trusts {
        true => verifier.trust_unsigned_ids(),
        false => verifier,
    };
    let layers = Layers::once(&verifier, "endpoint", MemoryStore::new(), &tasks);
    let server = Server::start(framework, layers);
    for delivery in [forged, real, real] {
        request(delivery).send(server.addr);
    }
    outcomes.next(3)
}

#[test]
fn a_forged_id_suppresses_the_real_delivery_only_where_ids_are_trusted() {
    const GUID: &str = "x-github-delivery";
    let now = SystemTime::now();
    let real = forged(testing::github("push", r#"{"n":2}"#, SECRET), GUID, "next");
    let captured = testing::github("ping", r#"{"n":1}"#, SECRET);
    let of_github = forged(captured, GUID, "next");
    let with_token = testing::tusfacturas_body(
        r#"{"evento":"emitido","hook_id":"next","msg":["forged"]}"#,
        SECRET,
    );
    let suppressed = ["received", "duplicate", "duplicate"];
    let refused = ["credential_mismatch", "received", "duplicate"];
    for framework in Framework::ALL {
        let told = deliver::<Github<Value>>(framework, true, &of_github, &real);
        assert_eq!(told, suppressed, "{framework:?}, GitHub");
        let told = deliver::<TusFacturas>(framework, true, &with_token, &issued("next"));
        assert_eq!(told, suppressed, "{framework:?}, TusFacturas");

        let captured = testing::standard_webhooks("msg_1", now, "{}", SECRET);
        let of_standard = forged(captured, "webhook-id", "msg_2");
        let real = testing::standard_webhooks("msg_2", now, "{}", SECRET);
        let told = deliver::<StandardWebhooks<Value>>(framework, false, &of_standard, &real);
        assert_eq!(told, refused, "{framework:?}, Standard Webhooks");

        let mut of_stripe = testing::stripe(now, r#"{"id":"evt_1"}"#, SECRET);
        of_stripe.body = r#"{"id":"evt_2"}"#.into();
        let real = testing::stripe(now, r#"{"id":"evt_2"}"#, SECRET);
        let told = deliver::<Stripe<Value>>(framework, false, &of_stripe, &real);
        assert_eq!(told, refused, "{framework:?}, Stripe");
    }
}

#[test]
fn ids_that_are_not_signed_must_be_trusted_by_name() {
    fn refused<P: Identified + FromSecrets>() -> [String; 3] {
        let verifier = || verifier::<P>(&Outcomes::default());
        let tasks = &Tasks::new();
        let store = MemoryStore::new;
        let message = |build: &dyn Fn()| {
            let panic = catch_unwind(AssertUnwindSafe(build)).unwrap_err();
            panic.downcast_ref::<String>().unwrap().clone()
        };
        [
            message(&|| {
                let layer = webhook_axum::WebhookLayer::from_verifier(verifier());
                drop(layer.once("endpoint", store(), tasks));
            }),
            message(&|| {
                let layer = webhook_actix::WebhookLayer::from_verifier(verifier());
                drop(layer.once("endpoint", store(), tasks));
            }),
            message(&|| {
                let layer: webhook_tower::WebhookLayer<P> =
                    webhook_tower::WebhookLayer::from_verifier(verifier());
                drop(layer.once("endpoint", store(), tasks));
            }),
        ]
    }
    for message in refused::<Github<Value>>() {
        assert!(
            message.contains(
                "anyone who has captured one can send it again with the id of a later one"
            ),
            "{message}"
        );
    }
    for message in refused::<TusFacturas>() {
        assert!(
            message.contains(
                "anyone who knows the token can send a delivery with the id of a later one"
            ),
            "{message}"
        );
    }
}

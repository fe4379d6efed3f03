//! An example with its database, and what must be true of every one.

use std::future::Future;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::post;
use tower::ServiceExt;
use webhook_axum::testing::{self, TestRequest};
use webhook_axum::tusfacturas::TfEvento;
use webhook_axum::{TfEvent, TfWebhookLayer, WebhookDelivery};
use webhook_tests::patience::PATIENCE;

pub const OLD: &str = "old-s3cr3t";
pub const NEW: &str = "new-s3cr3t";

/// How often two identical deliveries arrive at once.
const PAIRS: usize = 1000;

/// An answer: its status, and `Retry-After`.
pub type Answer = (u16, Option<String>);

/// Two processes of one app that share a database.
pub trait Subject {
    /// Delivers to one of the processes, 0 or 1.
    fn deliver(&self, process: usize, request: TestRequest) -> impl Future<Output = Answer>;

    /// Runs a statement, on a connection that is not the app's.
    fn sql(&self, statement: &str) -> impl Future<Output = ()>;

    /// How many rows a table has.
    fn count(&self, table: &str) -> impl Future<Output = i64>;
}

pub fn layer() -> TfWebhookLayer {
    TfWebhookLayer::new([("pdv-1", OLD), ("pdv-1", NEW)])
}

pub fn event(hook_id: &str, evento: TfEvento) -> TfEvent {
    let mut event = TfEvent::new(evento);
    event.hook_id = Some(hook_id.to_owned());
    event
}

pub fn issued(hook_id: &str) -> TestRequest {
    testing::tusfacturas(&event(hook_id, TfEvento::Emitido), OLD)
}

pub async fn two_at_once_are_handled_once(subject: &impl Subject) {
    let deadline = Instant::now() + PATIENCE;
    let mut handled = 0;
    for pair in 0..PAIRS {
        assert!(Instant::now() < deadline, "only {pair} pairs in time");
        let sent = issued(&format!("hook-{pair}"));
        let (one, other) = tokio::join!(
            subject.deliver(0, sent.clone()),
            subject.deliver(1, sent.clone()),
        );
        for (status, _) in [&one, &other] {
            assert_eq!(*status, 200, "{pair}: {one:?} {other:?}");
        }
        handled += 1;
        assert_eq!(subject.count("events").await, handled);
    }
    assert_eq!(subject.count("webhook_once").await, handled);
}

pub async fn a_failure_frees_the_claim(subject: &impl Subject) {
    subject.sql("alter table events rename to away").await;
    assert_eq!(subject.deliver(0, issued("hook-1")).await, (500, None));
    assert_eq!(subject.count("webhook_once").await, 0);
    subject.sql("alter table away rename to events").await;
    for _ in 0..2 {
        assert_eq!(subject.deliver(1, issued("hook-1")).await.0, 200);
        assert_eq!(subject.count("events").await, 1);
    }
}

pub async fn other_deliveries_are_handled(subject: &impl Subject) {
    for evento in [TfEvento::Encolado, TfEvento::Emitido] {
        let sent = testing::tusfacturas(&event("hook-1", evento), OLD);
        for process in [0, 1] {
            assert_eq!(subject.deliver(process, sent.clone()).await.0, 200);
        }
    }
    assert_eq!(subject.count("events").await, 2);
    // Without an id.
    for process in [0, 1] {
        let sent = testing::tusfacturas(&TfEvent::new(TfEvento::Test), OLD);
        assert_eq!(subject.deliver(process, sent).await.0, 200);
    }
    assert_eq!(subject.count("events").await, 4);
}

pub async fn another_secret_is_no_other_delivery(subject: &impl Subject) {
    let event = event("hook-1", TfEvento::Emitido);
    for secret in [OLD, NEW] {
        let sent = testing::tusfacturas(&event, secret);
        assert_eq!(subject.deliver(0, sent).await.0, 200);
        assert_eq!(subject.count("events").await, 1);
    }
}

/// While someone else has the claim of `hook-1`: the answer comes after a wait, and before the sender stops waiting.
pub async fn a_claim_of_another_is_waited_for(subject: &impl Subject) {
    let started = Instant::now();
    let answer = subject.deliver(0, issued("hook-1")).await;
    let waited = started.elapsed();
    assert_eq!(answer, (503, Some("5".to_owned())));
    assert!(waited > Duration::from_millis(1900), "{waited:?}");
}

/// The keys of a delivery at two endpoints of an app.
pub async fn keys(request: TestRequest) -> [String; 2] {
    let on_delivery = async |WebhookDelivery(delivery): WebhookDelivery<TfEvent>| {
        let id = delivery.id().unwrap();
        let [one, other] = ["invoices", "orders"].map(|endpoint| id.clone().claim(endpoint).key());
        format!("{one}\n{other}")
    };
    let app: Router = Router::new().route("/webhook", post(on_delivery).layer(layer()));
    let answer = app.oneshot(request.into_request::<Body>()).await.unwrap();
    let body = to_bytes(answer.into_body(), 1000).await.unwrap();
    let keys = String::from_utf8(body.into()).unwrap();
    let (one, other) = keys.split_once('\n').unwrap();
    [one.to_owned(), other.to_owned()]
}

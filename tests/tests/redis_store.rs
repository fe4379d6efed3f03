//! `RedisStore` on a real server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::{Router, routing::post};
use tower::ServiceExt;
use webhook_axum::guarantee::{Claim, OnceStore, Token};
use webhook_axum::{DeliveryId, Identity, Tasks, TfEvent, TfWebhookLayer, Webhook, testing};
use webhook_stores::RedisStore;
use webhook_tests::redis::{Redis, is_there};

const LEASE: Duration = Duration::from_secs(60);
const KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn identity(id: &str) -> Identity {
    DeliveryId::signed(id).claim("orders")
}

async fn first(store: &RedisStore, id: &str, lease: Duration) -> Token {
    match store.claim(&identity(id), lease).await.unwrap() {
        Claim::First(token) => token,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_claim_is_held_renewed_recorded_freed_and_forgotten() {
    if !is_there() {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    let other = RedisStore::connect(&redis.url()).await.unwrap();
    let one = identity("1");

    let token = first(&store, "1", LEASE).await;
    assert_eq!(other.claim(&one, LEASE).await.unwrap(), Claim::Running);
    assert!(store.renew(&one, token, LEASE).await.unwrap());
    let stranger = Token(token.0 ^ 1);
    for changed in [
        other.renew(&one, stranger, LEASE).await.unwrap(),
        other.done(&one, stranger, KEEP).await.unwrap(),
        other.release(&one, stranger).await.unwrap(),
    ] {
        assert!(!changed, "another token changes nothing");
    }
    assert!(store.done(&one, token, KEEP).await.unwrap());
    assert_eq!(other.claim(&one, LEASE).await.unwrap(), Claim::Done);
    assert!(!store.release(&one, token).await.unwrap(), "it was handled");
    assert!(store.forget(&one).await.unwrap());
    assert!(!store.forget(&one).await.unwrap());

    let token = first(&other, "1", LEASE).await;
    assert!(other.release(&one, token).await.unwrap());
    let token = first(&store, "1", LEASE).await;
    // Another endpoint is another delivery.
    let elsewhere = DeliveryId::signed("1").claim("refunds");
    assert!(matches!(
        store.claim(&elsewhere, LEASE).await.unwrap(),
        Claim::First(_)
    ));
    assert!(store.done(&one, token, Duration::MAX).await.unwrap());
    assert_eq!(store.claim(&one, LEASE).await.unwrap(), Claim::Done);
}

#[tokio::test]
async fn a_lease_that_runs_out_frees_the_claim_and_fences_its_holder() {
    if !is_there() {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    let short = Duration::from_millis(50);
    let old = first(&store, "1", short).await;
    tokio::time::sleep(short * 2).await;
    let new = first(&store, "1", LEASE).await;
    assert_ne!(old, new);
    assert!(!store.renew(&identity("1"), old, LEASE).await.unwrap());
    assert!(!store.done(&identity("1"), old, KEEP).await.unwrap());
    assert!(store.done(&identity("1"), new, KEEP).await.unwrap());

    // What was handled is forgotten in time.
    let token = first(&store, "2", LEASE).await;
    assert!(store.done(&identity("2"), token, short).await.unwrap());
    tokio::time::sleep(short * 2).await;
    first(&store, "2", LEASE).await;
}

#[tokio::test]
async fn of_two_identical_deliveries_at_once_one_is_handled_each_time() {
    if !is_there() {
        return;
    }
    static HANDLED: AtomicU32 = AtomicU32::new(0);

    async fn handler(_: Webhook<TfEvent>) {
        HANDLED.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }

    let redis = Redis::start().unwrap();
    let tasks = Tasks::new();
    let mut machines = Vec::new();
    for _ in 0..2 {
        let store = RedisStore::connect(&redis.url()).await.unwrap();
        let layer = TfWebhookLayer::new("s3cr3t").trust_unsigned_ids();
        let layer = layer.once("invoices", store, &tasks);
        let app = Router::new().route("/webhook", post(handler).layer(layer));
        machines.push(app.with_state(()));
    }
    for id in 0..1000 {
        let body = format!(r#"{{"evento":"emitido","hook_id":"{id}"}}"#);
        let request = || -> Request<Body> {
            testing::tusfacturas_body(body.clone(), "s3cr3t").into_request()
        };
        let send = |machine: &Router| machine.clone().oneshot(request());
        let (one, other) = tokio::join!(send(&machines[0]), send(&machines[1]));
        let mut statuses = [one.unwrap().status(), other.unwrap().status()];
        statuses.sort();
        assert_eq!(statuses[0], StatusCode::OK);
        assert!(matches!(
            statuses[1],
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE
        ));
        assert_eq!(HANDLED.load(Ordering::SeqCst), id + 1, "{statuses:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_or_hangs_is_an_error_in_time_and_no_claim_stays() {
    if !is_there() {
        return;
    }
    let mut redis = Redis::start().unwrap();
    let store = Arc::new(RedisStore::connect(&redis.url()).await.unwrap());

    redis.signal("STOP");
    let started = Instant::now();
    let error = store.claim(&identity("1"), LEASE).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("cannot claim a delivery in Redis: "),
        "{error}"
    );
    redis.signal("CONT");
    // The claim that was made after all is released.
    let until = Instant::now() + Duration::from_secs(20);
    while !matches!(
        store.claim(&identity("1"), LEASE).await,
        Ok(Claim::First(_))
    ) {
        assert!(Instant::now() < until, "the claim is stuck");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    redis.stop();
    assert!(store.claim(&identity("2"), LEASE).await.is_err());
    redis.restart().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !matches!(
        store.claim(&identity("3"), LEASE).await,
        Ok(Claim::First(_))
    ) {
        assert!(Instant::now() < until, "it does not reconnect");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let unusable = RedisStore::connect("http://user:pass@host")
        .await
        .unwrap_err();
    assert!(!unusable.to_string().contains("pass@"), "{unusable}");
    redis.stop();
    let away = RedisStore::connect(&redis.url()).await.unwrap_err();
    assert!(away.to_string().contains("check that it runs"), "{away}");
}

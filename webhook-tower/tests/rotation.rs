//! Secrets that are replaced while deliveries arrive.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer as _, ServiceExt as _, service_fn};
use webhook_core::multicaja::{Multicaja, MulticajaEvent, Order};
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{Delivery, FromSecrets};
use webhook_tower::WebhookLayer;

/// The least number of times that the secrets are replaced.
const REPLACEMENTS: usize = 10_000;

/// A safety net, far above what a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Both sets have `always`, under a label that says which set it is. A delivery with it is always accepted; one with
/// `odd` or `even` only if it saw that set.
fn set(number: usize) -> [(&'static str, &'static str); 2] {
    match number % 2 {
        0 => [("even-set", "always"), ("even-set", "even")],
        _ => [("odd-set", "always"), ("odd-set", "odd")],
    }
}

/// Replaces the secrets while two threads deliver, and returns how many deliveries saw which set.
fn rotate_under_load<P: FromSecrets>(request: fn(&str) -> TestRequest) -> [usize; 2] {
    let layer = WebhookLayer::<P>::new(set(0));
    let secrets = layer.secrets();
    let stop = AtomicBool::new(false);
    let met = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let counted = Arc::clone(&met);
    let service = layer.layer(service_fn(move |mut request: Request<Full<Bytes>>| {
        let delivery = request
            .extensions_mut()
            .remove::<Delivery<P::Event>>()
            .unwrap();
        let set = match &**delivery.label().expect("every secret has a label") {
            "even-set" => 0,
            "odd-set" => 1,
            other => panic!("{other}"),
        };
        counted[set].fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(Full::<Bytes>::default());
        response.headers_mut().insert("set", set.into());
        async { Ok::<_, Infallible>(response) }
    }));

    thread::scope(|scope| {
        for _ in 0..2 {
            let service = service.clone();
            let stop = &stop;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .unwrap();
                let answer = |secret| {
                    let request = request(secret).into_request::<Full<Bytes>>();
                    let response = runtime.block_on(service.clone().oneshot(request)).unwrap();
                    let set = response
                        .headers()
                        .get("set")
                        .map(|set| set.to_str().unwrap().to_owned());
                    (response.status(), set)
                };
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(
                        answer("always").0,
                        StatusCode::OK,
                        "neither the old set nor the new one"
                    );
                    for (secret, its_set) in [("even", "0"), ("odd", "1")] {
                        let (status, set) = answer(secret);
                        assert_eq!(status == StatusCode::OK, set.as_deref() == Some(its_set));
                    }
                    assert_ne!(answer("never").0, StatusCode::OK);
                }
            });
        }
        let started = Instant::now();
        // The delivering threads may not have run by the last of these: then it goes on for a while.
        let both_met = || met.iter().all(|met| met.load(Ordering::Relaxed) > 0);
        for number in 1.. {
            secrets.replace(set(number)).unwrap();
            // A refused change leaves the set unchanged.
            assert!(secrets.replace(["never", ""]).is_err());
            // After an odd number, so that on one processor the other threads do not always see the same set.
            if number % 17 == 0 {
                thread::yield_now();
            }
            if number >= REPLACEMENTS && (both_met() || started.elapsed() > PATIENCE) {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    [&met[0], &met[1]].map(|met| met.load(Ordering::Relaxed))
}

#[test]
fn while_secrets_are_replaced_each_delivery_sees_the_old_set_or_the_new() {
    let bearer = rotate_under_load::<TusFacturas>(|token| {
        testing::tusfacturas_body(r#"{"evento":"test"}"#, token)
    });
    let digest = rotate_under_load::<Multicaja>(|key| {
        testing::multicaja(&MulticajaEvent::Confirm(Order::new("ABC", "123")), key)
    });
    for met in [bearer, digest] {
        assert!(met[0] > 0 && met[1] > 0, "both sets were seen: {met:?}");
    }
}

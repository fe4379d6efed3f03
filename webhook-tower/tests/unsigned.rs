//! A sender that proves nothing, and a secret in the path, which nothing inside the layer sees.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use webhook_tower::unsigned::FlowHint;
use webhook_tower::{Delivery, Unsigned, UnsignedWebhookLayer, testing};

const SECRET: &str = "Vq3mKp7xTz9c";

type Seen = Arc<Mutex<Vec<(Uri, Option<FlowHint>)>>>;

/// Keeps what the handler sees, and answers with a status that Flow does not count.
async fn on_hint(
    mut request: Request<Full<Bytes>>,
    seen: Seen,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let delivery = request
        .extensions_mut()
        .remove::<Delivery<Unsigned<FlowHint>>>();
    let hint = delivery.map(|delivery| delivery.into_event().hint);
    seen.lock().unwrap().push((request.uri().clone(), hint));
    let mut response = Response::new("asked".into());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Status of the answer, and what the handler saw.
async fn call(
    layer: &UnsignedWebhookLayer<FlowHint>,
    target: &str,
    form: &str,
) -> (u16, Vec<(Uri, Option<FlowHint>)>) {
    let seen = Seen::default();
    let service = layer.layer(service_fn({
        let seen = Arc::clone(&seen);
        move |request| on_hint(request, Arc::clone(&seen))
    }));
    let mut request = testing::unsigned_form("/", form.to_owned()).into_request::<Full<Bytes>>();
    *request.uri_mut() = target.parse().unwrap();
    let response = service.oneshot(request).await.unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (response.status().as_u16(), seen)
}

#[tokio::test]
async fn a_hint_reaches_the_handler_and_a_body_without_one_does_not() {
    let flow = UnsignedWebhookLayer::flow();
    let expected = ("/flow?a=b".parse().unwrap(), Some(FlowHint::new("AJ08")));
    let accepted = call(&flow, "/flow?a=b", "token=AJ08").await;
    assert_eq!(accepted, (200, vec![expected]));
    assert_eq!(call(&flow, "/flow", "tok=AJ08").await, (400, vec![]));
    let limited = flow.body_limit(5);
    assert_eq!(call(&limited, "/flow", "token=AJ08").await, (413, vec![]));
}

#[tokio::test]
async fn the_handler_does_not_see_the_secret_in_the_path() {
    let flow = UnsignedWebhookLayer::flow().path_secret(["older", SECRET]);
    for (target, hidden) in [
        (format!("/flow/{SECRET}"), "/flow/------------"),
        (format!("/{SECRET}?a=%20b"), "/------------?a=%20b"),
        (format!("/a%2Fb/{SECRET}?"), "/a%2Fb/------------?"),
        (
            format!("https://example.com:8443/flow/{SECRET}?a"),
            "https://example.com:8443/flow/------------?a",
        ),
        ("/flow/older".to_owned(), "/flow/-----"),
    ] {
        let (status, seen) = call(&flow, &target, "token=AJ08").await;
        assert_eq!(status, 200, "{target}");
        assert_eq!(seen.len(), 1, "{target}");
        assert_eq!(seen[0].0.to_string(), hidden, "{target}");
    }
    for target in ["/flow/guessed", "/flow/", "/flow", "/"] {
        assert_eq!(call(&flow, target, "token=AJ08").await, (404, vec![]));
    }
    // A secret that changes while the server runs.
    let secrets = flow.verifier().provider().path_secrets().unwrap();
    secrets.remove("older").unwrap();
    assert_eq!(call(&flow, "/flow/older", "token=AJ08").await.0, 404);
}

#[test]
fn neither_the_layer_nor_its_service_shows_the_secret() {
    let flow = UnsignedWebhookLayer::flow().path_secret(SECRET);
    let service = flow.layer(());
    let shown = format!("{flow:?} {service:?}");
    assert!(!shown.contains(SECRET), "{shown}");
    let error = UnsignedWebhookLayer::flow()
        .try_path_secret("a/b")
        .unwrap_err();
    assert!(!error.to_string().contains("a/b"), "{error}");
}

//! Delivers a request through axum and through actix, without a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::body::to_bytes;
use actix_web::test as harness;
use actix_web::web;
use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use webhook_core::Provider;
use webhook_core::driver::Verifier;

use crate::Vector;

/// What an adapter sent back, and how many events its handler got.
pub(crate) struct Sent {
    pub(crate) adapter: &'static str,
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
    pub(crate) events: usize,
}

pub(crate) fn deliver<P: Provider>(vector: &Vector, verifier: &Verifier<P>) -> [Sent; 2] {
    [
        through_axum(vector, verifier.clone()),
        through_actix(vector, verifier.clone()),
    ]
}

#[tokio::main(flavor = "current_thread")]
async fn through_axum<P: Provider>(vector: &Vector, verifier: Verifier<P>) -> Sent {
    let events = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&events);
    let on_event = move |_: webhook_axum::WebhookDelivery<P::Event>| async move {
        seen.fetch_add(1, Ordering::Relaxed);
    };
    let app: Router = Router::new()
        .route("/hook", any(on_event))
        .layer(webhook_axum::WebhookLayer::from_verifier(verifier));
    let mut request = Request::builder()
        .method(&*vector.method)
        .uri(&*vector.path)
        .header("content-length", vector.body.len());
    for (name, value) in &vector.headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Body::from(vector.body.clone()))
        .expect("a request");
    let response = app.oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").cloned();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    Sent {
        adapter: "axum",
        status,
        content_type: content_type
            .and_then(|it| it.to_str().ok().map(str::to_owned))
            .unwrap_or_default(),
        body: String::from_utf8(body.to_vec()).expect("text"),
        events: events.load(Ordering::Relaxed),
    }
}

#[actix_web::main]
async fn through_actix<P: Provider>(vector: &Vector, verifier: Verifier<P>) -> Sent {
    let events = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&events);
    let on_event = move |_: webhook_actix::WebhookDelivery<P::Event>| {
        seen.fetch_add(1, Ordering::Relaxed);
        async { actix_web::HttpResponse::Ok().finish() }
    };
    let app = actix_web::App::new().service(
        web::resource("/hook")
            .wrap(webhook_actix::WebhookLayer::from_verifier(verifier))
            .to(on_event),
    );
    let app = harness::init_service(app).await;
    let mut request = harness::TestRequest::with_uri(&vector.path)
        .method(vector.method.parse().expect("a method"))
        .insert_header(("content-length", vector.body.len()))
        .set_payload(vector.body.clone());
    for (name, value) in &vector.headers {
        request = request.insert_header((&**name, &**value));
    }
    let response = harness::call_service(&app, request.to_request()).await;
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").cloned();
    let body = to_bytes(response.into_body()).await.unwrap_or_default();
    Sent {
        adapter: "actix",
        status,
        content_type: content_type
            .and_then(|it| it.to_str().ok().map(str::to_owned))
            .unwrap_or_default(),
        body: String::from_utf8(body.to_vec()).expect("text"),
        events: events.load(Ordering::Relaxed),
    }
}

//! The handler's log is in the span of the request, though its task is another.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use actix_web::dev::Service;
use actix_web::test::TestRequest as ActixRequest;
use actix_web::{App, test, web};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::post;
use tower::ServiceExt;
use tower_http::trace::TraceLayer;
use tracing::Instrument;
use tracing_subscriber::fmt::MakeWriter;
use webhook_core::tusfacturas::{TfEvent, TusFacturas};
use webhook_tower::Tasks;

use crate::subject::{Outcomes, issued, verifier};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(text).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[track_caller]
fn check(log: &Log) {
    let lines = log.lines();
    for part in ["the handler's line", "webhook received"] {
        let line = lines.iter().find(|line| line.contains(part));
        let line = line.unwrap_or_else(|| panic!("no {part} in {lines:?}"));
        assert!(line.contains("outer{number=7}"), "{line}");
    }
}

/// On one thread, so that the subscriber is that of the task as well.
#[tokio::test]
async fn the_handlers_log_is_in_the_span_of_its_request() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
    let verifier = verifier::<TusFacturas>(&outcomes);

    let on_event = async |_: webhook_axum::Webhook<TfEvent>| {
        tokio::task::yield_now().await;
        tracing::info!("the handler's line");
    };
    let layer = webhook_axum::WebhookLayer::from_verifier(verifier.clone()).detached(&tasks);
    let trace = TraceLayer::new_for_http()
        .make_span_with(|_: &Request<Body>| tracing::info_span!("outer", number = 7));
    let app = Router::new()
        .route("/webhook", post(on_event).layer(layer))
        .layer(trace);
    // The body with its head, and after it.
    let answer = app.clone().oneshot(issued("h1").into_request::<Body>());
    assert_eq!(answer.await.unwrap().status(), 200);
    check(&log);
    let mut later = issued("h2").into_request::<Body>();
    let body = std::mem::take(later.body_mut());
    *later.body_mut() = Body::from_stream(futures_util::stream::once(async {
        tokio::task::yield_now().await;
        axum::body::to_bytes(body, usize::MAX).await
    }));
    assert_eq!(app.oneshot(later).await.unwrap().status(), 200);
    check(&log);

    let local = tokio::task::LocalSet::new();
    let in_actix = async {
        let layer = webhook_actix::WebhookLayer::from_verifier(verifier).detached(&tasks);
        let on_event = async |_: webhook_actix::Webhook<TfEvent>| {
            tokio::task::yield_now().await;
            tracing::info!("the handler's line");
            "OK"
        };
        let resource = web::resource("/webhook").wrap(layer).to(on_event);
        let app = App::new().service(resource).wrap_fn(|request, next| {
            let span = tracing::info_span!("outer", number = 7);
            let called = span.in_scope(|| next.call(request));
            called.instrument(span)
        });
        let app = test::init_service(app).await;
        let sent = issued("h3");
        let mut request = ActixRequest::post().uri("/webhook");
        for (name, value) in &sent.headers {
            request = request.insert_header((name.as_str(), value.as_bytes()));
        }
        let request = request.set_payload(sent.body).to_request();
        assert_eq!(test::call_service(&app, request).await.status(), 200);
    };
    local.run_until(in_actix).await;
    check(&log);
}

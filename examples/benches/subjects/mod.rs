//! What is compared: for each case the layer of this workspace and what a developer would use without it, each as a
//! complete axum router with the requests that it gets. Shared by the benchmarks and by the test that counts
//! allocations.

#![allow(
    dead_code,
    reason = "each user of this module needs another part of it"
)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tower::Service;
use webhook_axum::{
    MulticajaEvent, MulticajaWebhookLayer, TfEvent, TfWebhookLayer, Webhook, testing,
};

pub const TOKEN: &str = "4f9c2a7e-0d3b-4c55-9a51-1f6f0e3c7b2d";
pub const API_KEY: &str = "SKSJKFH84JKDFNGDFGNDFGNN284895060";

/// The documented example of TusFacturasAPP.
pub const EVENT: &[u8] = br#"{"creado":"18/03/2022 15:58:11","evento":"encolado","recurso":"facturacion","external_reference":"17032","intento":1,"msg":[],"hook_id":"xxxxx"}"#;

/// A confirm of Klap with all its fields.
pub const ORDER: &[u8] = br#"{"order_id":"8237462","reference_id":"M-17032","mc_code":"771234","card_type":"CREDIT","brand":"VISA","bin":"411111","last_digits":"1111","payment_method":"tarjetas","amount":15990,"quotas_number":3,"quotas_type":"ISSUER"}"#;

/// One side of a comparison.
pub struct Side {
    app: Router,
    requests: Box<dyn FnMut() -> Request<Body>>,
    status: StatusCode,
}

impl Side {
    /// An app and the request that it gets each time, with the status that it must answer.
    pub fn new(
        app: Router,
        status: StatusCode,
        request: impl FnMut() -> Request<Body> + 'static,
    ) -> Self {
        Self {
            // As `axum::serve` does: the routes are put together once.
            app: app.with_state(()),
            requests: Box::new(request),
            status,
        }
    }

    /// One delivery, from building the request to dropping the answer.
    pub fn deliver(&mut self) {
        let request = (self.requests)();
        let response = answered(self.app.clone().call(request));
        assert_eq!(response.status(), self.status);
    }
}

/// Runs a future that never waits: everything here is in memory.
fn answered<E: std::fmt::Debug>(
    call: impl Future<Output = Result<Response<Body>, E>>,
) -> Response<Body> {
    let mut call = pin!(call);
    for _ in 0..1_000 {
        if let Poll::Ready(answer) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return answer.unwrap();
        }
    }
    panic!("a delivery in memory waits for something");
}

/// The head of a request as it comes through a proxy.
pub fn head() -> axum::http::request::Builder {
    Request::post("/webhook")
        .header("host", "shop.example")
        .header("user-agent", "TusFacturasAPP-webhook/1.0")
        .header("accept", "*/*")
        .header("content-type", "application/json")
        .header("x-forwarded-for", "203.0.113.9")
}

fn event_request(token: &'static str) -> impl Fn() -> Request<Body> {
    move || {
        head()
            .header("content-length", EVENT.len())
            .header("tf-webhooktoken", token)
            .body(Body::from(EVENT))
            .unwrap()
    }
}

/// The seven fields as a developer would write them down.
#[derive(Deserialize)]
pub struct HandWrittenEvent {
    pub creado: String,
    pub evento: String,
    pub recurso: String,
    pub external_reference: String,
    pub intento: u32,
    pub msg: Vec<String>,
    pub hook_id: String,
}

pub fn tusfacturas() -> Side {
    async fn on_event(Webhook(event): Webhook<TfEvent>) {
        std::hint::black_box(&event);
    }
    let app = Router::new().route("/webhook", post(on_event).layer(TfWebhookLayer::new(TOKEN)));
    Side::new(app, StatusCode::OK, event_request(TOKEN))
}

pub fn tusfacturas_by_hand() -> Side {
    async fn on_event(headers: HeaderMap, body: Bytes) -> Response<Body> {
        let token = headers
            .get("TF-WebhookToken")
            .and_then(|token| token.to_str().ok());
        if token != Some(TOKEN) {
            return (
                StatusCode::FORBIDDEN,
                "El Token recibido no coincide con el esperado",
            )
                .into_response();
        }
        match serde_json::from_slice::<HandWrittenEvent>(&body) {
            Ok(event) => {
                std::hint::black_box(&event);
                "OK".into_response()
            }
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    }
    let app = Router::new().route("/webhook", post(on_event));
    Side::new(app, StatusCode::OK, event_request(TOKEN))
}

pub fn forged() -> Side {
    async fn on_event(Webhook(_): Webhook<TfEvent>) {}
    let app = Router::new().route("/webhook", post(on_event).layer(TfWebhookLayer::new(TOKEN)));
    Side::new(
        app,
        StatusCode::FORBIDDEN,
        event_request("4f9c2a7e-0d3b-4c55-9a51-1f6f0e3c7b2e"),
    )
}

/// A handler that looks at nothing.
pub fn bare() -> Side {
    let app = Router::new().route("/webhook", post(async || {}));
    Side::new(app, StatusCode::OK, event_request(TOKEN))
}

/// `count` tokens, and each request with another one of them, in random order.
pub fn tokens(count: usize) -> Side {
    async fn on_event(Webhook(event): Webhook<TfEvent>) {
        std::hint::black_box(&event);
    }
    let token = |index: usize| hex::encode(&Sha256::digest(index.to_le_bytes())[..18]);
    let layer = TfWebhookLayer::new((0..count).map(token).collect::<Vec<_>>());
    let app = Router::new().route("/webhook", post(on_event).layer(layer));

    // The requests walk through a shuffled ring of header values, of one length for every count.
    let mut order: Vec<usize> = (0..1 << 17).map(|place| place % count).collect();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for place in (1..order.len()).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let other = usize::try_from(random % (place as u64 + 1)).unwrap();
        order.swap(place, other);
    }
    let values: Vec<_> = (0..count)
        .map(|index| axum::http::HeaderValue::try_from(token(index)).unwrap())
        .collect();
    let mut next = order.into_iter().cycle();
    Side::new(app, StatusCode::OK, move || {
        head()
            .header("content-length", EVENT.len())
            .header("tf-webhooktoken", &values[next.next().unwrap()])
            .body(Body::from(EVENT))
            .unwrap()
    })
}

fn order_request() -> impl Fn() -> Request<Body> {
    let digest = testing::multicaja_digest("M-17032", "8237462", API_KEY);
    let digest = axum::http::HeaderValue::try_from(digest).unwrap();
    move || {
        head()
            .header("content-length", ORDER.len())
            .header("apikey", &digest)
            .body(Body::from(ORDER))
            .unwrap()
    }
}

pub fn multicaja() -> Side {
    async fn on_order(Webhook(event): Webhook<MulticajaEvent>) {
        std::hint::black_box(&event);
    }
    let app = Router::new().route(
        "/webhook",
        post(on_order).layer(MulticajaWebhookLayer::confirm(API_KEY)),
    );
    Side::new(app, StatusCode::OK, order_request())
}

/// The fields of a confirm as a developer would write them down.
#[derive(Deserialize)]
pub struct HandWrittenOrder {
    pub order_id: String,
    pub reference_id: String,
    pub mc_code: Option<String>,
    pub token_id: Option<String>,
    pub card_type: Option<String>,
    pub brand: Option<String>,
    pub bin: Option<String>,
    pub last_digits: Option<String>,
    pub payment_method: Option<String>,
    pub amount: Option<u64>,
    pub quotas_number: Option<u32>,
    pub quotas_type: Option<String>,
}

pub fn multicaja_by_hand() -> Side {
    async fn on_order(headers: HeaderMap, body: Bytes) -> Response<Body> {
        let Ok(order) = serde_json::from_slice::<HandWrittenOrder>(&body) else {
            return (StatusCode::INTERNAL_SERVER_ERROR, "error").into_response();
        };
        let digest = Sha256::digest(format!("{}{}{API_KEY}", order.reference_id, order.order_id));
        let sent = headers
            .get("Apikey")
            .and_then(|digest| digest.to_str().ok());
        if sent != Some(&hex::encode(digest)) {
            return (StatusCode::INTERNAL_SERVER_ERROR, "error").into_response();
        }
        std::hint::black_box(&order);
        ([("content-type", "application/json")], body).into_response()
    }
    let app = Router::new().route("/webhook", post(on_order));
    Side::new(app, StatusCode::OK, order_request())
}

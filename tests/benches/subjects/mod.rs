//! The subjects of the comparisons: for each case the layer of this workspace and what a developer would use without
//! it, each as a complete axum router with its requests. Shared by the benchmarks and the test that counts
//! allocations.

#![allow(
    dead_code,
    unused_imports,
    reason = "each user of this module needs a different part of it"
)]

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::FromRequest;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use http_body::Body as _;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tower::Service;
use webhook_axum::provider::{Authentic, Decoded};
use webhook_axum::{
    BodyError, GithubEvent, GithubWebhookLayer, Head, MulticajaEvent, MulticajaWebhookLayer,
    Provider, Rejection, StandardEvent, StandardWebhookLayer, TfEvent, TfWebhookLayer, Webhook,
    WebhookLayer, testing,
};
use webhook_core::driver::BodyBuffer;

mod actix;
mod by_code;
mod signing;
mod tasks;

pub use self::actix::*;
pub use self::by_code::*;
pub use self::signing::*;
pub use self::tasks::*;

pub const TOKEN: &str = "4f9c2a7e-0d3b-4c55-9a51-1f6f0e3c7b2d";
pub const API_KEY: &str = "SKSJKFH84JKDFNGDFGNDFGNN284895060";

/// The documented example of TusFacturasAPP.
pub const EVENT: &[u8] = br#"{"creado":"18/03/2022 15:58:11","evento":"encolado","recurso":"facturacion","external_reference":"17032","intento":1,"msg":[],"hook_id":"xxxxx"}"#;

/// A confirm of Klap with all its fields.
pub const ORDER: &[u8] = br#"{"order_id":"8237462","reference_id":"M-17032","mc_code":"771234","card_type":"CREDIT","brand":"VISA","bin":"411111","last_digits":"1111","payment_method":"tarjetas","amount":15990,"quotas_number":3,"quotas_type":"ISSUER"}"#;

/// One side of a comparison: makes the given number of deliveries, each from building the request to dropping the
/// answer.
pub struct Side(Box<dyn FnMut(u64)>);

impl Side {
    pub fn deliver(&mut self, count: u64) {
        (self.0)(count);
    }

    /// Creates a side from an axum app, the request that it gets each time, and the status that it must answer.
    fn axum(
        app: Router,
        status: StatusCode,
        mut request: impl FnMut() -> Request<Body> + 'static,
    ) -> Self {
        // As `axum::serve` does: the routes are assembled once.
        let app = app.with_state(());
        Self(Box::new(move |count| {
            for _ in 0..count {
                let response = answered(app.clone().call(request()));
                assert_eq!(response.status(), status);
            }
        }))
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

/// The method, target and headers of a request that comes through a proxy.
pub fn head() -> axum::http::request::Builder {
    Request::post("/webhook")
        .header("host", "shop.example")
        .header("user-agent", "TusFacturasAPP-webhook/1.0")
        .header("accept", "*/*")
        .header("content-type", "application/json")
        .header("x-forwarded-for", "203.0.113.9")
}

fn event_request(token: &'static str) -> impl Fn() -> Request<Body> + Clone + Send {
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
pub struct ByHand {
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
    Side::axum(app, StatusCode::OK, event_request(TOKEN))
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
        match serde_json::from_slice::<ByHand>(&body) {
            Ok(event) => {
                std::hint::black_box(&event);
                "OK".into_response()
            }
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    }
    let app = Router::new().route("/webhook", post(on_event));
    Side::axum(app, StatusCode::OK, event_request(TOKEN))
}

pub fn forged() -> Side {
    async fn on_event(Webhook(_): Webhook<TfEvent>) {}
    let app = Router::new().route("/webhook", post(on_event).layer(TfWebhookLayer::new(TOKEN)));
    Side::axum(
        app,
        StatusCode::FORBIDDEN,
        event_request("4f9c2a7e-0d3b-4c55-9a51-1f6f0e3c7b2e"),
    )
}

/// A handler that ignores its request.
pub fn bare() -> Side {
    let app = Router::new().route("/webhook", post(async || {}));
    Side::axum(app, StatusCode::OK, event_request(TOKEN))
}

/// `count` tokens, and each request with a different one, in random order.
pub fn tokens(count: usize) -> Side {
    async fn on_event(Webhook(event): Webhook<TfEvent>) {
        std::hint::black_box(&event);
    }
    let token = |index: usize| hex::encode(&Sha256::digest(index.to_le_bytes())[..18]);
    let layer = TfWebhookLayer::new((0..count).map(token).collect::<Vec<_>>());
    let app = Router::new().route("/webhook", post(on_event).layer(layer));

    // Each request has its own header value, equally many for every count, stored in the order in which they are sent:
    // only the lookup differs, not where the benchmark keeps its requests.
    let mut order: Vec<usize> = (0..1 << 17).map(|place| place % count).collect();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for place in (1..order.len()).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let other = usize::try_from(random % (place as u64 + 1)).unwrap();
        order.swap(place, other);
    }
    let values: Vec<_> = order
        .into_iter()
        .map(|index| axum::http::HeaderValue::try_from(token(index)).unwrap())
        .collect();
    let mut next = (0..values.len()).cycle();
    Side::axum(app, StatusCode::OK, move || {
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
    Side::axum(app, StatusCode::OK, order_request())
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
    Side::axum(app, StatusCode::OK, order_request())
}

const GITHUB_SECRET: &str = "It's a Secret to Everybody";

/// A push with one commit, reduced to the fields that most receivers read and some that they do not.
pub const PUSH: &[u8] = br#"{"ref":"refs/heads/main","before":"6113728f27ae82c7b1a177c8d03f9e96e0adf246","after":"59b20b8d5c6ff8d09518216e87bc7b5c9ad3bd38","repository":{"id":186853002,"node_id":"MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=","name":"tienda","full_name":"comercio/tienda","private":true,"default_branch":"main","stargazers_count":0},"pusher":{"name":"ana","email":"ana@example.com"},"sender":{"login":"ana","id":21031067,"type":"User","site_admin":false},"created":false,"deleted":false,"forced":false,"base_ref":null,"compare":"https://example.com/compare/6113728f27ae...59b20b8d5c6f","commits":[{"id":"59b20b8d5c6ff8d09518216e87bc7b5c9ad3bd38","message":"Publish the new prices","timestamp":"2026-03-18T15:58:11-03:00","author":{"name":"Ana","email":"ana@example.com"},"added":["precios.csv"],"removed":[],"modified":["README.md"]}]}"#;

/// What an app reads from a push.
#[derive(Clone, Deserialize)]
pub struct Push {
    pub r#ref: String,
    pub after: String,
    pub repository: Repository,
    pub commits: Vec<Commit>,
}

#[derive(Clone, Deserialize)]
pub struct Repository {
    pub full_name: String,
}

#[derive(Clone, Deserialize)]
pub struct Commit {
    pub id: String,
    pub message: String,
}

fn signed(request: testing::TestRequest) -> impl Fn() -> Request<Body> {
    let (headers, body) = (request.headers, request.body);
    move || {
        let mut request = head().header("content-length", body.len());
        for (name, value) in headers.iter().filter(|(name, _)| *name != "content-type") {
            request = request.header(name, value);
        }
        request.body(Body::from(body.clone())).unwrap()
    }
}

pub fn github() -> Side {
    async fn on_push(Webhook(event): Webhook<GithubEvent<Push>>) {
        std::hint::black_box(&event);
    }
    let layer = GithubWebhookLayer::<Push>::new(GITHUB_SECRET);
    let app = Router::new().route("/webhook", post(on_push).layer(layer));
    Side::axum(
        app,
        StatusCode::OK,
        signed(testing::github("push", PUSH, GITHUB_SECRET)),
    )
}

pub fn tower_github_webhook() -> Side {
    async fn on_push(body: Bytes) -> StatusCode {
        match serde_json::from_slice::<Push>(&body) {
            Ok(push) => {
                std::hint::black_box(&push);
                StatusCode::OK
            }
            Err(_) => StatusCode::BAD_REQUEST,
        }
    }
    let layer = tower_github_webhook::ValidateGitHubWebhookLayer::new(GITHUB_SECRET);
    let app = Router::new().route("/webhook", post(on_push).layer(layer));
    Side::axum(
        app,
        StatusCode::OK,
        signed(testing::github("push", PUSH, GITHUB_SECRET)),
    )
}

const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub const PAID: &[u8] = br#"{"type":"invoice.paid","timestamp":"2026-03-18T18:58:11.022Z","data":{"id":"in_17032","amount":"15990.00","currency":"ARS","customer":{"id":"cus_881","name":"Comercio SRL"},"lines":[{"sku":"A-1","quantity":2}]}}"#;

#[derive(Clone, Deserialize)]
pub struct Paid {
    pub r#type: String,
    pub data: Invoice,
}

#[derive(Clone, Deserialize)]
pub struct Invoice {
    pub id: String,
    pub amount: String,
    pub currency: String,
}

fn paid() -> testing::TestRequest {
    testing::standard_webhooks(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        SystemTime::now(),
        PAID,
        STANDARD_SECRET,
    )
}

pub fn standard() -> Side {
    async fn on_paid(Webhook(event): Webhook<StandardEvent<Paid>>) {
        std::hint::black_box(&event);
    }
    let layer = StandardWebhookLayer::<Paid>::new(STANDARD_SECRET);
    let app = Router::new().route("/webhook", post(on_paid).layer(layer));
    Side::axum(app, StatusCode::OK, signed(paid()))
}

pub fn axum_standardwebhooks() -> Side {
    use axum_standardwebhooks::{SharedWebhook, StandardWebhook};

    #[derive(Clone)]
    struct Secret(SharedWebhook);

    impl axum::extract::FromRef<Secret> for SharedWebhook {
        fn from_ref(secret: &Secret) -> Self {
            secret.0.clone()
        }
    }

    async fn on_paid(StandardWebhook(Json(paid)): StandardWebhook<Json<Paid>>) {
        std::hint::black_box(&paid);
    }
    let secret = axum_standardwebhooks::Webhook::new(STANDARD_SECRET).unwrap();
    let app = Router::new()
        .route("/webhook", post(on_paid))
        .with_state(Secret(SharedWebhook::new(secret)));
    Side::axum(app, StatusCode::OK, signed(paid()))
}

/// A sender without credentials and events: only reading the body remains.
struct Silent;

impl Provider for Silent {
    type Event = ();
    type Claim = ();
    type Facts = ();

    fn name(&self) -> &str {
        "silent"
    }

    fn credential_headers(&self) -> &[http::HeaderName] {
        &[]
    }

    fn inspect(&self, _: &Head<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn authenticate(&self, (): (), _: &Bytes) -> Result<Authentic<()>, Rejection> {
        Ok(Authentic::nothing_proven(()))
    }

    fn decode(&self, (): &mut (), _: &Bytes) -> Result<Decoded<()>, BodyError> {
        Ok(Decoded::Event(()))
    }
}

/// A body of this many bytes, whole or in frames of 1 KiB.
fn body_request(length: usize, frames: bool) -> impl Fn() -> Request<Body> {
    let whole = Bytes::from(vec![b' '; length]);
    move || {
        let body = if frames {
            let frames: Vec<_> = (0..length)
                .step_by(1024)
                .map(|at| whole.slice(at..at + 1024))
                .collect();
            Body::from_stream(futures_util::stream::iter(
                frames.into_iter().map(Ok::<_, Infallible>),
            ))
        } else {
            Body::from(whole.clone())
        };
        head().header("content-length", length).body(body).unwrap()
    }
}

pub fn body(length: usize, frames: bool) -> Side {
    async fn on_body(body: Webhook<()>) {
        std::hint::black_box(&body);
    }
    let layer = WebhookLayer::with_provider(Silent);
    let app = Router::new().route("/webhook", post(on_body).layer(layer));
    Side::axum(app, StatusCode::OK, body_request(length, frames))
}

/// The same handler inside a layer that does nothing: what any layer costs in axum.
pub fn body_below_a_layer(length: usize, frames: bool) -> Side {
    async fn on_body(body: Bytes) {
        std::hint::black_box(&body);
    }
    let nothing = tower::layer::layer_fn(Nothing);
    let app = Router::new().route("/webhook", post(on_body).layer(nothing));
    Side::axum(app, StatusCode::OK, body_request(length, frames))
}

#[derive(Clone)]
struct Nothing<S>(S);

impl<S: Service<Request<Body>>> Service<Request<Body>> for Nothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.0.call(request)
    }
}

/// The minimal layer that passes on a typed value: it reads the body and puts it in the extensions, and the handler
/// takes it out. No sender, no limit, no rule for the answer; it panics if a body is not ready.
pub fn body_handed_on(length: usize, frames: bool) -> Side {
    #[derive(Clone)]
    struct Taken(Bytes);

    impl<S: Sync> FromRequest<S> for Taken {
        type Rejection = Infallible;

        async fn from_request(mut request: Request<Body>, _: &S) -> Result<Self, Infallible> {
            Ok(request.extensions_mut().remove().unwrap())
        }
    }

    #[derive(Clone)]
    struct HandsOn<S>(S);

    impl<S: Service<Request<Body>>> Service<Request<Body>> for HandsOn<S> {
        type Response = S::Response;
        type Error = S::Error;
        type Future = S::Future;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, mut request: Request<Body>) -> S::Future {
            let mut waiting = Context::from_waker(Waker::noop());
            let mut buffer = BodyBuffer::announced(64 * 1024, 64 * 1024);
            let mut body = std::mem::take(request.body_mut());
            while let Poll::Ready(Some(frame)) = Pin::new(&mut body).poll_frame(&mut waiting) {
                let frame = frame.unwrap().into_data().unwrap();
                buffer.push(frame).unwrap();
            }
            let taken = Taken(buffer.into_bytes());
            request.extensions_mut().insert(taken);
            self.0.call(request)
        }
    }

    async fn on_body(Taken(body): Taken) {
        std::hint::black_box(&body);
    }
    let hands_on = tower::layer::layer_fn(HandsOn);
    let app = Router::new().route("/webhook", post(on_body).layer(hands_on));
    Side::axum(app, StatusCode::OK, body_request(length, frames))
}

pub fn body_by_hand(length: usize, frames: bool) -> Side {
    async fn on_body(body: Bytes) {
        std::hint::black_box(&body);
    }
    let app = Router::new().route("/webhook", post(on_body));
    Side::axum(app, StatusCode::OK, body_request(length, frames))
}

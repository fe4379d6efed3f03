//! The senders that sign, with bodies of several lengths: the layer, a handler by hand and other crates.
//!
//! The handler by hand is the floor: everything that a delivery requires, in one place, with a prepared key and no
//! crate between framework and application.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRef, Query, State};
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use webhook_axum::{
    GithubEvent, GithubWebhookLayer, MercadoPagoEvent, MercadoPagoWebhookLayer, StandardEvent,
    StandardWebhookLayer, StripeEvent, StripeWebhookLayer, Webhook, testing,
};

use super::{GITHUB_SECRET, Push, STANDARD_SECRET, Side, head, signed};

/// The approximate lengths of the bodies in bytes: short, common and long.
pub const LENGTHS: [usize; 3] = [400, 2_000, 12_000];

/// A handler by hand answers a missing, malformed or wrong credential like the layer.
const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;

/// Shared, so that a request copies it only when needed.
type Key = Arc<Hmac<Sha256>>;

fn key(secret: &[u8]) -> Key {
    Arc::new(Hmac::new_from_slice(secret).unwrap())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_recent(timestamp: u64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.abs_diff(Duration::from_secs(timestamp)) <= Duration::from_secs(300)
}

/// Whether one of the signatures matches the MAC.
fn has_signed(mac: &Hmac<Sha256>, mut signatures: impl Iterator<Item = Vec<u8>>) -> bool {
    signatures.any(|signature| mac.clone().verify_slice(&signature).is_ok())
}

fn decoded<T: for<'de> Deserialize<'de>>(body: &[u8]) -> StatusCode {
    match serde_json::from_slice::<T>(body) {
        Ok(payload) => {
            std::hint::black_box(&payload);
            StatusCode::OK
        }
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

/// Repeats what `more` adds as long as the JSON is not longer than this.
fn grown(length: usize, json: impl Fn(usize) -> String) -> Vec<u8> {
    let mut grown = json(1);
    for repeats in 2.. {
        let longer = json(repeats);
        if longer.len() > length {
            break;
        }
        grown = longer;
    }
    grown.into_bytes()
}

/// A push of about this many bytes. Half of the extra length is commits, which the app decodes, and half is links of
/// the repository, which GitHub always sends and the app ignores.
fn push(length: usize) -> Vec<u8> {
    const COMMIT: &str = r#"{"id":"59b20b8d5c6ff8d09518216e87bc7b5c9ad3bd38","message":"Publish the new prices","timestamp":"2026-03-18T15:58:11-03:00","author":{"name":"Ana","email":"ana@example.com"},"added":["precios.csv"],"removed":[],"modified":["README.md"]}"#;
    const LINKS: &str = r#","commits_url":"https://api.github.com/repos/comercio/tienda/commits{/sha}","compare_url":"https://api.github.com/repos/comercio/tienda/compare/{base}...{head}","deployments_url":"https://api.github.com/repos/comercio/tienda/deployments""#;
    grown(length, |commits| {
        format!(
            r#"{{"ref":"refs/heads/main","after":"59b20b8d5c6ff8d09518216e87bc7b5c9ad3bd38","repository":{{"full_name":"comercio/tienda"{}}},"commits":[{}]}}"#,
            LINKS.repeat(commits - 1),
            vec![COMMIT; commits].join(","),
        )
    })
}

pub(super) fn push_request(length: usize) -> impl Fn() -> Request<Body> {
    signed(testing::github("push", push(length), GITHUB_SECRET))
}

pub fn github_of(length: usize) -> Side {
    async fn on_push(Webhook(event): Webhook<GithubEvent<Push>>) {
        std::hint::black_box(&event);
    }
    let layer = GithubWebhookLayer::<Push>::new(GITHUB_SECRET);
    let app = Router::new().route("/webhook", post(on_push).layer(layer));
    Side::axum(app, StatusCode::OK, push_request(length))
}

pub fn github_by_hand(length: usize) -> Side {
    async fn on_push(State(key): State<Key>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let Some(signature) = text(&headers, "x-hub-signature-256")
            .and_then(|field| field.strip_prefix("sha256="))
            .and_then(|signature| hex::decode(signature).ok())
        else {
            return REFUSED;
        };
        let mac = Hmac::clone(&key).chain_update(&body);
        if mac.verify_slice(&signature).is_err() {
            return REFUSED;
        }
        decoded::<Push>(&body)
    }
    let app = Router::new()
        .route("/webhook", post(on_push))
        .with_state(key(GITHUB_SECRET.as_bytes()));
    Side::axum(app, StatusCode::OK, push_request(length))
}

pub fn tower_github_webhook_of(length: usize) -> Side {
    async fn on_push(body: Bytes) -> StatusCode {
        decoded::<Push>(&body)
    }
    let layer = tower_github_webhook::ValidateGitHubWebhookLayer::new(GITHUB_SECRET);
    let app = Router::new().route("/webhook", post(on_push).layer(layer));
    Side::axum(app, StatusCode::OK, push_request(length))
}

pub fn axum_github_webhook_extract(length: usize) -> Side {
    use axum_github_webhook_extract::{GithubEvent, GithubToken};

    async fn on_push(GithubEvent(push): GithubEvent<Push>) {
        std::hint::black_box(&push);
    }
    let app = Router::new()
        .route("/webhook", post(on_push))
        .with_state(GithubToken(Arc::new(GITHUB_SECRET.to_owned())));
    Side::axum(app, StatusCode::OK, push_request(length))
}

/// What an app reads from an invoice.
#[derive(Clone, Deserialize)]
pub struct Event {
    pub id: String,
    pub r#type: String,
    pub data: Invoice,
}

#[derive(Clone, Deserialize)]
pub struct Invoice {
    pub amount: String,
    pub currency: String,
    pub lines: Vec<Line>,
}

#[derive(Clone, Deserialize)]
pub struct Line {
    pub sku: String,
    pub quantity: u32,
}

/// A paid invoice of about this many bytes, about half of which the app decodes.
fn invoice(length: usize) -> Vec<u8> {
    const LINE: &str = r#"{"id":"il_881","sku":"A-1-LAPICERA-AZUL","quantity":2,"description":"Lapicera azul, trazo fino","taxes":[{"rate":"21.00","included":true}]}"#;
    grown(length, |lines| {
        format!(
            r#"{{"id":"evt_17032","type":"invoice.paid","timestamp":"2026-03-18T18:58:11.022Z","data":{{"id":"in_17032","amount":"15990.00","currency":"ARS","customer":{{"id":"cus_881","name":"Comercio SRL"}},"lines":[{}]}}}}"#,
            vec![LINE; lines].join(","),
        )
    })
}

fn invoice_request(length: usize) -> impl Fn() -> Request<Body> {
    signed(testing::standard_webhooks(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        SystemTime::now(),
        invoice(length),
        STANDARD_SECRET,
    ))
}

pub fn standard_of(length: usize) -> Side {
    async fn on_invoice(Webhook(event): Webhook<StandardEvent<Event>>) {
        std::hint::black_box(&event);
    }
    let layer = StandardWebhookLayer::<Event>::new(STANDARD_SECRET);
    let app = Router::new().route("/webhook", post(on_invoice).layer(layer));
    Side::axum(app, StatusCode::OK, invoice_request(length))
}

pub fn standard_by_hand(length: usize) -> Side {
    async fn on_invoice(State(key): State<Key>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let (Some(id), Some(timestamp), Some(signatures)) = (
            text(&headers, "webhook-id"),
            text(&headers, "webhook-timestamp"),
            text(&headers, "webhook-signature"),
        ) else {
            return REFUSED;
        };
        if !timestamp.parse().is_ok_and(is_recent) {
            return REFUSED;
        }
        let mut mac = Hmac::clone(&key);
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", &body] {
            mac.update(part);
        }
        let signatures = signatures
            .split(' ')
            .filter_map(|entry| STANDARD.decode(entry.strip_prefix("v1,")?).ok());
        if !has_signed(&mac, signatures) {
            return REFUSED;
        }
        std::hint::black_box((id, timestamp));
        decoded::<Event>(&body)
    }
    let secret = STANDARD_SECRET.trim_start_matches("whsec_");
    let app = Router::new()
        .route("/webhook", post(on_invoice))
        .with_state(key(&STANDARD.decode(secret).unwrap()));
    Side::axum(app, StatusCode::OK, invoice_request(length))
}

pub fn axum_standardwebhooks_of(length: usize) -> Side {
    use axum_standardwebhooks::{SharedWebhook, StandardWebhook};

    #[derive(Clone)]
    struct Secret(SharedWebhook);

    impl FromRef<Secret> for SharedWebhook {
        fn from_ref(secret: &Secret) -> Self {
            secret.0.clone()
        }
    }

    async fn on_invoice(StandardWebhook(Json(event)): StandardWebhook<Json<Event>>) {
        std::hint::black_box(&event);
    }
    let secret = axum_standardwebhooks::Webhook::new(STANDARD_SECRET).unwrap();
    let app = Router::new()
        .route("/webhook", post(on_invoice))
        .with_state(Secret(SharedWebhook::new(secret)));
    Side::axum(app, StatusCode::OK, invoice_request(length))
}

pub(super) const STRIPE_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

pub(super) fn charge_request(length: usize) -> impl Fn() -> Request<Body> {
    signed(testing::stripe(
        SystemTime::now(),
        invoice(length),
        STRIPE_SECRET,
    ))
}

pub fn stripe_of(length: usize) -> Side {
    async fn on_invoice(Webhook(event): Webhook<StripeEvent<Event>>) {
        std::hint::black_box(&event);
    }
    let layer = StripeWebhookLayer::<Event>::new(STRIPE_SECRET);
    let app = Router::new().route("/webhook", post(on_invoice).layer(layer));
    Side::axum(app, StatusCode::OK, charge_request(length))
}

/// The values of a list such as `t=1614265330,v1=<hex>`.
fn named<'a>(list: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    list.split(',')
        .filter_map(|entry| entry.split_once('='))
        .filter(move |(other, _)| *other == name)
        .map(|(_, value)| value)
}

pub fn stripe_by_hand(length: usize) -> Side {
    async fn on_invoice(State(key): State<Key>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let Some(list) = text(&headers, "stripe-signature") else {
            return REFUSED;
        };
        let Some(timestamp) = named(list, "t").next() else {
            return REFUSED;
        };
        if !timestamp.parse().is_ok_and(is_recent) {
            return REFUSED;
        }
        let mac = Hmac::clone(&key)
            .chain_update(timestamp)
            .chain_update(b".")
            .chain_update(&body);
        let signatures = named(list, "v1").filter_map(|signature| hex::decode(signature).ok());
        if !has_signed(&mac, signatures) {
            return REFUSED;
        }
        std::hint::black_box(timestamp);
        decoded::<Event>(&body)
    }
    let app = Router::new()
        .route("/webhook", post(on_invoice))
        .with_state(key(STRIPE_SECRET.as_bytes()));
    Side::axum(app, StatusCode::OK, charge_request(length))
}

const MERCADO_PAGO_SECRET: &str =
    "d6f1c9e2a7b84f0c95c3b2e1a0987654d6f1c9e2a7b84f0c95c3b2e1a0987654";

/// A notification of a payment, as documented.
const PAYMENT: &[u8] = br#"{"id":12345,"live_mode":true,"type":"payment","date_created":"2026-03-18T15:58:11.396-03:00","user_id":44444,"api_version":"v1","action":"payment.created","data":{"id":"999999999"}}"#;

/// What an app reads from a notification.
#[derive(Clone, Deserialize)]
pub struct Notification {
    pub action: String,
    pub data: Resource,
}

#[derive(Clone, Deserialize)]
pub struct Resource {
    pub id: String,
}

/// The signature covers the query and not the body, so the length of the body does not matter.
fn payment_request() -> impl Fn() -> Request<Body> {
    let request = testing::mercadopago(
        "payment",
        "999999999",
        SystemTime::now(),
        PAYMENT,
        MERCADO_PAGO_SECRET,
    );
    let uri: Uri = format!("/webhook?{}", request.uri.query().unwrap())
        .parse()
        .unwrap();
    let headers = request.headers;
    move || {
        let mut request = head()
            .uri(uri.clone())
            .header("content-length", PAYMENT.len());
        for (name, value) in headers.iter().filter(|(name, _)| *name != "content-type") {
            request = request.header(name, value);
        }
        request.body(Body::from(PAYMENT)).unwrap()
    }
}

pub fn mercado_pago() -> Side {
    async fn on_payment(Webhook(event): Webhook<MercadoPagoEvent<Notification>>) {
        std::hint::black_box(&event);
    }
    let layer = MercadoPagoWebhookLayer::<Notification>::new(MERCADO_PAGO_SECRET);
    let app = Router::new().route("/webhook", post(on_payment).layer(layer));
    Side::axum(app, StatusCode::OK, payment_request())
}

/// Without a tolerance: Mercado Pago does not document that it signs repeats again, and the layer has none either.
pub fn mercado_pago_by_hand() -> Side {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "data.id")]
        data_id: String,
        r#type: String,
    }

    async fn on_payment(
        State(key): State<Key>,
        Query(query): Query<Named>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        let (Some(list), Some(request_id)) = (
            text(&headers, "x-signature"),
            text(&headers, "x-request-id"),
        ) else {
            return REFUSED;
        };
        let Some(ts) = named(list, "ts").next() else {
            return REFUSED;
        };
        let id = query.data_id.to_lowercase();
        let manifest = format!("id:{id};request-id:{request_id};ts:{ts};");
        let mac = Hmac::clone(&key).chain_update(manifest);
        let signatures = named(list, "v1").filter_map(|signature| hex::decode(signature).ok());
        if !has_signed(&mac, signatures) {
            return REFUSED;
        }
        std::hint::black_box(&query.r#type);
        decoded::<Notification>(&body)
    }
    let app = Router::new()
        .route("/webhook", post(on_payment))
        .with_state(key(MERCADO_PAGO_SECRET.as_bytes()));
    Side::axum(app, StatusCode::OK, payment_request())
}

//! Builds authentic requests from each sender, for an application's tests.
//!
//! This feature changes nothing else in the crates, and has no secret of its own: a request is authentic because it is
//! built with the secret that the test gave to its layer.
//!
//! ```
//! use webhook_core::driver::Verifier;
//! use webhook_core::testing;
//! use webhook_core::tusfacturas::{TfEvent, TfEvento, TusFacturas};
//!
//! let request = testing::tusfacturas(&TfEvent::new(TfEvento::Emitido), "s3cr3t");
//!
//! let verifier = Verifier::<TusFacturas>::try_new("s3cr3t")?;
//! let accepted = request.deliver(&verifier).unwrap();
//! assert_eq!(accepted.delivery.evento, TfEvento::Emitido);
//! # Ok::<(), webhook_core::SecretsError>(())
//! ```

mod request;
mod scheme;
mod standard_webhooks;
mod wompi;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use self::request::TestRequest;
pub use self::scheme::{CannotSign, scheme, try_scheme};
pub use self::standard_webhooks::standard_webhooks;
#[cfg(feature = "ed25519")]
#[cfg_attr(docsrs, doc(cfg(feature = "ed25519")))]
pub use self::standard_webhooks::standard_webhooks_v1a;
pub use self::wompi::{wompi, wompi_event};
use crate::delivery::Delivery;
use crate::parse::json_field;
use crate::secrets::{IntoSecrets, Label, Secret, SecretsError, SigningKey, prepared};
use crate::senders::mercadopago::manifest;
use crate::senders::multicaja::{MulticajaEvent, MulticajaValidationEvent, Order};
use crate::senders::tusfacturas::TfEvent;
use crate::signing::HmacSha256;

/// Creates a delivery without a request, for calling a handler directly.
///
/// ```
/// use webhook_core::testing;
/// use webhook_core::tusfacturas::{TfEvent, TfEvento};
///
/// let delivery = testing::delivery(TfEvent::new(TfEvento::Emitido));
/// assert_eq!(delivery.evento, TfEvento::Emitido);
/// ```
pub fn delivery<E>(event: E) -> Delivery<E> {
    Delivery::new(event, (None, false), Bytes::new(), None)
}

/// Creates a delivery from all its parts.
pub fn delivery_from_parts<E>(event: E, label: Option<Label>, body: Bytes) -> Delivery<E> {
    Delivery::new(event, (label, false), body, None)
}

/// A TusFacturasAPP notification: `POST /webhook`.
///
/// # Panics
///
/// If the token is not valid in a header.
pub fn tusfacturas(event: &TfEvent, token: &str) -> TestRequest {
    tusfacturas_body(serde_json::to_vec(event).unwrap_or_default(), token)
}

/// Like [`tusfacturas`], with any body.
///
/// # Panics
///
/// If the token is not valid in a header.
pub fn tusfacturas_body(body: impl Into<Bytes>, token: &str) -> TestRequest {
    TestRequest::new("/webhook", body)
        .with("tf-webhooktoken", token)
        .with("user-agent", "TusFacturasAPP-webhook/1.0")
}

/// A Multicaja/Klap confirm or reject: `POST /webhook_confirm`, `POST /webhook_reject`, with ids and other fields as
/// JSON strings, the card token included.
pub fn multicaja(event: &MulticajaEvent, api_key: &str) -> TestRequest {
    let path = match event {
        MulticajaEvent::Confirm(_) => "/webhook_confirm",
        MulticajaEvent::Reject(_) => "/webhook_reject",
    };
    let order = event.order();
    let digest = multicaja_digest(&order.reference_id, &order.order_id, api_key);
    TestRequest::new(path, order_json(order)).with("apikey", &digest)
}

/// Like [`multicaja`], with any JSON body: `POST /webhook_confirm`. The digest covers its `reference_id` and `order_id`, strings
/// or integers; one that is missing counts as empty.
pub fn multicaja_body(body: impl Into<Bytes>, api_key: &str) -> TestRequest {
    let request = TestRequest::new("/webhook_confirm", body);
    let id = |name: &str| {
        let path = [Box::from(name)];
        json_field::find_text(&request.body, &path).unwrap_or_default()
    };
    let digest = multicaja_digest(&id("reference_id"), &id("order_id"), api_key);
    request.with("apikey", &digest)
}

/// The digest in the `Apikey` header, in lowercase hex.
pub fn multicaja_digest(reference_id: &str, order_id: &str, api_key: &str) -> String {
    hex::encode(
        Sha256::new()
            .chain_update(reference_id)
            .chain_update(order_id)
            .chain_update(api_key)
            .finalize(),
    )
}

/// A Multicaja/Klap validation: `POST /webhook_validation`, without a credential.
pub fn multicaja_validation(event: &MulticajaValidationEvent) -> TestRequest {
    TestRequest::new(
        "/webhook_validation",
        serde_json::to_vec(event).unwrap_or_default(),
    )
}

/// A GitHub delivery as JSON: `POST /github`. `event` is its name, such as `push`.
///
/// # Panics
///
/// If the name is not valid in a header.
pub fn github(event: &str, body: impl Into<Bytes>, secret: &str) -> TestRequest {
    let request = TestRequest::new("/github", body);
    let signature = hex::encode(key::<HmacSha256>(secret).sign(&[&request.body]));
    request
        .with("x-github-event", event)
        .with("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
        .with("x-hub-signature-256", &format!("sha256={signature}"))
}

/// Like [`github`], as a form with the field `payload`.
///
/// # Panics
///
/// If the name is not valid in a header.
pub fn github_form(event: &str, json: &str, secret: &str) -> TestRequest {
    let payload = utf8_percent_encode(json, NON_ALPHANUMERIC);
    github(event, format!("payload={payload}"), secret)
        .with("content-type", "application/x-www-form-urlencoded")
}

/// A Stripe delivery: `POST /stripe`.
pub fn stripe(timestamp: SystemTime, body: impl Into<Bytes>, secret: &str) -> TestRequest {
    let request = TestRequest::new("/stripe", body);
    let t = unix_time(timestamp).as_secs().to_string();
    let signature =
        hex::encode(key::<HmacSha256>(secret).sign(&[t.as_bytes(), b".", &request.body]));
    request.with("stripe-signature", &format!("t={t},v1={signature}"))
}

/// A Mercado Pago notification: `POST /mercadopago?data.id=<data_id>&type=<topic>`, its time in milliseconds. The
/// signature does not cover the topic or the body. The request id is made of all that is given but the secret, so another
/// time has another one, as a retry of Mercado Pago does.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use webhook_core::testing;
///
/// let now = SystemTime::now();
/// let sent = |at| testing::mercadopago("payment", "1", at, r#"{"data":{"id":"1"}}"#, "s3cr3t").headers;
/// assert_eq!(sent(now), sent(now));
/// assert_ne!(sent(now)["x-request-id"], sent(now + Duration::from_secs(900))["x-request-id"]);
/// ```
///
/// # Panics
///
/// If the ids are too long for a request target.
#[allow(
    clippy::expect_used,
    reason = "a test that cannot send its ids must fail"
)]
pub fn mercadopago(
    topic: &str,
    data_id: &str,
    timestamp: SystemTime,
    body: impl Into<Bytes>,
    secret: &str,
) -> TestRequest {
    let request = TestRequest::new("/mercadopago", body);
    let time = unix_time(timestamp);
    let ts = time.as_millis().to_string();
    let request_id = uuid_of(&[
        topic.as_bytes(),
        data_id.as_bytes(),
        &time.as_nanos().to_be_bytes(),
        &request.body,
    ]);
    let manifest = manifest(Some(data_id), Some(&request_id), &ts);
    let signature = hex::encode(key::<HmacSha256>(secret).sign(&[manifest.as_bytes()]));
    let mut request = request
        .with("x-request-id", &request_id)
        .with("x-signature", &format!("ts={ts},v1={signature}"));
    let [data_id, topic] = [data_id, topic].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
    request.uri = format!("/mercadopago?data.id={data_id}&type={topic}")
        .parse()
        .expect("the ids fit into a request target");
    request
}

/// A JSON body of a sender that proves nothing, such as Mercado Libre: a `POST` to this path.
///
/// # Panics
///
/// If the path is not valid in a request target.
pub fn unsigned(path: &str, body: impl Into<Bytes>) -> TestRequest {
    TestRequest::at(path, body)
}

/// A form of a sender that proves nothing, such as Flow.cl: a `POST` to this path.
///
/// # Panics
///
/// If the path is not valid in a request target.
pub fn unsigned_form(path: &str, form: impl Into<Bytes>) -> TestRequest {
    unsigned(path, form).with("content-type", "application/x-www-form-urlencoded")
}

/// A secret of any text, even one with a line end or in quotes, which [`Secret::new`] refuses: for finding out what a request
/// was signed with. As with [`Secret::raw`], the text is the key itself.
///
/// ```
/// use webhook_core::driver::Verifier;
/// use webhook_core::github::Github;
/// use webhook_core::{Secret, testing};
///
/// assert!(Secret::new("s3cr3t\n").is_err());
/// let request = testing::github("push", r#"{"ref":"refs/heads/main"}"#, "s3cr3t");
/// let verifier = Verifier::<Github>::try_new(testing::any_secret("s3cr3t\n"))?;
/// assert!(request.deliver(&verifier).is_err(), "it was signed without a line end");
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
pub fn any_secret(text: impl Into<String>) -> Secret {
    Secret::any(text.into())
}

/// A UUID of version 8, the same for the same parts.
fn uuid_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let digits = hex::encode(hash.finalize());
    let part = |range| digits.get(range).unwrap_or_default();
    let [a, b, c, d, e] = [0..8, 8..12, 13..16, 17..20, 20..32].map(part);
    format!("{a}-{b}-8{c}-8{d}-{e}")
}

fn unix_time(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[allow(
    clippy::panic,
    reason = "a test whose secret no layer would accept must fail"
)]
fn key<K: SigningKey>(secret: impl IntoSecrets) -> K {
    let key_of = |secret: &Secret| Ok(prepared(secret)?.0);
    let key: Result<_, SecretsError> = secret
        .into_secrets()
        .and_then(|secrets| secrets.first().map(key_of).transpose());
    match key {
        Ok(Some(key)) => key,
        Ok(None) => panic!("no secret was given"),
        Err(error) => panic!("{error}"),
    }
}

fn order_json(order: &Order) -> Vec<u8> {
    let mut fields = match serde_json::to_value(&order.unauthenticated) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut set = |name: &str, text: &str| fields.insert(name.to_owned(), text.into());
    set("reference_id", &order.reference_id);
    set("order_id", &order.order_id);
    if let Some(token) = &order.unauthenticated.token_id {
        set("token_id", token.expose().unwrap_or("[redacted]"));
    }
    serde_json::to_vec(&fields).unwrap_or_default()
}

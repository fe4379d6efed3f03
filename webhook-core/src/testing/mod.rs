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

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use self::request::TestRequest;
use crate::delivery::Delivery;
use crate::secrets::{IntoSecrets, Label, Secret, SecretsError, SigningKey, prepared};
use crate::senders::mercadopago::manifest;
use crate::senders::multicaja::{MulticajaEvent, MulticajaValidationEvent, Order};
use crate::senders::standard_webhooks::{Algorithm, StandardKey};
use crate::senders::tusfacturas::TfEvent;
use crate::senders::wompi::WompiKey;
use crate::signing::{HmacSha256, Scheme, Sending};

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

/// A Standard Webhooks delivery, with `webhook-*` headers: `POST /standard`.
///
/// ```
/// use std::time::SystemTime;
/// use webhook_core::testing;
/// use webhook_core::driver::Verifier;
/// use webhook_core::standard_webhooks::StandardWebhooks;
///
/// let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// let request = testing::standard_webhooks("msg_1", SystemTime::now(), r#"{"test":1}"#, secret);
///
/// let verifier = Verifier::<StandardWebhooks>::try_new(secret)?;
/// let accepted = verifier.begin(&request.head()).unwrap().finish(request.body).unwrap();
/// assert_eq!(accepted.delivery.id, "msg_1");
/// assert_eq!(accepted.delivery.payload["test"], 1);
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
///
/// # Panics
///
/// If the id is not valid in a header, or a layer would refuse the secret.
pub fn standard_webhooks(
    id: &str,
    timestamp: SystemTime,
    body: impl Into<Bytes>,
    secret: impl IntoSecrets,
) -> TestRequest {
    let request = TestRequest::new("/standard", body);
    let timestamp = unix_time(timestamp).as_secs().to_string();
    let key = match key(secret) {
        StandardKey(Algorithm::Shared(key)) => key,
        #[cfg(feature = "ed25519")]
        #[allow(clippy::panic, reason = "a test that signs with no secret must fail")]
        StandardKey(Algorithm::Public(_)) => {
            panic!("a public key cannot sign: use standard_webhooks_v1a, with the private key")
        }
    };
    let content = [id, ".", &timestamp, "."].concat();
    let signature = STANDARD.encode(key.sign(&[content.as_bytes(), &request.body]));
    request
        .with("webhook-id", id)
        .with("webhook-timestamp", &timestamp)
        .with("webhook-signature", &format!("v1,{signature}"))
}

/// Like [`standard_webhooks`], signed with a private key: `whsk_` and base64 of 64 bytes, of which the first 32 are the
/// seed and the last 32 the public key.
///
/// ```
/// use std::time::SystemTime;
/// use webhook_core::{Secret, testing};
/// use webhook_core::driver::Verifier;
/// use webhook_core::standard_webhooks::StandardWebhooks;
///
/// // A pair that is published, in RFC 8032: nothing real is signed with it.
/// let private = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==";
/// let public = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
/// let request = testing::standard_webhooks_v1a("msg_1", SystemTime::now(), r#"{"test":1}"#, private);
///
/// let verifier = Verifier::<StandardWebhooks>::try_new(Secret::public_key(public)?)?;
/// let accepted = request.deliver(&verifier).unwrap();
/// assert_eq!(accepted.delivery.id, "msg_1");
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
///
/// # Panics
///
/// If the id is not valid in a header, or the key is not of this form.
#[cfg(feature = "ed25519")]
#[cfg_attr(docsrs, doc(cfg(feature = "ed25519")))]
#[allow(clippy::expect_used, reason = "a test that cannot sign must fail")]
pub fn standard_webhooks_v1a(
    id: &str,
    timestamp: SystemTime,
    body: impl Into<Bytes>,
    private_key: &str,
) -> TestRequest {
    use ed25519_dalek::Signer as _;

    let request = TestRequest::new("/standard", body);
    let timestamp = unix_time(timestamp).as_secs().to_string();
    let key = private_key
        .strip_prefix("whsk_")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|pair| pair.try_into().ok())
        .and_then(|pair| ed25519_dalek::SigningKey::from_keypair_bytes(&pair).ok())
        .expect("the private key is `whsk_` and base64 of 64 bytes, the seed and its public key");
    let content = [id, ".", &timestamp, "."].concat();
    let signature = key.sign(&[content.as_bytes(), &request.body].concat());
    let signature = STANDARD.encode(signature.to_bytes());
    request
        .with("webhook-id", id)
        .with("webhook-timestamp", &timestamp)
        .with("webhook-signature", &format!("v1a,{signature}"))
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

/// A delivery of a sender that a [`Scheme`] describes: `POST /hook`, signed at this time with this secret; `headers` are sent
/// with it, and signed if the scheme says so. With Ed25519, the secret is the private key, written as the scheme says for the
/// public one.
///
/// ```
/// use std::time::SystemTime;
/// use webhook_core::driver::Verifier;
/// use webhook_core::slack::{Slack, SlackScheme};
/// use webhook_core::{scheme::Preset, testing};
///
/// let scheme = SlackScheme::scheme().build()?;
/// let body = r#"{"type":"event_callback","event_id":"Ev1"}"#;
/// let request = testing::scheme(&scheme, SystemTime::now(), &[], body, "s3cr3t");
///
/// let accepted = request.deliver(&Verifier::<Slack>::try_new("s3cr3t")?).unwrap();
/// assert_eq!(accepted.delivery.id().unwrap().as_str(), "Ev1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// If a header that is signed is not among `headers`, or a value is not valid in a header or a URL.
#[allow(
    clippy::expect_used,
    reason = "a test that cannot sign its request must fail"
)]
pub fn scheme(
    scheme: &Scheme,
    time: SystemTime,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
    secret: &str,
) -> TestRequest {
    let mut request = TestRequest::new("/hook", body);
    let secret = Secret::new(secret).expect("the secret is fit");
    let sent = scheme
        .0
        .sign(unix_time(time), headers, &request.body, &secret)
        .expect("every header that is signed has a value");
    for (name, value) in headers {
        request = request.with_header(&name.parse().expect("the name of a header"), value);
    }
    for credential in sent {
        match credential {
            Sending::Header(name, value) => request = request.with_header(&name, &value),
            Sending::Query(name, value) => {
                let [name, value] = [name, value]
                    .map(|text| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string());
                request.uri = format!("/hook?{name}={value}").parse().expect("a URL");
            }
        }
    }
    request
}

/// A Mercado Pago notification: `POST /mercadopago?data.id=<data_id>&type=<topic>`, its time in milliseconds. The
/// signature does not cover the topic or the body.
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
    const REQUEST_ID: &str = "2066ca19-c6f1-498a-be75-1923005edd06";

    let ts = unix_time(timestamp).as_millis().to_string();
    let manifest = manifest(Some(data_id), Some(REQUEST_ID), &ts);
    let signature = hex::encode(key::<HmacSha256>(secret).sign(&[manifest.as_bytes()]));
    let mut request = TestRequest::new("/mercadopago", body)
        .with("x-request-id", REQUEST_ID)
        .with("x-signature", &format!("ts={ts},v1={signature}"));
    let [data_id, topic] = [data_id, topic].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
    request.uri = format!("/mercadopago?data.id={data_id}&type={topic}")
        .parse()
        .expect("the ids fit into a request target");
    request
}

/// A Wompi event about a transaction, an object with `id`, `status`, `amount_in_cents` and whatever else: `POST /wompi`.
///
/// ```
/// use std::time::SystemTime;
/// use serde_json::json;
/// use webhook_core::driver::Verifier;
/// use webhook_core::testing;
/// use webhook_core::wompi::Wompi;
///
/// let secret = "test_events_OcHnIzeBl5socpwByQ4hA52Em3USQ93Z";
/// let transaction = json!({"id": "1234-1610641025-49201", "status": "APPROVED", "amount_in_cents": 4_490_000});
/// let request = testing::wompi(&transaction, SystemTime::now(), secret);
///
/// let verifier = Verifier::<Wompi>::try_new(secret)?;
/// let accepted = request.deliver(&verifier).unwrap();
/// assert_eq!(accepted.delivery.transaction().unwrap().amount_in_cents, "4490000");
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
///
/// # Panics
///
/// If a layer would refuse the secret.
pub fn wompi(transaction: &Value, timestamp: SystemTime, secret: impl IntoSecrets) -> TestRequest {
    let properties = [
        "transaction.id",
        "transaction.status",
        "transaction.amount_in_cents",
    ];
    let data = serde_json::json!({ "transaction": transaction });
    wompi_event("transaction.updated", &data, &properties, timestamp, secret)
}

/// A Wompi event of any kind, whose checksum covers the values at these paths under `data`: `POST /wompi`. Paths without
/// a string or a number add nothing to what is hashed.
///
/// # Panics
///
/// If a layer would refuse the secret.
pub fn wompi_event(
    event: &str,
    data: &Value,
    properties: &[&str],
    timestamp: SystemTime,
    secret: impl IntoSecrets,
) -> TestRequest {
    let timestamp = unix_time(timestamp).as_secs();
    let mut content = Sha256::new();
    for path in properties {
        match data.pointer(&format!("/{}", path.replace('.', "/"))) {
            Some(Value::String(text)) => content.update(text),
            Some(Value::Number(number)) => content.update(number.to_string()),
            _ => {}
        }
    }
    content.update(timestamp.to_string());
    let checksum = hex::encode(key::<WompiKey>(secret).digest(&content));
    let body = serde_json::json!({
        "event": event,
        "data": data,
        "environment": "test",
        "signature": { "properties": properties, "checksum": checksum },
        "timestamp": timestamp,
        "sent_at": "2018-07-20T16:45:05.000Z",
    });
    TestRequest::new("/wompi", body.to_string()).with("x-event-checksum", &checksum)
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

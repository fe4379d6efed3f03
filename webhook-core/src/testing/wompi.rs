use std::time::SystemTime;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{TestRequest, key, unix_time};
use crate::secrets::IntoSecrets;
use crate::senders::wompi::WompiKey;

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

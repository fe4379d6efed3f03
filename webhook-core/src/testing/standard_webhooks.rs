use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::{TestRequest, key, unix_time};
use crate::secrets::IntoSecrets;
use crate::senders::standard_webhooks::{Algorithm, StandardKey};

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

//! [Standard Webhooks], the format of Svix and of everyone built on it.
//!
//! Three header fields carry the proof: `webhook-id`, `webhook-timestamp` (Unix time in seconds) and
//! `webhook-signature`, a list separated by spaces of `v1,<base64>`. Svix and older senders name all three `svix-*`; a
//! request with fields of both families is refused. Entries of other versions than `v1` are skipped.
//!
//! # What the signature covers
//!
//! `{id}.{timestamp}.{body}`, which is everything: id, time and body. The id stays the same when a delivery is
//! repeated, so it is what to handle once; the timestamp is that of the attempt. An id with a `.` is refused, because
//! another id, time and body would have the same signature.
//!
//! # Secrets
//!
//! Base64 of 24 bytes or more, up to 4 KiB of text, bare or as `whsec_…` or `v1,whsec_…`; anything else is refused when
//! the layer is built. The prefixes and the padding are no part of the secret: it can be removed as it was written or
//! without them. The specification limits keys to 64 bytes; that is a rule for senders, and some have longer ones.
//!
//! Some senders in this format use the text itself as the key (the libraries of the specification call it *raw*). It
//! cannot be told from the text, so the app says it: [`Secret::raw`].
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | a field missing, sent more than once, malformed; timestamp outside the tolerance; no signature matches | 401 | empty |
//! | body authentic, and no JSON or not of the expected type | 400 | empty |
//!
//! The handler's own answer passes as it is, but for a successful one without a body, which becomes the 200.
//!
//! Source: the Standard Webhooks specification 1.0.0, "Signature scheme" and "Webhook headers"; for `svix-*`, the
//! Svix documentation, "Verifying payloads manually".
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

use std::marker::PhantomData;
use std::mem;
use std::time::Duration;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine as _, alphabet};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::hmac::HmacKey;
use crate::signatures::{Signatures, from_base64};
use crate::tolerance::{Tolerance, unix_time};
use crate::{
    Authentic, BodyError, FromSecrets, Head, HeaderField, Keyring, Payload, PrivateKeys, Provider,
    Rejection, Secret, SecretKey, SecretsErrorKind, Timestamped, decode_json,
};

/// Standard Webhooks as a [`Provider`], with payloads of type `T`: see the [module](crate::standard_webhooks).
#[derive(Clone, Debug)]
pub struct StandardWebhooks<T: Payload = Value> {
    keyring: Keyring<Self>,
    payload: PhantomData<fn() -> T>,
}

/// A delivery in the format of Standard Webhooks. The signature covers all of it.
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::StandardEvent;
///
/// #[derive(Clone, Deserialize)]
/// struct Contact {
///     r#type: String,
/// }
///
/// fn on_contact(event: StandardEvent<Contact>) {
///     println!("{}, the delivery {}", event.payload.r#type, event.id);
/// }
/// # on_contact(StandardEvent::new("msg_1", 1_674_087_231, Contact { r#type: "contact.created".into() }));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StandardEvent<T = Value> {
    /// `webhook-id`: the same whenever this delivery is repeated.
    pub id: String,
    /// `webhook-timestamp`: when this attempt was made, in seconds of Unix time.
    pub timestamp: u64,
    /// The body.
    pub payload: T,
}

impl<T> StandardEvent<T> {
    /// A delivery from all its parts.
    pub fn new(id: impl Into<String>, timestamp: u64, payload: T) -> Self {
        Self {
            id: id.into(),
            timestamp,
            payload,
        }
    }
}

impl<T: Payload> Provider for StandardWebhooks<T> {
    type Event = StandardEvent<T>;
    type Claim = SignedHead;
    type Facts = SignedFacts;

    const NAME: &'static str = "standard_webhooks";
    const BODY_LIMIT: usize = 1024 * 1024;
    const CREDENTIAL_HEADERS: &'static [&'static str] = &["webhook-signature", "svix-signature"];

    fn inspect(&self, head: &Head<'_>) -> Result<SignedHead, Rejection> {
        let [id, timestamp, signatures] = fields(head)?;
        let (id, timestamp) = (id.credential()?, timestamp.credential()?);
        if id.contains('.') {
            return Err(Rejection::CredentialMalformed);
        }
        let unix_time = unix_time(timestamp)?;

        let entries = signatures.credential()?.split(' ');
        Ok(SignedHead {
            content: [id, ".", timestamp, "."].concat(),
            id_length: id.len(),
            timestamp: unix_time,
            signatures: Signatures::decode(
                entries.filter_map(|entry| entry.strip_prefix("v1,")),
                from_base64,
            )?,
        })
    }

    fn tolerance(&self) -> Option<Duration> {
        Some(Tolerance::DEFAULT)
    }

    fn time(&self, claim: &SignedHead) -> Option<Duration> {
        Some(Duration::from_secs(claim.timestamp))
    }

    fn authenticate(
        &self,
        head: SignedHead,
        body: &Bytes,
    ) -> Result<Authentic<SignedFacts>, Rejection> {
        let signed = [head.content.as_bytes(), body];
        let matched = self
            .keyring
            .load()
            .find(|key| key.0.has_signed(&signed, &head.signatures))?;

        let mut id = head.content;
        id.truncate(head.id_length);
        let facts = SignedFacts {
            id,
            timestamp: head.timestamp,
        };
        Ok(Authentic::new(matched, facts))
    }

    fn decode(&self, facts: &mut SignedFacts, json: &Bytes) -> Result<StandardEvent<T>, BodyError> {
        let payload = decode_json(json)?;
        let id = mem::take(&mut facts.id);
        Ok(StandardEvent::new(id, facts.timestamp, payload))
    }
}

impl<T: Payload> FromSecrets for StandardWebhooks<T> {
    type Store = PrivateKeys<StandardKey>;

    fn from_keyring(keyring: Keyring<Self>) -> Self {
        Self {
            keyring,
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<Self> {
        &self.keyring
    }
}

impl<T: Payload> Timestamped for StandardWebhooks<T> {}

/// The three headers of the one family that the request uses.
fn fields<'a>(head: &Head<'a>) -> Result<[HeaderField<'a>; 3], Rejection> {
    let [
        id,
        timestamp,
        signature,
        svix_id,
        svix_timestamp,
        svix_signature,
    ] = head.headers([
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "svix-id",
        "svix-timestamp",
        "svix-signature",
    ]);
    let webhook = [id, timestamp, signature];
    let svix = [svix_id, svix_timestamp, svix_signature];
    let is_present = |field: &HeaderField<'_>| *field != HeaderField::Absent;
    match (webhook.iter().any(is_present), svix.iter().any(is_present)) {
        (true, true) => Err(Rejection::CredentialRepeated),
        (false, true) => Ok(svix),
        _ => Ok(webhook),
    }
}

/// What the head of a delivery claims, not yet compared.
pub struct SignedHead {
    /// `{id}.{timestamp}.`, the part of the signed content that stands before the body.
    content: String,
    id_length: usize,
    timestamp: u64,
    signatures: Signatures,
}

/// What the head of a delivery says, once its signature matched.
pub struct SignedFacts {
    id: String,
    timestamp: u64,
}

/// A signing secret: the decoded bytes are the key.
pub struct StandardKey(pub(crate) HmacKey);

impl StandardKey {
    /// How much text a secret may have.
    const MAX_LENGTH: usize = 4 * 1024;
}

impl SecretKey for StandardKey {
    fn decode(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        /// The libraries of the specification take secrets with and without padding.
        const BASE64: GeneralPurpose = GeneralPurpose::new(
            &alphabet::STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );

        let text = secret.expose();
        if text.len() > Self::MAX_LENGTH {
            return Err(SecretsErrorKind::TooLong {
                limit: Self::MAX_LENGTH,
            });
        }
        if secret.is_raw() {
            return Ok(Zeroizing::new(text.as_bytes().to_vec()));
        }
        let encoded = text.strip_prefix("v1,whsec_").unwrap_or(text);
        let encoded = encoded.strip_prefix("whsec_").unwrap_or(encoded);
        let before = text.len() - encoded.len();
        let key = BASE64
            .decode(encoded)
            .map(Zeroizing::new)
            .map_err(|error| SecretsErrorKind::NotBase64 {
                place: match error {
                    DecodeError::InvalidByte(at, _) => Some(before + at + 1),
                    DecodeError::InvalidLastSymbol { offset, .. } => Some(before + offset + 1),
                    _ => None,
                },
            })?;
        if key.len() < 24 {
            return Err(SecretsErrorKind::WrongLength {
                expected: "base64 of at least 24 bytes, 32 characters, is expected",
            });
        }
        Ok(key)
    }

    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        HmacKey::prepare(key).map(Self)
    }
}

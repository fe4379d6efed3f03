//! [Standard Webhooks], the format of Svix and of everyone built on it.
//!
//! Three headers carry the proof: `webhook-id`, `webhook-timestamp` (Unix time in seconds) and `webhook-signature`, a
//! list separated by spaces of `v1,<base64>`. Svix and older senders name all three `svix-*`; a request with headers
//! of both families is refused. An entry is checked with the keys of its version;
//! entries of other versions are skipped.
//!
//! | entry | signed with | the key here | proves |
//! |---|---|---|---|
//! | `v1,` | HMAC-SHA256 | the secret, which both sides have | to the receiver: one of the two made it |
//! | `v1a,` | Ed25519 | the sender's public key | to anyone: the sender made it, and the receiver cannot have |
//!
//! # What the signature covers
//!
//! `{id}.{timestamp}.{body}`, which is everything: id, time and body. The id stays the same when a delivery is
//! repeated, so it is what to handle once; the timestamp is that of the attempt. An id with a `.` is refused, because
//! a different id, time and body would have the same signature.
//!
//! # Secrets
//!
//! Base64 of 24 bytes or more, up to 4 KiB of text, bare or as `whsec_…` or `v1,whsec_…`; anything else is refused
//! when the layer is built. The prefixes and the padding are not part of the secret: it can be removed with or without
//! them. The specification limits keys to 64 bytes; that is a rule for senders, and some use longer ones.
//!
//! Some senders in this format use the text itself as the key (the libraries of the specification call it *raw*). The
//! text does not show it, so the app must say so: [`Secret::raw`](crate::Secret::raw).
//!
//! # Public keys
//!
//! With the feature `ed25519`, a key may also be the sender's public one: `Secret::public_key("whpk_…")`. Its form is
//! checked when the layer is built, and so is that it is a point that only its owner can sign for. It comes from the app
//! alone, never from a request. Secrets and public keys may be in one set, several of each, so a sender can change from
//! one kind to the other. Up to 16 entries are read, only of the kinds that the set has. Without the feature, or
//! without a public key in the set, entries with `v1a` are skipped.
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | a header missing, sent more than once, malformed; timestamp outside the tolerance; no signature matches | 401 | empty |
//! | body authentic, but not JSON or not of the expected type | 400 | empty |
//!
//! The handler's own response is sent unchanged, except that a success without a body becomes the 200.
//!
//! Source: the Standard Webhooks specification 1.0.0, "Signature scheme" and "Webhook headers"; for `svix-*`, the
//! Svix documentation, "Verifying payloads manually".
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

mod event;
mod key;

use std::marker::PhantomData;
use std::mem;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::event::StandardEvent;
#[cfg(feature = "testing")]
pub(crate) use self::key::Algorithm;
pub use self::key::StandardKey;
use crate::answer::{BodyError, Rejection};
use crate::delivery::{DeliveryId, Trust};
use crate::head::{Head, HeaderField};
use crate::provider::{
    Attempt, Authentic, Authenticated, ClaimTime, Decoded, Deferrable, FromSecrets, Identified,
    Payload, Provider, Stop, Timestamped, Timing, decode_json,
};
use crate::secrets::{Keyring, Selected, SigningKeys};
#[cfg(feature = "ed25519")]
use crate::signing::KeyEncoding;
use crate::signing::{Credential, Scheme, SignedContent, TimeField};

static ID: HeaderName = HeaderName::from_static("webhook-id");
static TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
static SVIX_ID: HeaderName = HeaderName::from_static("svix-id");
static SVIX_TIMESTAMP: HeaderName = HeaderName::from_static("svix-timestamp");
static SIGNATURES: [HeaderName; 2] = [
    HeaderName::from_static("webhook-signature"),
    HeaderName::from_static("svix-signature"),
];

/// Standard Webhooks as a [`Provider`], with payloads of type `T`: see the [module](crate::standard_webhooks).
#[derive(Clone, Debug)]
pub struct StandardWebhooks<T: Payload = Value> {
    schemes: Schemes,
    keyring: Keyring<SigningKeys<StandardKey>>,
    payload: PhantomData<fn() -> T>,
}

impl<T: Payload> StandardWebhooks<T> {
    /// The schedule that the specification gives as an example. Senders may use a different one; they are advised to
    /// wait 15 to 30 seconds for an answer, to stop for good after 410, and to consider `Retry-After`. Source: the Standard
    /// Webhooks specification 1.0.0, "Deliverability and reliability" and "Delivery success and failure".
    pub const TIMING: Timing = {
        const fn after(seconds: u64) -> Attempt {
            Attempt::after(Duration::from_secs(seconds)).waiting(Duration::from_secs(30))
        }
        const HOUR: u64 = 60 * 60;
        Timing::new(
            &[
                after(0),
                after(5),
                after(5 * 60),
                after(30 * 60),
                after(2 * HOUR),
                after(5 * HOUR),
                after(10 * HOUR),
                after(14 * HOUR),
                after(20 * HOUR),
                after(24 * HOUR),
            ],
            "Standard Webhooks 1.0.0, \"Deliverability and reliability\"",
        )
        .stops(&[Stop::status(StatusCode::GONE)
            .consequence("Standard Webhooks asks senders to turn the endpoint off")])
        .honoring_retry_after()
    };
}

impl<T: Payload> Provider for StandardWebhooks<T> {
    type Event = StandardEvent<T>;
    type Claim = SignedHead;
    type Facts = SignedFacts;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn body_limit(&self) -> usize {
        1024 * 1024
    }

    fn credential_headers(&self) -> &[HeaderName] {
        &SIGNATURES
    }

    fn inspect(&self, head: &Head<'_>) -> Result<SignedHead, Rejection> {
        let [id, timestamp, signatures] = fields(head)?;
        let keys = self.keyring.select(head);
        let rules = &self.schemes.for_keys(&keys).0;
        // In the order of the scheme, which names one family and serves both.
        let reading = rules.read(head, &[signatures, timestamp, id])?;
        Ok(SignedHead {
            id_length: id.text()?.len(),
            timestamp: reading.time.unwrap_or_default(),
            signed: reading.signed()?,
            keys,
        })
    }

    fn tolerance(&self) -> Option<Duration> {
        self.schemes.shared.0.tolerance
    }

    fn time(&self, claim: &SignedHead) -> ClaimTime {
        ClaimTime::At(claim.timestamp)
    }

    fn authenticate(
        &self,
        head: SignedHead,
        body: &Bytes,
    ) -> Result<Authentic<SignedFacts>, Rejection> {
        let matched = head.keys.find(|key| head.signed.is_by(key, body))?;

        let mut id = String::from(head.signed.before);
        id.truncate(head.id_length);
        let facts = SignedFacts {
            id,
            timestamp: head.timestamp.as_secs(),
        };
        Ok(Authentic::new(matched, facts))
    }

    fn decode(
        &self,
        facts: &mut SignedFacts,
        json: &Bytes,
    ) -> Result<Decoded<StandardEvent<T>>, BodyError> {
        let payload = decode_json(json)?;
        let id = mem::take(&mut facts.id);
        Ok(StandardEvent::new(id, facts.timestamp, payload).into())
    }

    /// `webhook-id`, which is the same on every attempt.
    fn id(&self, event: &StandardEvent<T>, _: &Bytes) -> Option<DeliveryId> {
        (!event.id.is_empty()).then(|| DeliveryId::signed(&*event.id))
    }

    fn timing(&self) -> Timing {
        Self::TIMING
    }
}

impl<T: Payload> Authenticated for StandardWebhooks<T> {}

impl<T: Payload> Identified for StandardWebhooks<T> {
    fn trust(&self) -> Trust {
        Trust::Signed
    }
}

impl<T: Payload> Deferrable for StandardWebhooks<T> {}

impl<T: Payload> FromSecrets for StandardWebhooks<T> {
    const NAME: &'static str = "standard_webhooks";

    type Store = SigningKeys<StandardKey>;

    fn from_keyring(keyring: Keyring<Self::Store>) -> Self {
        Self {
            schemes: Schemes::new(),
            keyring,
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<Self::Store> {
        &self.keyring
    }
}

impl<T: Payload> Timestamped for StandardWebhooks<T> {}

/// The three headers, of the one family that the request uses.
fn fields<'a>(head: &Head<'a>) -> Result<[HeaderField<'a>; 3], Rejection> {
    let [
        id,
        timestamp,
        signature,
        svix_id,
        svix_timestamp,
        svix_signature,
    ] = head.headers([
        &ID,
        &TIMESTAMP,
        &SIGNATURES[0],
        &SVIX_ID,
        &SVIX_TIMESTAMP,
        &SIGNATURES[1],
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

/// The proof, for each kind of keys: signatures that no key can check are skipped, and take no place of the 16.
#[derive(Clone, Debug)]
struct Schemes {
    shared: Scheme,
    #[cfg(feature = "ed25519")]
    public: Scheme,
    #[cfg(feature = "ed25519")]
    both: Scheme,
}

impl Schemes {
    fn new() -> Self {
        let entry = |prefix: &str| {
            let list = Credential::header(SIGNATURES[0].as_str()).list(' ');
            list.prefix(prefix).base64()
        };
        let standard = Scheme::builder("standard_webhooks")
            .time(TimeField::header("webhook-timestamp").seconds())
            .signs("{header:webhook-id}.{time}.{body}");
        let shared = standard.clone().hmac_sha256(entry("v1,"));
        Self {
            shared: Scheme::of_sender(&shared),
            #[cfg(feature = "ed25519")]
            public: Scheme::of_sender(&standard.ed25519(entry("v1a,")).key(KeyEncoding::Base64)),
            #[cfg(feature = "ed25519")]
            both: Scheme::of_sender(&shared.or_ed25519("v1a,")),
        }
    }

    fn for_keys(&self, keys: &Selected<SigningKeys<StandardKey>>) -> &Scheme {
        #[cfg(feature = "ed25519")]
        if keys.any(StandardKey::is_public) {
            return match keys.any(|key| !key.is_public()) {
                true => &self.both,
                false => &self.public,
            };
        }
        let _shared_only = keys;
        &self.shared
    }
}

/// What the headers of a delivery claim, not yet compared.
pub struct SignedHead {
    /// It begins with the id.
    signed: SignedContent,
    id_length: usize,
    timestamp: Duration,
    keys: Selected<SigningKeys<StandardKey>>,
}

/// What the headers of a delivery say, once its signature matched.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SignedFacts {
    id: String,
    timestamp: u64,
}

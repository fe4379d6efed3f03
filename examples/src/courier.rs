//! A sender of one's own, written with nothing but the public items of `webhook-core`.
//!
//! A courier posts JSON, signs `{Courier-Timestamp}.{body}` with HMAC-SHA256, sends the hex in `Courier-Signature`, and
//! takes any 2xx for received.

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use webhook_core::{
    Authentic, BodyError, FromSecrets, Head, Keyring, PrivateKeys, Provider, Rejection, SecretKey,
    SecretsErrorKind, Timestamped, decode_json,
};

/// The courier as a provider.
#[derive(Clone, Debug)]
pub struct Courier {
    keyring: Keyring<Self>,
}

/// A parcel is somewhere else than it was. The signature covers all of it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ParcelMoved {
    /// The number of the parcel.
    pub parcel: String,
    /// Where it is now.
    pub place: String,
}

/// What the head claims, decoded and not yet compared.
pub struct Claim {
    /// As sent: these characters are signed, not their value.
    timestamp: String,
    unix_time: u64,
    signature: [u8; 32],
}

impl Provider for Courier {
    type Event = ParcelMoved;
    type Claim = Claim;
    type Facts = ();

    const NAME: &'static str = "courier";
    const BODY_LIMIT: usize = 16 * 1024;
    const CREDENTIAL_HEADERS: &'static [&'static str] = &["courier-signature"];

    fn inspect(&self, head: &Head<'_>) -> Result<Claim, Rejection> {
        let hex = head.header("courier-signature").credential()?;
        let mut signature = [0; 32];
        hex::decode_to_slice(hex, &mut signature).map_err(|_| Rejection::CredentialMalformed)?;

        let timestamp = head.header("courier-timestamp").credential()?;
        let unix_time = timestamp
            .parse()
            .map_err(|_| Rejection::CredentialMalformed)?;
        Ok(Claim {
            timestamp: timestamp.to_owned(),
            unix_time,
            signature,
        })
    }

    fn tolerance(&self) -> Option<Duration> {
        Some(Duration::from_secs(300))
    }

    fn time(&self, claim: &Claim) -> Option<Duration> {
        Some(Duration::from_secs(claim.unix_time))
    }

    fn authenticate(&self, claim: Claim, body: &Bytes) -> Result<Authentic<()>, Rejection> {
        let matched = self
            .keyring
            .load()
            .find(|key| key.has_signed(&claim, body))?;
        Ok(Authentic::new(matched, ()))
    }

    fn decode(&self, (): &mut (), json: &Bytes) -> Result<ParcelMoved, BodyError> {
        decode_json(json)
    }
}

/// A key whose state is prepared when the secret is set.
pub struct CourierKey(Hmac<Sha256>);

impl CourierKey {
    fn has_signed(&self, claim: &Claim, body: &[u8]) -> bool {
        let mac = self.0.clone().chain_update(&claim.timestamp);
        // In constant time; never with `==`.
        mac.chain_update(b".")
            .chain_update(body)
            .verify_slice(&claim.signature)
            .is_ok()
    }
}

impl SecretKey for CourierKey {
    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        const WRONG: SecretsErrorKind = SecretsErrorKind::WrongForm {
            expected: "16 characters or more",
        };
        if key.len() < 16 {
            return Err(WRONG);
        }
        Hmac::new_from_slice(key).map(Self).map_err(|_| WRONG)
    }
}

/// Gives `WebhookLayer::<Courier>` its `new`, and keys that change while the server runs.
impl FromSecrets for Courier {
    type Store = PrivateKeys<CourierKey>;

    fn from_keyring(keyring: Keyring<Self>) -> Self {
        Self { keyring }
    }

    fn keyring(&self) -> &Keyring<Self> {
        &self.keyring
    }
}

/// Gives the layer its `tolerance`.
impl Timestamped for Courier {}

//! A sender of one's own, written with nothing but the public items of `webhook-core`.
//!
//! A courier posts JSON, signs `{Courier-Timestamp}.{body}` with HMAC-SHA256, sends the hex in `Courier-Signature`, and
//! takes any 2xx for received.

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use webhook_core::{
    BodyError, FromSecrets, Head, Keyring, Opened, PrivateKeys, Provider, Receipt, Rejection,
    Reply, SecretKey, SecretsErrorKind, Timestamped, Tolerance,
};

/// The courier as a provider.
#[derive(Clone, Debug)]
pub struct Courier {
    keyring: Keyring<Self>,
    tolerance: Tolerance,
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
    signature: [u8; 32],
}

impl Provider for Courier {
    type Event = ParcelMoved;
    type Credential = Claim;

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
        self.tolerance.check(Duration::from_secs(unix_time))?;
        Ok(Claim {
            timestamp: timestamp.to_owned(),
            signature,
        })
    }

    fn open(&self, claim: Claim, body: &Bytes) -> Result<Opened<ParcelMoved>, Rejection> {
        let key = self
            .keyring
            .load()
            .find(|key| key.has_signed(&claim, body))
            .ok_or(Rejection::CredentialMismatch)?
            .cloned();
        let event = serde_json::from_slice(body).map_err(|error| BodyError::from_json(&error))?;
        Ok(Opened::new(event, key))
    }

    fn receipt(&self, _: &ParcelMoved, _: &Bytes) -> Receipt {
        Receipt::constant(|| Reply::new(StatusCode::OK))
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
    fn prepare(secret: &str) -> Result<Self, SecretsErrorKind> {
        const WRONG: SecretsErrorKind = SecretsErrorKind::WrongForm {
            expected: "16 characters or more",
        };
        if secret.len() < 16 {
            return Err(WRONG);
        }
        Hmac::new_from_slice(secret.as_bytes())
            .map(Self)
            .map_err(|_| WRONG)
    }
}

/// Gives `WebhookLayer::<Courier>` its `new`, and keys that change while the server runs.
impl FromSecrets for Courier {
    type Store = PrivateKeys<CourierKey>;

    fn from_keyring(keyring: Keyring<Self>) -> Self {
        Self {
            keyring,
            tolerance: Tolerance::default(),
        }
    }

    fn keyring(&self) -> &Keyring<Self> {
        &self.keyring
    }
}

/// Gives the layer its `tolerance`.
impl Timestamped for Courier {
    fn tolerance_mut(&mut self) -> &mut Tolerance {
        &mut self.tolerance
    }
}

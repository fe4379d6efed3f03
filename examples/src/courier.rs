//! A custom sender, written with only the public items of `webhook-core`.
//!
//! A courier posts JSON, signs `{Courier-Timestamp}.{body}` with HMAC-SHA256, sends the hex in `Courier-Signature`, and
//! counts any 2xx as received.

use std::slice;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;
use serde::{Deserialize, Serialize};
use webhook_core::provider::{Authentic, ClaimTime, Decoded, NoFacts, Timestamped, decode_json};
use webhook_core::secrets::Selected;
use webhook_core::signing::{DEFAULT_TOLERANCE, Encoding, HmacKeys, Signatures, unix_time};
use webhook_core::{BodyError, FromSecrets, Head, Keyring, Provider, Rejection};

static SIGNATURE: HeaderName = HeaderName::from_static("courier-signature");
static TIMESTAMP: HeaderName = HeaderName::from_static("courier-timestamp");

/// The courier as a provider.
#[derive(Clone, Debug)]
pub struct Courier(Keyring<HmacKeys>);

/// A parcel has moved. The signature covers all of it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ParcelMoved {
    /// The number of the parcel.
    pub parcel: String,
    /// Where it is now.
    pub place: String,
}

/// What the headers claim, decoded and not yet compared.
pub struct Claim {
    /// As sent: its characters are signed, not its value.
    timestamp: String,
    unix_time: u64,
    signature: Signatures,
    keys: Selected<HmacKeys>,
}

impl Provider for Courier {
    type Event = ParcelMoved;
    type Claim = Claim;
    type Facts = NoFacts;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn body_limit(&self) -> usize {
        16 * 1024
    }

    fn credential_headers(&self) -> &[HeaderName] {
        slice::from_ref(&SIGNATURE)
    }

    fn inspect(&self, head: &Head<'_>) -> Result<Claim, Rejection> {
        let timestamp = head.header(&TIMESTAMP).text()?;
        Ok(Claim {
            timestamp: timestamp.to_owned(),
            unix_time: unix_time(timestamp)?,
            signature: Signatures::one(head.header(&SIGNATURE).text()?, Encoding::Hex)?,
            keys: self.0.select(head),
        })
    }

    fn tolerance(&self) -> Option<Duration> {
        Some(DEFAULT_TOLERANCE)
    }

    fn time(&self, claim: &Claim) -> ClaimTime {
        ClaimTime::At(Duration::from_secs(claim.unix_time))
    }

    fn authenticate(&self, claim: Claim, body: &Bytes) -> Result<Authentic<NoFacts>, Rejection> {
        let signed = [claim.timestamp.as_bytes(), b".", body];
        let matched = claim
            .keys
            .find(|key| key.has_signed(&signed, &claim.signature))?;
        Ok(Authentic::new(matched, NoFacts {}))
    }

    fn decode(&self, _: &mut NoFacts, json: &Bytes) -> Result<Decoded<ParcelMoved>, BodyError> {
        decode_json(json).map(Decoded::Event)
    }
}

/// Gives `WebhookLayer::<Courier>` its `new`, and keys that can change while the server runs.
impl FromSecrets for Courier {
    const NAME: &'static str = "courier";

    type Store = HmacKeys;

    fn from_keyring(keyring: Keyring<HmacKeys>) -> Self {
        Self(keyring)
    }

    fn keyring(&self) -> &Keyring<HmacKeys> {
        &self.0
    }
}

/// Gives the layer its `tolerance`.
impl Timestamped for Courier {}

//! [Stripe], payments.
//!
//! The header `Stripe-Signature` is a list separated by commas: `t=<Unix time in seconds>,v1=<hex>`, with one `v1` for
//! each valid secret while one is rolled. Entries of other schemes, such as `v0`, are skipped; two `t` are refused.
//!
//! # What the signature covers
//!
//! `{t}.{body}`: the time and the body. Stripe signs each attempt again; the `id` in the body stays the same, so it is
//! what to handle once. The `whsec_` prefix is part of the key.
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | header missing, sent more than once, malformed; timestamp outside the tolerance; no signature matches | 401 | empty |
//! | body authentic, but not JSON or not of the expected type | 400 | empty |
//!
//! The handler's own response is sent unchanged, except that a success without a body becomes the 200.
//!
//! Source: the Stripe documentation, "Receive Stripe events in your webhook endpoint", section "Verify webhook
//! signatures manually".
//!
//! [Stripe]: https://stripe.com

mod event;
mod key;

use std::marker::PhantomData;
use std::slice;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::event::{StripeEvent, StripeRelatedObject, StripeThinEvent};
pub use self::key::StripeKey;
use crate::answer::{BodyError, Rejection};
use crate::delivery::{DeliveryId, Trust};
use crate::head::Head;
use crate::parse::json;
use crate::parse::repair::without_bom;
use crate::provider::{
    Authentic, Authenticated, ClaimTime, Decoded, Deferrable, FromSecrets, Identified, Payload,
    Provider, Repeats, Timestamped, Timing, decode_json,
};
use crate::secrets::{Keyring, Selected, SigningKeys};
use crate::signing::{Credential, Scheme, SchemeBuilder, SignedContent, TimeField};

static SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

/// How Stripe proves its deliveries.
fn scheme() -> SchemeBuilder {
    Scheme::builder("stripe")
        .hmac_sha256(Credential::header(SIGNATURE.as_str()).pair("v1").hex())
        .time(TimeField::pair("t").seconds())
        .signs("{time}.{body}")
}

/// Stripe as a [`Provider`], with payloads of type `T`: see the [module](crate::stripe).
#[derive(Clone, Debug)]
pub struct Stripe<T: Payload = Value> {
    scheme: Scheme,
    keyring: Keyring<SigningKeys<StripeKey>>,
    payload: PhantomData<fn() -> T>,
}

impl<T: Payload> Stripe<T> {
    /// Stripe repeats a delivery for three days, at growing intervals that it does not list, and asks for an answer
    /// "quickly". Source: the Stripe documentation, "Receive Stripe events in your webhook endpoint", section "Retry
    /// behavior".
    pub const TIMING: Timing = Timing::new(
        &[],
        "Stripe, \"Receive Stripe events in your webhook endpoint\"",
    )
    .within(Duration::from_secs(3 * 24 * 60 * 60))
    .repeats(Repeats::Roughly(
        "Stripe tries again for 3 days, at growing intervals",
    ))
    .if_never_received(
        "Stripe gives the event up after 3 days, and turns off an endpoint that keeps failing",
    );
}

impl<T: Payload> Provider for Stripe<T> {
    type Event = StripeEvent<T>;
    type Claim = SignedTime;
    type Facts = StripeFacts;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn body_limit(&self) -> usize {
        1024 * 1024
    }

    fn credential_headers(&self) -> &[HeaderName] {
        slice::from_ref(&SIGNATURE)
    }

    fn inspect(&self, head: &Head<'_>) -> Result<SignedTime, Rejection> {
        let reading = self.scheme.0.read(head, &self.scheme.0.fields(head))?;
        Ok(SignedTime {
            timestamp: reading.time.unwrap_or_default(),
            signed: reading.signed()?,
            keys: self.keyring.select(head),
        })
    }

    fn tolerance(&self) -> Option<Duration> {
        self.scheme.0.tolerance
    }

    fn time(&self, claim: &SignedTime) -> ClaimTime {
        ClaimTime::At(claim.timestamp)
    }

    fn authenticate(
        &self,
        claim: SignedTime,
        body: &Bytes,
    ) -> Result<Authentic<StripeFacts>, Rejection> {
        let matched = claim.keys.find(|key| claim.signed.is_by(key, body))?;
        let facts = StripeFacts {
            timestamp: claim.timestamp.as_secs(),
        };
        Ok(Authentic::new(matched, facts))
    }

    fn decode(
        &self,
        facts: &mut StripeFacts,
        json: &Bytes,
    ) -> Result<Decoded<StripeEvent<T>>, BodyError> {
        let payload = decode_json(json)?;
        Ok(StripeEvent::new(facts.timestamp, payload).into())
    }

    /// The `id` in the body, such as `evt_1`: Stripe keeps it when it repeats a delivery.
    fn id(&self, _: &StripeEvent<T>, body: &Bytes) -> Option<DeliveryId> {
        let [id] = json::read_object_of_bytes(without_bom(body), &["id"]).ok()?;
        let id = id.filter(|id| id.get().starts_with('"') && id.get() != "\"\"")?;
        json::text(id.get()).map(DeliveryId::signed)
    }

    fn timing(&self) -> Timing {
        Self::TIMING
    }
}

impl<T: Payload> Authenticated for Stripe<T> {}

impl<T: Payload> Identified for Stripe<T> {
    fn trust(&self) -> Trust {
        Trust::Signed
    }
}

impl<T: Payload> Deferrable for Stripe<T> {}

impl<T: Payload> FromSecrets for Stripe<T> {
    const NAME: &'static str = "stripe";

    type Store = SigningKeys<StripeKey>;

    fn from_keyring(keyring: Keyring<Self::Store>) -> Self {
        Self {
            scheme: Scheme::of_sender(&scheme()),
            keyring,
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<Self::Store> {
        &self.keyring
    }
}

impl<T: Payload> Timestamped for Stripe<T> {}

/// What `Stripe-Signature` claims, not yet compared.
pub struct SignedTime {
    timestamp: Duration,
    signed: SignedContent,
    keys: Selected<SigningKeys<StripeKey>>,
}

/// What the header of a delivery says, once its signature matched.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct StripeFacts {
    timestamp: u64,
}

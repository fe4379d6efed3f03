//! [Stripe], payments.
//!
//! The header field `Stripe-Signature` is a list separated by commas: `t=<Unix time in seconds>,v1=<hex>`, with one
//! `v1` for each secret that is valid while one is rolled. Entries of other schemes, such as `v0`, are skipped; two `t`
//! are refused.
//!
//! # What the signature covers
//!
//! `{t}.{body}`: the time and the body. Stripe signs each attempt anew; the `id` in the body stays the same, so it is
//! what to handle once. The `whsec_` of a secret is part of the key.
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | field missing, sent more than once, malformed; timestamp outside the tolerance; no signature matches | 401 | empty |
//! | body authentic, and no JSON or not of the expected type | 400 | empty |
//!
//! The handler's own answer passes as it is, but for a successful one without a body, which becomes the 200.
//!
//! Source: the Stripe documentation, "Receive Stripe events in your webhook endpoint", section "Verify webhook
//! signatures manually".
//!
//! [Stripe]: https://stripe.com

use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::hmac::HmacKey;
use crate::signatures::Signatures;
use crate::tolerance::unix_time;
use crate::{
    FromSecrets, Head, Keyring, Opened, Payload, PrivateKeys, Provider, Receipt, Rejection, Reply,
    Timestamped, Tolerance, payload,
};

/// Stripe as a [`Provider`], with payloads of type `T`: see the [module](crate::stripe).
#[derive(Clone, Debug)]
pub struct Stripe<T: Payload = Value> {
    keyring: Keyring<Self>,
    tolerance: Tolerance,
    payload: PhantomData<fn() -> T>,
}

impl<T: Payload> Stripe<T> {
    const SIGNATURE_HEADER: &'static str = "stripe-signature";
}

/// A delivery of Stripe. The signature covers all of it.
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::{StripeEvent, Value};
///
/// #[derive(Clone, Deserialize)]
/// struct Event {
///     id: String,
///     r#type: String,
///     data: Value,
/// }
///
/// fn on_event(event: StripeEvent<Event>) {
///     println!("{} {}", event.payload.r#type, event.payload.id);
/// }
/// # on_event(StripeEvent::new(
/// #     1_614_265_330,
/// #     Event { id: "evt_1".into(), r#type: "charge.succeeded".into(), data: Value::Null },
/// # ));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StripeEvent<T = Value> {
    /// `t`: when this attempt was made, in seconds of Unix time.
    pub timestamp: u64,
    /// The body.
    pub payload: T,
}

impl<T> StripeEvent<T> {
    /// A delivery from all its parts.
    pub fn new(timestamp: u64, payload: T) -> Self {
        Self { timestamp, payload }
    }
}

impl<T: Payload> Provider for Stripe<T> {
    type Event = StripeEvent<T>;
    type Credential = SignedTime;

    const NAME: &'static str = "stripe";
    const BODY_LIMIT: usize = 1024 * 1024;
    const CREDENTIAL_HEADERS: &'static [&'static str] = &[Self::SIGNATURE_HEADER];

    fn inspect(&self, head: &Head<'_>) -> Result<SignedTime, Rejection> {
        let list = head.header(Self::SIGNATURE_HEADER).credential()?;
        let (sent_at, signatures) = Signatures::with_time(list, "t")?;
        let timestamp = unix_time(sent_at)?;
        self.tolerance.check(Duration::from_secs(timestamp))?;
        Ok(SignedTime {
            sent_at: sent_at.to_owned(),
            timestamp,
            signatures,
        })
    }

    fn open(&self, time: SignedTime, body: &Bytes) -> Result<Opened<StripeEvent<T>>, Rejection> {
        let signed = [time.sent_at.as_bytes(), b".", body];
        let key = self
            .keyring
            .load()
            .find(|key| key.has_signed(&signed, &time.signatures))
            .ok_or(Rejection::CredentialMismatch)?
            .cloned();
        Ok(Opened::new(
            StripeEvent::new(time.timestamp, payload::decode(body)?),
            key,
        ))
    }

    fn receipt(&self, _: &StripeEvent<T>, _: &Bytes) -> Receipt {
        Receipt::constant(|| Reply::new(StatusCode::OK))
    }
}

impl<T: Payload> FromSecrets for Stripe<T> {
    type Store = PrivateKeys<HmacKey>;

    fn from_keyring(keyring: Keyring<Self>) -> Self {
        Self {
            keyring,
            tolerance: Tolerance::default(),
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<Self> {
        &self.keyring
    }
}

impl<T: Payload> Timestamped for Stripe<T> {
    fn tolerance_mut(&mut self) -> &mut Tolerance {
        &mut self.tolerance
    }
}

/// What `Stripe-Signature` claims, not yet compared.
pub struct SignedTime {
    /// The timestamp as sent: these characters are signed, not their value.
    sent_at: String,
    timestamp: u64,
    signatures: Signatures,
}

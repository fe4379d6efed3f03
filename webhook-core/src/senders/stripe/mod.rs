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

use std::marker::PhantomData;
use std::slice;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::answer::{BodyError, Rejection};
use crate::delivery::DeliveryId;
use crate::head::Head;
use crate::parse::json;
use crate::parse::repair::without_bom;
use crate::provider::{
    Authentic, Decoded, FromSecrets, Payload, Provider, Timestamped, Timing, decode_json,
};
use crate::secrets::{Keyring, Secret, SecretsErrorKind, Selected, SigningKey, SigningKeys};
use crate::signing::{DEFAULT_TOLERANCE, Encoding, HmacSha256, Signatures, unix_time};

static SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

/// Stripe as a [`Provider`], with payloads of type `T`: see the [module](crate::stripe).
#[derive(Clone, Debug)]
pub struct Stripe<T: Payload = Value> {
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
    .within(Duration::from_secs(3 * 24 * 60 * 60));
}

/// A Stripe delivery. The signature covers all of it.
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::Value;
/// use webhook_core::stripe::StripeEvent;
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
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StripeEvent<T = Value> {
    /// `t`: when this attempt was made, in seconds of Unix time.
    pub timestamp: u64,
    /// The body.
    pub payload: T,
}

impl<T> StripeEvent<T> {
    /// Creates a delivery from all its parts.
    pub fn new(timestamp: u64, payload: T) -> Self {
        Self { timestamp, payload }
    }
}

/// A thin event (`object` is `v2.core.event`), as a payload type: it names what changed, and the app asks the API for
/// it. Other fields are ignored.
///
/// ```
/// use webhook_core::stripe::StripeThinEvent;
///
/// let event: StripeThinEvent = serde_json::from_str(
///     r#"{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered",
///         "livemode":true,"created":"2024-09-17T06:20:52.246Z","context":null,
///         "related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"}}"#,
/// )?;
/// assert_eq!(event.related_object.unwrap().url.as_deref(), Some("/v1/billing/meters/mtr_1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Source: the Stripe documentation, "Event destinations", section "Thin events".
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StripeThinEvent {
    /// The id of the event, which stays the same when it is repeated.
    pub id: String,
    /// What happened, such as `v1.billing.meter.error_report_triggered`.
    pub r#type: String,
    /// When it happened, in RFC 3339.
    pub created: Option<String>,
    /// Whether it is from live mode.
    pub livemode: Option<bool>,
    /// The account that it is about, in an organization or a connected platform.
    pub context: Option<String>,
    /// The object that it is about; some events have none.
    pub related_object: Option<StripeRelatedObject>,
}

/// `related_object` of a [`StripeThinEvent`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StripeRelatedObject {
    /// The id of the object.
    pub id: String,
    /// The type of the object, such as `billing.meter`.
    pub r#type: String,
    /// Its path in the API.
    pub url: Option<String>,
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
        let list = head.header(&SIGNATURE).text()?;
        let (sent_at, signatures) = Signatures::with_time(list, "t", "v1", Encoding::Hex)?;
        Ok(SignedTime {
            sent_at: sent_at.to_owned(),
            timestamp: unix_time(sent_at)?,
            signatures,
            keys: self.keyring.select(head),
        })
    }

    fn tolerance(&self) -> Option<Duration> {
        Some(DEFAULT_TOLERANCE)
    }

    fn time(&self, claim: &SignedTime) -> Option<Duration> {
        Some(Duration::from_secs(claim.timestamp))
    }

    fn authenticate(
        &self,
        claim: SignedTime,
        body: &Bytes,
    ) -> Result<Authentic<StripeFacts>, Rejection> {
        let signed = [claim.sent_at.as_bytes(), b".", body];
        let matched = claim
            .keys
            .find(|StripeKey(key)| key.has_signed(&signed, &claim.signatures))?;
        let facts = StripeFacts {
            timestamp: claim.timestamp,
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
        let id = id.filter(|id| id.get().starts_with('"'))?;
        json::text(id.get()).map(DeliveryId::signed)
    }

    fn timing(&self) -> Timing {
        Self::TIMING
    }
}

impl<T: Payload> FromSecrets for Stripe<T> {
    const NAME: &'static str = "stripe";

    type Store = SigningKeys<StripeKey>;

    fn from_keyring(keyring: Keyring<Self::Store>) -> Self {
        Self {
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
    /// The timestamp as sent: its characters are signed, not its value.
    sent_at: String,
    timestamp: u64,
    signatures: Signatures,
    keys: Selected<SigningKeys<StripeKey>>,
}

/// What the header of a delivery says, once its signature matched.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct StripeFacts {
    timestamp: u64,
}

/// The signing secret of an endpoint, `whsec_` included.
pub struct StripeKey(pub(crate) HmacSha256);

impl SigningKey for StripeKey {
    fn decode(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        let text = secret.expose();
        let is_api_key = ["sk_", "pk_", "rk_"]
            .iter()
            .any(|api| text.starts_with(api));
        if is_api_key && !secret.is_raw() {
            return Err(SecretsErrorKind::OtherCredential {
                found: "an API key (`sk_`, `pk_` or `rk_`)",
                expected: "the signing secret of the endpoint, which begins with `whsec_`",
            });
        }
        Ok(Zeroizing::new(text.as_bytes().to_vec()))
    }

    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        HmacSha256::prepare(key).map(Self)
    }
}

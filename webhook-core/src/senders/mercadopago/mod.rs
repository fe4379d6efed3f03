//! [Mercado Pago], payments in Latin America.
//!
//! The header field `x-signature` is `ts=<Unix time>,v1=<hex>`, the time in seconds or milliseconds. Entries of other
//! versions are skipped; two `ts` are refused.
//!
//! # What the signature covers
//!
//! `id:{data.id};request-id:{x-request-id};ts:{ts};`, where a part whose value is absent is left out. So it covers:
//!
//! 1. `data.id` of the **query**, if there is one: percent-decoded, as sent or, as older documentation has it,
//!    lower-cased. The case of its letters is therefore not proved.
//! 2. The header field `x-request-id`. A proxy that writes one of its own makes every signature fail.
//! 3. The time. That retries are signed again, with another time, was observed and is not documented, so no tolerance
//!    holds unless the app sets one: [`Timestamped`]. A captured request can be replayed for ever.
//!
//! It does **not** cover the body, nor `type`, `topic` or `id` in the query: they are in
//! [`MercadoPagoEvent::unauthenticated`]. So take an event for a reason to ask the API of Mercado Pago for
//! the resource, by [`MercadoPagoEvent::data_id`] where there is one, and handle each state of it once.
//!
//! `data.id` twice in the query is refused, and so is a `;` in a part, which could stand for other parts. QR
//! notifications are unsigned: they cannot be received here. Orders that were made with test credentials never verify, as
//! others report.
//!
//! [`MercadoPagoNotification`] takes the body, which is
//! `{"action":"payment.created","type":"payment","data":{"id":"123"},…}`, as liberally as it can.
//!
//! # IPN
//!
//! Mercado Pago also sends its older *Instant Payment Notifications* ("Feed v2.0") to the same URL:
//! `?id=123&topic=merchant_order`, with the body `{"resource":"https://…/123","topic":"merchant_order"}`. By its own
//! documentation they cannot be verified, with or without an `x-signature`, and are to be discontinued. Unless they are
//! answered with 200 or 201 within 22 s they come again about every 15 minutes. So a request with a `topic` and without a
//! `data.id` is answered with an empty 200, its body is not read, and **no handler gets it**, even if its signature
//! happens to match: its rejection is [`Rejection::Unverifiable`]. The log warns of it, at most once a minute.
//!
//! IPN cannot be received here. Subscribe to webhooks in the panel of the application, or let `notification_url` end in
//! `?source_news=webhooks`, which many receivers do (one page of the sender's documentation writes `ipn` there for the
//! opposite). [`MercadoPago::refuse_ipn`] answers with 401 instead.
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | `x-signature` missing, sent more than once, malformed; the signature does not match | 401 | empty |
//! | IPN: `topic` in the query, and no `data.id` | 200 | empty |
//! | request authentic, and the body no JSON or not of the expected type | 400 | empty |
//!
//! The handler's own answer passes as it is, but for a successful one without a body, which becomes the 200, and another
//! 2xx than 200 and 201, whose status becomes 200: only these two count as received.
//!
//! Source: the Mercado Pago documentation, "Webhooks", section "Validate the origin of a notification", and "IPN".
//!
//! [Mercado Pago]: https://www.mercadopago.com

mod event;
mod lenient;
mod notification;
mod query;

use std::marker::PhantomData;
use std::slice;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::event::{MercadoPagoEvent, MercadoPagoUnauthenticated};
pub use self::notification::{MercadoPagoData, MercadoPagoNotification};

use self::query::Query;
use crate::answer::{BodyError, Received, Rejection, Reply};
use crate::head::Head;
use crate::provider::{
    Attempt, Authentic, Decoded, FromSecrets, Payload, Provider, Timestamped, Timing, decode_json,
};
use crate::secrets::{Keyring, Matched};
use crate::signing::{Encoding, HmacKeys, Signatures, unix_time};

static SIGNATURE: HeaderName = HeaderName::from_static("x-signature");
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Mercado Pago as a [`Provider`], with bodies of type `T`: see the [module](crate::mercadopago).
#[derive(Clone, Debug)]
pub struct MercadoPago<T: Payload = Value> {
    keyring: Keyring<HmacKeys>,
    refuses_ipn: bool,
    payload: PhantomData<fn() -> T>,
}

impl<T: Payload> MercadoPago<T> {
    /// Mercado Pago waits for 22 s at first and then for 5 s, repeats after 15 min, 30 min, 6 h, 2 d and 4 d (its pages
    /// differ: one has 5 min first), and counts 200 and 201 only. Source: the Mercado Pago documentation, "Webhooks" and
    /// "IPN".
    pub const TIMING: Timing = {
        const fn after(minutes: u64, seconds_for_answer: u64) -> Attempt {
            Attempt::after(Duration::from_secs(minutes * 60))
                .waiting(Duration::from_secs(seconds_for_answer))
        }
        const DAY: u64 = 24 * 60;
        Timing::new(
            &[
                after(0, 22),
                after(15, 5),
                after(30, 5),
                after(6 * 60, 5),
                after(2 * DAY, 5),
                after(4 * DAY, 5),
            ],
            "Mercado Pago, \"Webhooks\"",
        )
        .received(Received::Only(&[StatusCode::OK, StatusCode::CREATED]))
    };

    /// Whether a notification of the IPN is answered with 401, after which it comes again about every 15 minutes. Off
    /// unless set: it is answered with 200 and dropped. See the [module](crate::mercadopago).
    pub fn refuse_ipn(&mut self, refuse: bool) {
        self.refuses_ipn = refuse;
    }
}

impl<T: Payload> Provider for MercadoPago<T> {
    type Event = MercadoPagoEvent<T>;
    type Claim = ProvenHead;
    type Facts = SignedQuery;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn body_limit(&self) -> usize {
        1024 * 1024
    }

    fn credential_headers(&self) -> &[HeaderName] {
        slice::from_ref(&SIGNATURE)
    }

    fn inspect(&self, head: &Head<'_>) -> Result<ProvenHead, Rejection> {
        let query = Query::read(head.query().unwrap_or_default());
        // Whatever its signature is worth: by the sender's documentation nobody can tell.
        if query.as_ref().is_ok_and(Query::is_ipn) {
            return Err(Rejection::Unverifiable);
        }
        let list = head.header(&SIGNATURE).text()?;
        let (ts, signatures) = Signatures::with_time(list, "ts", "v1", Encoding::Hex)?;
        let timestamp_ms = milliseconds(unix_time(ts)?);

        let request_id = match head.header(&REQUEST_ID).text() {
            Err(Rejection::CredentialMissing) => None,
            request_id => Some(request_id?),
        };
        let query = query?;
        if [query.data_id.as_deref(), request_id]
            .into_iter()
            .flatten()
            .any(|part| part.contains(';'))
        {
            return Err(Rejection::CredentialMalformed);
        }

        let keys = self.keyring.select(head);
        let signed_with = |data_id: Option<&str>| {
            let manifest = manifest(data_id, request_id, ts);
            keys.find(|key| key.has_signed(&[manifest.as_bytes()], &signatures))
        };
        let matched = signed_with(query.data_id.as_deref()).or_else(|mismatch| {
            match query.data_id.as_deref().and_then(lower_cased) {
                Some(data_id) => signed_with(Some(&data_id)),
                None => Err(mismatch),
            }
        })?;

        Ok(ProvenHead {
            matched,
            facts: SignedQuery {
                data_id: query.data_id.map(Into::into),
                request_id: request_id.map(Into::into),
                timestamp_ms,
                topic: query.topic.map(Into::into),
                id: query.id.map(Into::into),
            },
        })
    }

    fn time(&self, head: &ProvenHead) -> Option<Duration> {
        Some(Duration::from_millis(head.facts.timestamp_ms))
    }

    /// The body is not signed, so the head has shown all that there is to prove.
    fn authenticate(
        &self,
        head: ProvenHead,
        _: &Bytes,
    ) -> Result<Authentic<SignedQuery>, Rejection> {
        Ok(Authentic::new(head.matched, head.facts))
    }

    fn decode(
        &self,
        facts: &mut SignedQuery,
        json: &Bytes,
    ) -> Result<Decoded<MercadoPagoEvent<T>>, BodyError> {
        let body = decode_json(json)?;
        Ok(Decoded::Event(MercadoPagoEvent {
            data_id: facts.data_id.take(),
            request_id: facts.request_id.take(),
            timestamp_ms: facts.timestamp_ms,
            unauthenticated: MercadoPagoUnauthenticated {
                topic: facts.topic.take(),
                id: facts.id.take(),
                body,
            },
        }))
    }

    fn timing(&self) -> Timing {
        Self::TIMING
    }

    fn refuse(&self, rejection: &Rejection) -> Reply {
        match rejection {
            Rejection::Unverifiable if !self.refuses_ipn => Reply::new(StatusCode::OK),
            _ => Reply::standard(rejection),
        }
    }

    fn remedy(&self, rejection: &Rejection) -> &'static str {
        match rejection {
            Rejection::Unverifiable => {
                "they are IPN: subscribe to webhooks in the panel of the application, or let `notification_url` end in \
                 `?source_news=webhooks`"
            }
            Rejection::CredentialMismatch => {
                "check the secret of the application, and that no proxy rewrites `x-request-id`"
            }
            _ => rejection.remedy(),
        }
    }
}

impl<T: Payload> FromSecrets for MercadoPago<T> {
    const NAME: &'static str = "mercadopago";

    type Store = HmacKeys;

    fn from_keyring(keyring: Keyring<HmacKeys>) -> Self {
        Self {
            keyring,
            refuses_ipn: false,
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<HmacKeys> {
        &self.keyring
    }
}

/// No tolerance holds unless one is set: that retries are signed again was observed, and is not documented.
impl<T: Payload> Timestamped for MercadoPago<T> {}

/// What is signed: the parts that are there.
pub(crate) fn manifest(data_id: Option<&str>, request_id: Option<&str>, ts: &str) -> String {
    let mut manifest = String::with_capacity(128);
    for (name, value) in [
        ("id:", data_id),
        ("request-id:", request_id),
        ("ts:", Some(ts)),
    ] {
        if let Some(value) = value {
            manifest.extend([name, value, ";"]);
        }
    }
    manifest
}

/// The id in lower case, if that is another one.
fn lower_cased(id: &str) -> Option<String> {
    id.bytes()
        .any(|byte| byte.is_ascii_uppercase())
        .then(|| id.to_ascii_lowercase())
}

/// The time in milliseconds: 10^11 seconds are reached in the year 5138, 10^11 milliseconds were in 1973.
fn milliseconds(ts: u64) -> u64 {
    if ts < 100_000_000_000 { ts * 1000 } else { ts }
}

/// A head whose signature has matched.
pub struct ProvenHead {
    matched: Matched,
    facts: SignedQuery,
}

/// What that head says. `topic` and `id` are not covered.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SignedQuery {
    data_id: Option<String>,
    request_id: Option<String>,
    timestamp_ms: u64,
    topic: Option<String>,
    id: Option<String>,
}

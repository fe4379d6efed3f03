//! [Mercado Pago], payments in Latin America.
//!
//! The header `x-signature` is `ts=<Unix time>,v1=<hex>`, the time in seconds or milliseconds. Entries of other
//! versions are skipped; two `ts` are refused.
//!
//! # What the signature covers
//!
//! `id:{data.id};request-id:{x-request-id};ts:{ts};`, without the parts whose values are missing. So it covers:
//!
//! 1. `data.id` of the **query**, if there is one, percent-decoded: as sent, or lowercased, as in older documentation.
//!    So the case of its letters is not proven.
//! 2. The header `x-request-id`. A proxy that sets its own makes every signature fail.
//! 3. The time. Retries are signed again with a new time, but that was only observed and is not documented, so there
//!    is no tolerance unless the app sets one: [`Timestamped`]. Without it, a captured request can be replayed
//!    forever.
//!
//! It does **not** cover the body, nor `type`, `topic` or `id` in the query: they are in
//! [`MercadoPagoEvent::unauthenticated`]. So treat an event as a reason to ask the Mercado Pago API for the resource,
//! by [`MercadoPagoEvent::data_id`] if there is one, and handle each of its states once.
//!
//! A repeated `data.id` in the query is refused, and so is a `;` in a part, which could pass for other parts. QR
//! notifications are unsigned and cannot be received here. Orders made with test credentials never verify, as others
//! report.
//!
//! [`MercadoPagoNotification`] decodes the body,
//! `{"action":"payment.created","type":"payment","data":{"id":"123"},…}`, as liberally as it can.
//!
//! # IPN
//!
//! Mercado Pago also sends its older *Instant Payment Notifications* ("Feed v2.0") to the same URL:
//! `?id=123&topic=merchant_order`, with the body `{"resource":"https://…/123","topic":"merchant_order"}`. According to
//! its documentation they cannot be verified, with or without an `x-signature`, and will be discontinued. Unless they
//! are answered with 200 or 201 within 22 s, they are sent again about every 15 minutes. So a request with a `topic`
//! and without a `data.id` is answered with an empty 200, its body is not read, and **no handler gets it**, even if
//! its signature happens to match: its rejection is [`Rejection::Unverifiable`]. The log warns about it, at most once
//! a minute.
//!
//! IPN cannot be received here. Subscribe to webhooks in the application's panel, or end `notification_url` in
//! `?source_news=webhooks`, as many receivers do (one page of the sender's documentation uses `ipn` there, for the
//! opposite). [`MercadoPago::refuse_ipn`] answers with 401 instead.
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | `x-signature` missing, sent more than once, malformed; the signature does not match | 401 | empty |
//! | IPN: `topic` in the query, and no `data.id` | 200 | empty |
//! | request authentic, but the body not JSON or not of the expected type | 400 | empty |
//!
//! The handler's own response is sent unchanged, with two exceptions: a success without a body becomes the 200, and a
//! 2xx other than 200 and 201 gets the status 200, since only these two count as received.
//!
//! Source: the Mercado Pago documentation, "Webhooks", section "Validate the origin of a notification", and "IPN".
//!
//! [Mercado Pago]: https://www.mercadopago.com

mod event;
mod lenient;
mod manifest;
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

pub(crate) use self::manifest::manifest;
use self::manifest::{lower_cased, milliseconds};
use self::query::Query;
use crate::answer::{BodyError, Received, Rejection, Reply};
use crate::head::Head;
use crate::provider::{
    Attempt, Authentic, Authenticated, ClaimTime, Decoded, Deferrable, FromSecrets, Payload,
    Provider, Timestamped, Timing, decode_json,
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
    /// Mercado Pago waits 22 s at first and then 5 s, repeats after 15 min, 30 min, 6 h, 2 d and 4 d (its pages
    /// differ: one has 5 min first), and counts only 200 and 201. Source: the Mercado Pago documentation, "Webhooks"
    /// and "IPN".
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
        .if_never_received("Mercado Pago gives the notification up: ask its API for the payment")
    };

    /// Answers IPN with 401, after which it is sent again about every 15 minutes. Off by default: IPN is answered with
    /// 200 and dropped. See the [module](crate::mercadopago).
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
        // Whatever its signature: the sender documents that it cannot be verified.
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

    fn time(&self, head: &ProvenHead) -> ClaimTime {
        ClaimTime::At(Duration::from_millis(head.facts.timestamp_ms))
    }

    /// The body is not signed, so there is nothing left to check.
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
                "they are IPN: subscribe to webhooks in the application's panel, or end `notification_url` in \
                 `?source_news=webhooks`"
            }
            Rejection::CredentialMismatch => {
                "check the application's secret, and that no proxy rewrites `x-request-id`"
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

/// No tolerance unless one is set: that retries are signed again was observed, but is not documented.
impl<T: Payload> Timestamped for MercadoPago<T> {}

impl<T: Payload> Authenticated for MercadoPago<T> {}

impl<T: Payload> Deferrable for MercadoPago<T> {}

/// What is proven by the headers and the query, whose signature matched.
pub struct ProvenHead {
    matched: Matched,
    facts: SignedQuery,
}

/// Values from the headers and the query. The signature does not cover `topic` and `id`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SignedQuery {
    data_id: Option<String>,
    request_id: Option<String>,
    timestamp_ms: u64,
    topic: Option<String>,
    id: Option<String>,
}

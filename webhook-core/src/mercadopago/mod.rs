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
//! 3. The time. Mercado Pago does not document that it signs retries anew, so no tolerance holds unless the app sets
//!    one: [`Timestamped`]. A captured request can be replayed for ever.
//!
//! It does **not** cover the body, nor `type`, `topic` or `id` in the query: they are in
//! [`MercadoPagoEvent::unauthenticated`]. So take an event for a reason to ask the API of Mercado Pago for
//! the resource, by [`MercadoPagoEvent::data_id`] where there is one, and handle each state of it once.
//!
//! `data.id` twice in the query is refused, and so is a `;` in a part, which could stand for other parts. QR
//! notifications are unsigned: they cannot be received here.
//!
//! # Notifications
//!
//! | query | body |
//! |---|---|
//! | `?data.id=123&type=payment` | `{"action":"payment.created","type":"payment","data":{"id":"123"},…}` |
//! | `?id=123&topic=merchant_order` | `{"resource":"https://…/123","topic":"merchant_order"}` |
//!
//! [`MercadoPagoNotification`] takes both bodies.
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | `x-signature` missing, sent more than once, malformed; the signature does not match | 401 | empty |
//! | request authentic, and the body no JSON or not of the expected type | 400 | empty |
//!
//! The handler's own answer passes as it is, but for a successful one without a body, which becomes the 200.
//!
//! Source: the Mercado Pago documentation, "Webhooks", section "Validate the origin of a notification".
//!
//! [Mercado Pago]: https://www.mercadopago.com

mod event;
mod query;

use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

pub use self::event::{
    MercadoPagoData, MercadoPagoEvent, MercadoPagoNotification, MercadoPagoUnauthenticated,
};

use self::query::Query;
use crate::hmac::HmacKey;
use crate::signatures::Signatures;
use crate::tolerance::unix_time;
use crate::{
    FromSecrets, Head, Keyring, Label, Opened, Payload, PrivateKeys, Provider, Receipt, Rejection,
    Reply, Timestamped, Tolerance, payload,
};

/// Mercado Pago as a [`Provider`], with bodies of type `T`: see the [module](crate::mercadopago).
#[derive(Clone, Debug)]
pub struct MercadoPago<T: Payload = Value> {
    keyring: Keyring<Self>,
    tolerance: Tolerance,
    payload: PhantomData<fn() -> T>,
}

impl<T: Payload> MercadoPago<T> {
    const SIGNATURE_HEADER: &'static str = "x-signature";
}

impl<T: Payload> Provider for MercadoPago<T> {
    type Event = MercadoPagoEvent<T>;
    type Credential = ProvenHead;

    const NAME: &'static str = "mercadopago";
    const BODY_LIMIT: usize = 1024 * 1024;
    const CREDENTIAL_HEADERS: &'static [&'static str] = &[Self::SIGNATURE_HEADER];

    fn inspect(&self, head: &Head<'_>) -> Result<ProvenHead, Rejection> {
        let list = head.header(Self::SIGNATURE_HEADER).credential()?;
        let (ts, signatures) = Signatures::with_time(list, "ts")?;
        let timestamp_ms = milliseconds(unix_time(ts)?);
        self.tolerance.check(Duration::from_millis(timestamp_ms))?;

        let request_id = match head.header("x-request-id").credential() {
            Err(Rejection::CredentialMissing) => None,
            request_id => Some(request_id?),
        };
        let query = Query::read(head.query().unwrap_or_default())?;
        if [query.data_id.as_deref(), request_id]
            .into_iter()
            .flatten()
            .any(|part| part.contains(';'))
        {
            return Err(Rejection::CredentialMalformed);
        }

        let keys = self.keyring.load();
        let signed_with = |data_id: Option<&str>| {
            let manifest = manifest(data_id, request_id, ts);
            keys.find(|key| key.has_signed(&[manifest.as_bytes()], &signatures))
        };
        let key = signed_with(query.data_id.as_deref())
            .or_else(|| signed_with(Some(&lower_cased(query.data_id.as_deref()?)?)))
            .ok_or(Rejection::CredentialMismatch)?
            .cloned();

        Ok(ProvenHead {
            key,
            data_id: query.data_id.map(Into::into),
            request_id: request_id.map(Into::into),
            timestamp_ms,
            topic: query.topic.map(Into::into),
            id: query.id.map(Into::into),
        })
    }

    fn open(
        &self,
        head: ProvenHead,
        body: &Bytes,
    ) -> Result<Opened<MercadoPagoEvent<T>>, Rejection> {
        let event = MercadoPagoEvent {
            data_id: head.data_id,
            request_id: head.request_id,
            timestamp_ms: head.timestamp_ms,
            unauthenticated: MercadoPagoUnauthenticated {
                topic: head.topic,
                id: head.id,
                body: payload::decode(body)?,
            },
        };
        Ok(Opened::new(event, head.key))
    }

    fn receipt(&self, _: &MercadoPagoEvent<T>, _: &Bytes) -> Receipt {
        Receipt::constant(|| Reply::new(StatusCode::OK))
    }
}

impl<T: Payload> FromSecrets for MercadoPago<T> {
    type Store = PrivateKeys<HmacKey>;

    fn from_keyring(keyring: Keyring<Self>) -> Self {
        Self {
            keyring,
            tolerance: Tolerance::unlimited(),
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<Self> {
        &self.keyring
    }
}

/// No tolerance holds unless one is set: it is not documented that retries are signed anew.
impl<T: Payload> Timestamped for MercadoPago<T> {
    fn tolerance_mut(&mut self) -> &mut Tolerance {
        &mut self.tolerance
    }
}

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
    key: Option<Label>,
    data_id: Option<String>,
    request_id: Option<String>,
    timestamp_ms: u64,
    topic: Option<String>,
    id: Option<String>,
}

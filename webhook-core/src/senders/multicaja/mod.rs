//! [Multicaja], today Klap: payments in Chile.
//!
//! The merchant registers three URLs when it creates an order. *Confirm* says that the order was paid, *reject* that
//! it was refused or voided; both carry the header `Apikey`, the SHA-256 in hex of `reference_id`, `order_id` and the
//! merchant's private API key, joined without separators. *Validation* carries no proof at all, so it has its own
//! provider, [`MulticajaValidation`], and its own event.
//!
//! # What the digest proves
//!
//! That someone who knows the key named this pair of ids, and **nothing else**:
//!
//! 1. There is no separator, so `reference_id` `AB` with `order_id` `C123` has the digest of `ABC` with `123`. Compare
//!    the pair with the one you stored when you created the order: [`Order::is`].
//! 2. The endpoint is not covered: the header of a confirm is valid on reject, and the reverse.
//! 3. The amount is not covered, and neither is any other field: they are in [`Order::unauthenticated`].
//! 4. There is no timestamp: a captured request can be replayed forever.
//!
//! So treat an event as a reason to ask the Klap API for the order, and handle each order once.
//!
//! # Answers
//!
//! Klap requires a status from 200 to 299 with a JSON body within 10 seconds; otherwise it reverses the payment by
//! itself and the order becomes a refund.
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | the order JSON, byte for byte as received; the repaired text if it had to be repaired; for a form, the JSON object of its fields |
//! | the handler's own 2xx without a body, or not JSON by its `Content-Type` | 200 | the same |
//! | digest missing, malformed, wrong, or sent more than once; body not acceptable | 500 | `error` |
//!
//! The two ids must be valid Unicode, since they are what is proven. Damage elsewhere (bytes that are not UTF-8,
//! escapes of lone surrogates, a byte order mark) is repaired with U+FFFD rather than refused: a 500 would reverse an
//! authentic payment. A form is not repaired.
//!
//! Source: the webhook section of the Multicaja/Klap integration guide, and its reference receivers.
//!
//! [Multicaja]: https://www.klap.cl

mod body;
mod decode;
mod digest;
mod endpoint;
mod event;
mod validation;

use std::borrow::Cow;
use std::mem;
use std::slice;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};

pub use self::digest::{ApiKey, SentDigest};
pub use self::event::{CardToken, MulticajaEvent, Order, OrderIds, QuotasType, Unauthenticated};
pub use self::validation::{MulticajaValidation, MulticajaValidationEvent};

use self::decode::Ids;
use self::endpoint::Endpoint;
use crate::answer::{
    Acknowledgement, BodyError, BodyErrorKind, Received, Rejection, RejectionClass, Reply,
};
use crate::head::{Head, HeaderField};
use crate::parse::form::Form;
use crate::provider::{Attempt, Authentic, Authenticated, Decoded, FromSecrets, Provider, Timing};
use crate::secrets::{Keyring, SigningKeys};

static DIGEST: HeaderName = HeaderName::from_static("apikey");

/// Klap waits ten seconds and counts a 2xx with a JSON body. Otherwise it reverses the payment; it documents no
/// repeats.
const TIMING: Timing = Timing::new(
    &[Attempt::after(Duration::ZERO).waiting(Duration::from_secs(10))],
    "Multicaja/Klap integration guide, webhooks",
)
.received(Received::SuccessWithJson)
.if_never_received("Klap reverses the payment, and the order becomes a refund");

/// Confirm and reject of Multicaja/Klap as a [`Provider`]: see the [module](crate::multicaja).
///
/// Unless it serves only one of them ([`serve_confirm_only`](Self::serve_confirm_only),
/// [`serve_reject_only`](Self::serve_reject_only)), it takes the endpoint from the request: the last segment of the
/// path (`/webhook_confirm`, `/webhook_reject`) and the query (`?webhook=confirm`, `?webhook=reject`, in any letter
/// case) may each name at most one; if both do, they must agree. It never serves validation. A request that names no
/// endpoint, two, or an unknown one is answered with 404; if your own path names none, build it for one endpoint, as
/// the log then says.
#[derive(Clone, Debug)]
pub struct Multicaja {
    keyring: Keyring<SigningKeys<ApiKey>>,
    endpoint: Option<Endpoint>,
}

impl Multicaja {
    /// Klap waits ten seconds and counts a 2xx with a JSON body as received. Otherwise it reverses the payment; it
    /// documents no repeats. Source: the webhook section of the Multicaja/Klap integration guide.
    pub const TIMING: Timing = TIMING;

    /// Serves confirm only, whatever path and query say. For a path of your own.
    pub fn serve_confirm_only(&mut self) {
        self.endpoint = Some(Endpoint::Confirm);
    }

    /// Serves reject only, whatever path and query say. For a path of your own.
    pub fn serve_reject_only(&mut self) {
        self.endpoint = Some(Endpoint::Reject);
    }
}

impl FromSecrets for Multicaja {
    const NAME: &'static str = "multicaja";

    type Store = SigningKeys<ApiKey>;

    fn from_keyring(keyring: Keyring<Self::Store>) -> Self {
        Self {
            keyring,
            endpoint: None,
        }
    }

    fn keyring(&self) -> &Keyring<Self::Store> {
        &self.keyring
    }
}

impl Provider for Multicaja {
    type Event = MulticajaEvent;
    type Claim = SentDigest;
    type Facts = OrderFacts;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn credential_headers(&self) -> &[HeaderName] {
        slice::from_ref(&DIGEST)
    }

    fn inspect(&self, head: &Head<'_>) -> Result<SentDigest, Rejection> {
        let endpoint = match self.endpoint {
            Some(endpoint) => endpoint,
            None => Endpoint::of(head)?.ok_or(Rejection::EndpointUnnamed)?,
        };
        if endpoint == Endpoint::Validation {
            return Err(Rejection::EndpointUnknown);
        }
        let mut digest = [0; 32];
        match head.header(&DIGEST) {
            HeaderField::Absent | HeaderField::Once(b"") => Err(Rejection::CredentialMissing),
            HeaderField::Repeated => Err(Rejection::CredentialRepeated),
            HeaderField::Once(hex) => {
                hex::decode_to_slice(hex, &mut digest).map_err(|_| Rejection::CredentialMalformed)
            }
        }?;
        Ok(SentDigest {
            digest,
            endpoint,
            is_form: Form::is_announced(head.header(&CONTENT_TYPE)),
            keys: self.keyring.select(head),
        })
    }

    /// The digest needs only the two ids: a forged body is a wrong credential whatever else is in it, and an authentic
    /// one stays authentic whatever else is damaged.
    fn authenticate(
        &self,
        sent: SentDigest,
        body: &Bytes,
    ) -> Result<Authentic<OrderFacts>, Rejection> {
        let json = body::as_json(body, sent.is_form)?;
        // Read everything at once, which works for nearly all bodies.
        let (matched, order) = match decode::order(&json) {
            Ok(order) => {
                let matched = sent.matching_key(&order.reference_id, &order.order_id)?;
                (matched, ReadOrder::Whole(order))
            }
            Err(_) => {
                let ids = decode::ids(&json)?;
                let [reference_id, order_id] = &ids;
                let matched = sent.matching_key(reference_id, order_id)?;
                (matched, ReadOrder::Ids(ids))
            }
        };
        let facts = OrderFacts {
            endpoint: Some(sent.endpoint),
            is_form: sent.is_form,
            order,
        };
        Ok(Authentic::new(matched, facts))
    }

    fn json<'a>(&self, facts: &OrderFacts, body: &'a Bytes) -> Result<Cow<'a, Bytes>, BodyError> {
        body::as_json(body, facts.is_form)
    }

    fn decode(
        &self,
        facts: &mut OrderFacts,
        json: &Bytes,
    ) -> Result<Decoded<MulticajaEvent>, BodyError> {
        let event = match facts.endpoint {
            Some(Endpoint::Confirm) => MulticajaEvent::Confirm,
            Some(Endpoint::Reject) => MulticajaEvent::Reject,
            // Of stored facts only: no default tells a sale from a refusal.
            Some(Endpoint::Validation) | None => {
                return Err(BodyErrorKind::MissingField("endpoint").into());
            }
        };
        let order = match mem::take(&mut facts.order) {
            ReadOrder::Whole(order) => order,
            ReadOrder::Ids(ids) => {
                let decoded = decode::order_with(&ids, json);
                facts.order = ReadOrder::Ids(ids);
                decoded?
            }
            ReadOrder::Unread => decode::order(json).inspect_err(|_| {
                // Only fields other than the ids are repaired.
                if let Ok(ids) = decode::ids(json) {
                    facts.order = ReadOrder::Ids(ids);
                }
            })?,
        };
        Ok(Decoded::Event(event(order)))
    }

    fn acknowledge(&self, _: &MulticajaEvent, json: &Bytes) -> Acknowledgement {
        acknowledge(json)
    }

    fn refuse(&self, rejection: &Rejection) -> Reply {
        refuse(rejection)
    }

    fn remedy(&self, rejection: &Rejection) -> &'static str {
        match rejection {
            Rejection::EndpointUnnamed => {
                "if the path is your own, build its layer with `::confirm` or `::reject`"
            }
            Rejection::CredentialMismatch => {
                "check that the order was created with this private API key"
            }
            _ => rejection.remedy(),
        }
    }

    fn timing(&self) -> Timing {
        TIMING
    }

    fn kind<'a>(&'a self, event: &'a MulticajaEvent) -> &'a str {
        match event {
            MulticajaEvent::Confirm(_) => "confirm",
            MulticajaEvent::Reject(_) => "reject",
        }
    }
}

/// Not [`Deferrable`](crate::provider::Deferrable): a sale that is acknowledged stands.
impl Authenticated for Multicaja {}

/// What is known about an order once its digest matched.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct OrderFacts {
    endpoint: Option<Endpoint>,
    is_form: bool,
    #[serde(skip)]
    order: ReadOrder,
}

#[derive(Default)]
enum ReadOrder {
    /// The whole order, so that the body is not read twice.
    Whole(Order),
    /// Only the proven ids: the rest did not decode as received.
    Ids(Ids),
    /// Nothing: it already is in an event, or the body was stored.
    #[default]
    Unread,
}

/// The acknowledgement that Klap counts as received: the order, as JSON.
fn acknowledge(json: &Bytes) -> Acknowledgement {
    Acknowledgement::json(json.clone())
}

/// What the reference receivers answer.
fn refuse(rejection: &Rejection) -> Reply {
    match rejection.class() {
        RejectionClass::Credential | RejectionClass::Body => {
            Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "error")
        }
        _ => Reply::standard(rejection),
    }
}

//! [Wompi], payments in Colombia.
//!
//! The body carries its own proof: `signature.checksum` is the SHA-256, in hex, of the values that `signature.properties`
//! names under `data`, then `timestamp`, then the events secret, all joined without separators. The header
//! `X-Event-Checksum` repeats it; a request without the header passes, one with a different value is refused.
//!
//! # What the checksum covers
//!
//! The id, the status and the amount of a transaction, or the id and the status of a token, and the time: these are in
//! [`WompiEvent::subject`] and [`WompiEvent::timestamp`]. Everything else is in [`WompiEvent::unauthenticated`]:
//!
//! 1. The list of properties is not covered, so it must begin with `transaction.id`, `transaction.status` and
//!    `transaction.amount_in_cents`, or with the id and the status of a `nequi_token` or `bancolombia_transfer_token`.
//!    Whatever else it names is hashed and not shown as proven, since one name can stand for another.
//! 2. There is no separator, so characters could move from one value to the next. Each must have a form that shows where
//!    it ends: an id of small letters, digits and hyphens, a status of capitals, an amount without sign and exponent, a
//!    timestamp of ten digits. A token has a known status, and it occurs once. All others are refused.
//! 3. The kind of event, the environment, the reference and the currency are not covered: ask the Wompi API for the
//!    transaction before you act on them, and compare its reference with yours.
//! 4. There is no delivery id, and Wompi signs an event once: a captured delivery can be replayed as long as the tolerance
//!    allows, 30 days unless set. Handle each id and status once.
//!
//! Events about anything else, such as payouts, are refused: which of their values are covered is not documented.
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200, the only status that counts | empty |
//! | header sent more than once or malformed; checksum missing, malformed, wrong; a list or a value as above; timestamp outside the tolerance | 401 | empty |
//! | body not a JSON object, a known field sent twice, or not of the expected type | 400 | empty |
//!
//! The handler's own response is sent unchanged, except that any success becomes a 200.
//!
//! Source: the Wompi documentation, "Eventos". The payload of a token's event is from receivers of integrators.
//!
//! [Wompi]: https://wompi.com

mod event;
mod key;
mod property;
mod signed;

use std::marker::PhantomData;
use std::slice;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::event::{
    WompiEvent, WompiSubject, WompiToken, WompiTransaction, WompiUnauthenticated,
};
pub use self::key::WompiKey;

use self::key::Checksum;
use self::signed::Signed;
use crate::answer::{BodyError, BodyErrorKind, Received, Rejection};
use crate::head::{Head, HeaderField};
use crate::provider::{
    Attempt, Authentic, Authenticated, ClaimTime, Decoded, Deferrable, FromSecrets, Payload,
    Provider, Timestamped, Timing, decode_json,
};
use crate::secrets::{Keyring, Selected, SigningKeys};

static CHECKSUM: HeaderName = HeaderName::from_static("x-event-checksum");

/// Wompi as a [`Provider`], with the `data` of its events as type `T`: see the [module](crate::wompi).
#[derive(Clone, Debug)]
pub struct Wompi<T: Payload = Value> {
    keyring: Keyring<SigningKeys<WompiKey>>,
    payload: PhantomData<fn() -> T>,
}

impl<T: Payload> Wompi<T> {
    /// Wompi repeats an event 30 minutes, 3 hours and 24 hours after the first attempt, and counts only 200. How long it
    /// waits is not documented. Source: the Wompi documentation, "Eventos".
    pub const TIMING: Timing = Timing::new(
        &[
            Attempt::after(Duration::ZERO),
            Attempt::after(Duration::from_secs(30 * 60)),
            Attempt::after(Duration::from_secs(150 * 60)),
            Attempt::after(Duration::from_secs(21 * 60 * 60)),
        ],
        "Wompi, \"Eventos\"",
    )
    .received(Received::Only(&[StatusCode::OK]))
    .if_never_received("Wompi gives the event up: ask its API for the transaction");
}

impl<T: Payload> Provider for Wompi<T> {
    type Event = WompiEvent<T>;
    type Claim = SentChecksum;
    type Facts = WompiFacts;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn credential_headers(&self) -> &[HeaderName] {
        slice::from_ref(&CHECKSUM)
    }

    fn inspect(&self, head: &Head<'_>) -> Result<SentChecksum, Rejection> {
        let in_header = match head.header(&CHECKSUM) {
            HeaderField::Absent => None,
            HeaderField::Once(hex) => Some(Checksum::decode(hex)?),
            HeaderField::Repeated => return Err(Rejection::CredentialRepeated),
        };
        Ok(SentChecksum {
            in_header,
            keys: self.keyring.select(head),
        })
    }

    /// 30 days: the documented example was sent three weeks after its timestamp, and a repeat has the time of the first.
    fn tolerance(&self) -> Option<Duration> {
        Some(Duration::from_secs(30 * 24 * 60 * 60))
    }

    fn time(&self, _: &SentChecksum) -> ClaimTime {
        ClaimTime::InBody
    }

    fn time_in_body(&self, facts: &WompiFacts) -> Option<Duration> {
        Some(Duration::from_secs(facts.timestamp))
    }

    fn authenticate(
        &self,
        claim: SentChecksum,
        body: &Bytes,
    ) -> Result<Authentic<WompiFacts>, Rejection> {
        let signed = Signed::read(body)?;
        let in_header = claim.in_header.unwrap_or(signed.checksum);
        let matched = claim.keys.find(|key| {
            let expected = key.digest(&signed.content);
            (signed.checksum.is(&expected) & in_header.is(&expected)).into()
        })?;
        let facts = WompiFacts {
            timestamp: signed.timestamp,
            subject: Some(signed.subject),
        };
        Ok(Authentic::new(matched, facts))
    }

    fn decode(
        &self,
        facts: &mut WompiFacts,
        json: &Bytes,
    ) -> Result<Decoded<WompiEvent<T>>, BodyError> {
        let Body {
            event,
            environment,
            sent_at,
            data,
        } = decode_json(json)?;
        // Of stored facts only: a body alone proves nothing.
        let subject = facts
            .subject
            .take()
            .ok_or(BodyErrorKind::MissingField("subject"))?;
        let unauthenticated = WompiUnauthenticated {
            event,
            environment,
            sent_at,
            payload: data,
        };
        Ok(WompiEvent::new(subject, facts.timestamp, unauthenticated).into())
    }

    fn remedy(&self, rejection: &Rejection) -> &'static str {
        match rejection {
            Rejection::CredentialMalformed => {
                "only events about transactions, Nequi tokens and Bancolombia tokens are read; direct others to a different URL"
            }
            Rejection::CredentialMismatch => {
                "check that this is the events secret of the environment, which is not the private key or the integrity secret"
            }
            _ => rejection.remedy(),
        }
    }

    fn timing(&self) -> Timing {
        Self::TIMING
    }

    fn kind<'a>(&'a self, event: &'a WompiEvent<T>) -> &'a str {
        match event.subject {
            WompiSubject::Transaction(_) => "transaction",
            WompiSubject::Token(_) => "token",
        }
    }
}

impl<T: Payload> FromSecrets for Wompi<T> {
    const NAME: &'static str = "wompi";

    type Store = SigningKeys<WompiKey>;

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

impl<T: Payload> Timestamped for Wompi<T> {}

/// Not [`Identified`](crate::provider::Identified): an event has no id.
impl<T: Payload> Authenticated for Wompi<T> {}

impl<T: Payload> Deferrable for Wompi<T> {}

/// The checksum from the header, if there is one, not yet compared: the body has it as well.
pub struct SentChecksum {
    in_header: Option<Checksum>,
    keys: Selected<SigningKeys<WompiKey>>,
}

/// What the checksum covers, once it matched.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct WompiFacts {
    timestamp: u64,
    subject: Option<WompiSubject>,
}

#[derive(Deserialize)]
struct Body<T> {
    event: Option<String>,
    environment: Option<String>,
    sent_at: Option<String>,
    data: T,
}

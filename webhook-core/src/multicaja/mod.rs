//! [Multicaja], today Klap: payments in Chile.
//!
//! The merchant registers three URLs when it creates an order. *Confirm* says that the order was paid, *reject* that it
//! was refused or voided; both carry the header field `Apikey`, the SHA-256 in hex of `reference_id`, `order_id` and
//! the merchant's private API key, joined without separators. *Validation* carries no proof at all and is therefore
//! another provider, [`MulticajaValidation`], with another event.
//!
//! # What the digest proves
//!
//! That someone who knows the key named this pair of ids, and **nothing else**:
//!
//! 1. There is no separator, so `reference_id` `AB` with `order_id` `C123` has the digest of `ABC` with `123`. Compare
//!    the pair with the one you stored when you created the order: [`Order::is`].
//! 2. The endpoint is not covered: the header of a confirm is valid on reject, and the reverse.
//! 3. The amount is not covered, and neither is any other field: they are in [`Order::unauthenticated`].
//! 4. There is no timestamp: a captured request can be replayed for ever.
//!
//! So treat an event as a reason to ask the Klap API for the order, and handle each order once.
//!
//! # Answers
//!
//! Klap wants a status from 200 to 299 with a JSON body within 10 seconds; otherwise it reverses the payment by itself
//! and the order becomes a refund.
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | the order JSON, the bytes as received; for a form, the JSON object of its fields |
//! | the handler's own 2xx without a body, or not JSON by its `Content-Type` | 200 | the same |
//! | digest missing, malformed, wrong, or sent more than once; body not acceptable | 500 | `error` |
//!
//! Source: the webhook section of the Multicaja/Klap integration guide, and its reference receivers.
//!
//! [Multicaja]: https://www.klap.cl

mod body;
mod decode;
mod endpoint;
mod event;
mod validation;

use bytes::Bytes;
use http::StatusCode;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use self::event::{CardToken, MulticajaEvent, Order, OrderIds, QuotasType, Unauthenticated};
pub use self::validation::{MulticajaValidation, MulticajaValidationEvent};

use self::endpoint::Endpoint;
use crate::form::Form;
use crate::{
    FromSecrets, Head, HeaderField, Keyring, Label, Opened, PrivateKeys, Provider, Receipt,
    Rejection, RejectionClass, Reply, SecretKey, SecretsErrorKind,
};

/// Confirm and reject of Multicaja/Klap as a [`Provider`]: see the [module](crate::multicaja).
///
/// Unless it is built for one of them ([`confirm`](Self::confirm), [`reject`](Self::reject)), it takes the endpoint
/// from the request: the last segment of the path (`/webhook_confirm`, `/webhook_reject`) and the query
/// (`?webhook=confirm`, `?webhook=reject`, in any letter case) may each name at most one; if both do, they must agree.
/// It never serves validation. A request that names no endpoint, two, or another one is answered with 404.
#[derive(Clone, Debug)]
pub struct Multicaja {
    keyring: Keyring<Self>,
    endpoint: Option<Endpoint>,
}

impl Multicaja {
    const DIGEST_HEADER: &'static str = "apikey";

    /// Serves confirm only, whatever path and query say: for a path of the merchant's own.
    pub fn confirm(keyring: Keyring<Self>) -> Self {
        Self {
            keyring,
            endpoint: Some(Endpoint::Confirm),
        }
    }

    /// Serves reject only, whatever path and query say: for a path of the merchant's own.
    pub fn reject(keyring: Keyring<Self>) -> Self {
        Self {
            keyring,
            endpoint: Some(Endpoint::Reject),
        }
    }

    /// The label of the key that makes the digest of this pair the one that was sent.
    fn matching_key(
        &self,
        sent: &SentDigest,
        reference_id: &str,
        order_id: &str,
    ) -> Result<Option<Label>, Rejection> {
        let ids = Sha256::new()
            .chain_update(reference_id)
            .chain_update(order_id);
        self.keyring
            .load()
            .find(|key| {
                let digest = ids.clone().chain_update(key.0.as_bytes()).finalize();
                digest.as_slice().ct_eq(&sent.digest).into()
            })
            .map(Option::<&Label>::cloned)
            .ok_or(Rejection::CredentialMismatch)
    }
}

impl FromSecrets for Multicaja {
    type Store = PrivateKeys<ApiKey>;

    fn from_keyring(keyring: Keyring<Self>) -> Self {
        Self {
            keyring,
            endpoint: None,
        }
    }

    fn keyring(&self) -> &Keyring<Self> {
        &self.keyring
    }
}

impl Provider for Multicaja {
    type Event = MulticajaEvent;
    type Credential = SentDigest;

    const NAME: &'static str = "multicaja";
    const CREDENTIAL_HEADERS: &'static [&'static str] = &[Self::DIGEST_HEADER];

    fn inspect(&self, head: &Head<'_>) -> Result<SentDigest, Rejection> {
        let endpoint = match self.endpoint {
            Some(endpoint) => endpoint,
            None => Endpoint::of(head)?.ok_or(Rejection::EndpointUnknown)?,
        };
        if endpoint == Endpoint::Validation {
            return Err(Rejection::EndpointUnknown);
        }
        let mut digest = [0; 32];
        match head.header(Self::DIGEST_HEADER) {
            HeaderField::Absent | HeaderField::Once(b"") => Err(Rejection::CredentialMissing),
            HeaderField::Repeated => Err(Rejection::CredentialRepeated),
            HeaderField::Once(hex) => {
                hex::decode_to_slice(hex, &mut digest).map_err(|_| Rejection::CredentialMalformed)
            }
        }?;
        Ok(SentDigest {
            digest,
            endpoint,
            is_form: Form::is_announced(head.header("content-type")),
        })
    }

    fn open(&self, sent: SentDigest, body: &Bytes) -> Result<Opened<MulticajaEvent>, Rejection> {
        let order = match decode::order(body, sent.is_form) {
            Ok(order) => order,
            // The digest needs the two ids only: a forged body is a wrong credential, whatever else is in it.
            Err(error) => {
                if let Ok([reference_id, order_id]) = decode::ids(body, sent.is_form) {
                    self.matching_key(&sent, &reference_id, &order_id)?;
                }
                return Err(error.into());
            }
        };
        let key = self.matching_key(&sent, &order.reference_id, &order.order_id)?;

        let event = match sent.endpoint {
            Endpoint::Reject => MulticajaEvent::Reject(order),
            _ => MulticajaEvent::Confirm(order),
        };
        Ok(Opened::new(event, key))
    }

    fn receipt(&self, _: &MulticajaEvent, body: &Bytes) -> Receipt {
        receipt(body)
    }

    fn refuse(&self, rejection: &Rejection) -> Reply {
        refuse(rejection)
    }

    fn kind(&self, event: &MulticajaEvent) -> &'static str {
        match event {
            MulticajaEvent::Confirm(_) => "confirm",
            MulticajaEvent::Reject(_) => "reject",
        }
    }
}

/// What an `Apikey` header field claims, decoded and not yet compared.
#[derive(Clone)]
pub struct SentDigest {
    digest: [u8; 32],
    endpoint: Endpoint,
    is_form: bool,
}

/// A merchant's private API key, which ends the text that is hashed.
pub struct ApiKey(Zeroizing<String>);

impl SecretKey for ApiKey {
    fn prepare(secret: &str) -> Result<Self, SecretsErrorKind> {
        Ok(Self(Zeroizing::new(secret.to_owned())))
    }
}

/// The acknowledgement that Klap takes for received: the order, as JSON.
fn receipt(body: &Bytes) -> Receipt {
    Receipt::json(body::as_json(body)).only_json()
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

//! [TusFacturasAPP], electronic invoicing in Argentina.
//!
//! The sender puts a bearer token in the header `TF-WebhookToken`, one per point of sale ("PDV"); a merchant with
//! several, or a platform with many merchants, gets several tokens on one URL. The token is the only proof: nothing in
//! the body is signed and there is no timestamp, so a request is only as trustworthy as the connection.
//!
//! The event is a notification. Ask the TusFacturas API for the invoice by its `external_reference` ("consulta
//! avanzada por external_reference") before you act on it.
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | `OK` |
//! | token missing, empty, wrong, longer than 4 KiB, or sent more than once | 403 | `El Token recibido no coincide con el esperado` |
//! | token correct, body not acceptable | 400 | `No se recibió información en formato JSON.` |
//! | handler failed, and the app acknowledges failures | 200 | `OK (processed with internal error)` |
//!
//! Only status 200 counts as received: 201, 202, 204 and redirects count as failures, and the delivery is sent again.
//! Source: the webhook pages of the TusFacturasAPP developer documentation.
//!
//! [TusFacturasAPP]: https://tusfacturas.app

mod decode;
mod event;
mod schedule;

use std::slice;

use bytes::Bytes;
use http::{HeaderName, StatusCode};

pub use self::event::{TfCreado, TfEvent, TfEvento, TfRecurso};
pub use self::schedule::TfScheduleEstimate;

use crate::answer::{Acknowledgement, BodyError, Rejection, RejectionClass, Reply};
use crate::delivery::{DeliveryId, Trust, joined};
use crate::head::{Head, HeaderField};
use crate::provider::{
    AcknowledgeFailures, Authentic, Authenticated, Decoded, Deferrable, FromSecrets, Identified,
    NoFacts, Provider, Timing,
};
use crate::secrets::{BearerTokens, Keyring, Matched};

static TOKEN: HeaderName = HeaderName::from_static("tf-webhooktoken");

/// TusFacturasAPP as a [`Provider`]: see the [module](crate::tusfacturas).
#[derive(Clone, Debug)]
pub struct TusFacturas {
    keyring: Keyring<BearerTokens>,
    acknowledge_failures: bool,
}

impl FromSecrets for TusFacturas {
    const NAME: &'static str = "tusfacturas";

    type Store = BearerTokens;

    fn from_keyring(keyring: Keyring<BearerTokens>) -> Self {
        Self {
            keyring,
            acknowledge_failures: false,
        }
    }

    fn keyring(&self) -> &Keyring<BearerTokens> {
        &self.keyring
    }
}

impl Provider for TusFacturas {
    type Event = TfEvent;
    type Claim = Matched;
    type Facts = NoFacts;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn credential_headers(&self) -> &[HeaderName] {
        slice::from_ref(&TOKEN)
    }

    fn inspect(&self, head: &Head<'_>) -> Result<Matched, Rejection> {
        match head.header(&TOKEN) {
            HeaderField::Absent => Err(Rejection::CredentialMissing),
            HeaderField::Repeated => Err(Rejection::CredentialRepeated),
            HeaderField::Once(token) => self.keyring.select(head).find(token),
        }
    }

    /// The token is the only proof, and is already checked.
    fn authenticate(&self, matched: Matched, _: &Bytes) -> Result<Authentic<NoFacts>, Rejection> {
        Ok(Authentic::new(matched, NoFacts {}))
    }

    fn decode(&self, _: &mut NoFacts, json: &Bytes) -> Result<Decoded<TfEvent>, BodyError> {
        decode::decode(json)
    }

    fn acknowledge(&self, _: &TfEvent, _: &Bytes) -> Acknowledgement {
        let rule = Acknowledgement::constant(|| Reply::text(StatusCode::OK, "OK"));
        if self.acknowledge_failures {
            rule.acknowledging_failures(|| {
                Reply::text(StatusCode::OK, "OK (processed with internal error)")
            })
        } else {
            rule
        }
    }

    fn refuse(&self, rejection: &Rejection) -> Reply {
        match rejection.class() {
            RejectionClass::Credential => Reply::text(
                StatusCode::FORBIDDEN,
                "El Token recibido no coincide con el esperado",
            ),
            RejectionClass::Body => Reply::text(
                StatusCode::BAD_REQUEST,
                "No se recibió información en formato JSON.",
            ),
            _ => Reply::standard(rejection),
        }
    }

    /// `hook_id`, with `recurso`, `evento` and `external_reference`: what happens to one invoice, such as `encolado` and
    /// then `emitido`, is two deliveries, whether the sender gives both the same `hook_id` or not. Whether `hook_id` stays
    /// the same on a retry is not documented.
    fn id(&self, event: &TfEvent, _: &Bytes) -> Option<DeliveryId> {
        // What a PHP program writes for none would be one id for all.
        let is_none = |id: &&str| matches!(*id, "" | "0" | "false" | "[]" | "{}");
        let hook_id = event.hook_id.as_deref().filter(|id| !is_none(id))?;
        Some(DeliveryId::bearer(joined([
            Some(hook_id),
            event.recurso.as_ref().map(TfRecurso::as_str),
            Some(event.evento.as_str()),
            event.external_reference.as_deref(),
        ])))
    }

    fn timing(&self) -> Timing {
        Self::TIMING
    }

    fn kind<'a>(&'a self, event: &'a TfEvent) -> &'a str {
        event.evento.name()
    }
}

impl Authenticated for TusFacturas {}

impl Identified for TusFacturas {
    fn trust(&self) -> Trust {
        Trust::Bearer
    }
}

impl Deferrable for TusFacturas {}

/// The sender stops retrying once a failure is acknowledged: the app must keep what it needs to repeat the work.
impl AcknowledgeFailures for TusFacturas {
    fn acknowledge_failures(&mut self, acknowledge: bool) {
        self.acknowledge_failures = acknowledge;
    }
}

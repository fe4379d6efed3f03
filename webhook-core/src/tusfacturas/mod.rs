//! [TusFacturasAPP], electronic invoicing in Argentina.
//!
//! The sender puts a bearer token into the header field `TF-WebhookToken`, one per point of sale ("PDV"); a merchant
//! with several, or a platform with many merchants, gets several tokens on one URL. The token is all the proof there
//! is: nothing in the body is signed and there is no timestamp, so a request is as trustworthy as the channel.
//!
//! The event is a notification. Ask the TusFacturas API for the invoice by its `external_reference` ("consulta
//! avanzada por external_reference") before you act on it.
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | `OK` |
//! | token missing, empty, wrong, longer than 4 KiB, or sent more than once | 403 | `El Token recibido no coincide con el esperado` |
//! | token right, body not acceptable | 400 | `No se recibió información en formato JSON.` |
//! | handler failed, and the app acknowledges failures | 200 | `OK (processed with internal error)` |
//!
//! Only status 200 counts as received: 201, 202, 204 and redirects count as a failure and are sent again. Source: the
//! webhook pages of the TusFacturasAPP developer documentation.
//!
//! [TusFacturasAPP]: https://tusfacturas.app

mod decode;
mod event;
mod schedule;

use bytes::Bytes;
use http::StatusCode;

pub use self::event::{TfCreado, TfEvent, TfEvento, TfRecurso};
pub use self::schedule::{TfAttempt, TfScheduleEstimate};

use crate::{
    AcknowledgeFailures, Acknowledgement, Authentic, BearerTokens, BodyError, FromSecrets, Head,
    HeaderField, Keyring, Matched, Provider, Rejection, RejectionClass, Reply,
};

/// TusFacturasAPP as a [`Provider`]: see the [module](crate::tusfacturas).
#[derive(Clone, Debug)]
pub struct TusFacturas {
    keyring: Keyring<Self>,
    acknowledge_failures: bool,
}

impl TusFacturas {
    const TOKEN_HEADER: &'static str = "tf-webhooktoken";
}

impl FromSecrets for TusFacturas {
    type Store = BearerTokens;

    fn from_keyring(keyring: Keyring<Self>) -> Self {
        Self {
            keyring,
            acknowledge_failures: false,
        }
    }

    fn keyring(&self) -> &Keyring<Self> {
        &self.keyring
    }
}

impl Provider for TusFacturas {
    type Event = TfEvent;
    type Claim = Matched;
    type Facts = ();

    const NAME: &'static str = "tusfacturas";
    const CREDENTIAL_HEADERS: &'static [&'static str] = &[Self::TOKEN_HEADER];

    fn inspect(&self, head: &Head<'_>) -> Result<Matched, Rejection> {
        match head.header(Self::TOKEN_HEADER) {
            HeaderField::Absent => Err(Rejection::CredentialMissing),
            HeaderField::Repeated => Err(Rejection::CredentialRepeated),
            HeaderField::Once(token) => self.keyring.load().find(token),
        }
    }

    /// The token in the head is all there is to prove.
    fn authenticate(&self, matched: Matched, _: &Bytes) -> Result<Authentic<()>, Rejection> {
        Ok(Authentic::new(matched, ()))
    }

    fn decode(&self, (): &mut (), json: &Bytes) -> Result<TfEvent, BodyError> {
        decode::decode(json)
    }

    fn acknowledge(&self, _: &TfEvent, _: &Bytes) -> Acknowledgement {
        let rule = Acknowledgement::constant(|| Reply::text(StatusCode::OK, "OK"))
            .counting(|status| status == StatusCode::OK);
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

    fn kind(&self, event: &TfEvent) -> &'static str {
        event.evento.name()
    }
}

/// The sender stops retrying a delivery whose failure was acknowledged: the app keeps what it needs to repeat the work.
impl AcknowledgeFailures for TusFacturas {
    fn acknowledge_failures(&mut self, acknowledge: bool) {
        self.acknowledge_failures = acknowledge;
    }
}

use bytes::Bytes;
use serde::Serialize;

use super::endpoint::Endpoint;
use super::{decode, receipt, refuse};
use crate::form::Form;
use crate::{Head, Opened, Provider, Receipt, Rejection, Reply};

/// The validation endpoint of Multicaja/Klap, which carries **no credential**: anyone can call it.
///
/// It is a provider of its own with an event of its own, so that no handler can mistake a validation for an
/// authenticated event, and no layer that authenticates serves it. A request that names confirm or reject is answered
/// with 404; one that names no endpoint passes, since merchants choose paths of their own.
///
/// Otherwise it answers as [`Multicaja`](super::Multicaja) does: the order JSON as received.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct MulticajaValidation;

impl MulticajaValidation {
    /// The provider. It needs no secret.
    pub fn new() -> Self {
        Self
    }
}

/// A validation: Klap asks whether the merchant knows this order. **Unauthenticated**, both ids included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MulticajaValidationEvent {
    /// What is claimed to be the merchant's id of the order.
    pub reference_id: Option<String>,
    /// What is claimed to be the sender's id of the order.
    pub order_id: Option<String>,
}

/// What the head of a validation shows, which is no proof of anything.
#[derive(Clone, Copy, Debug)]
pub struct Unproven {
    is_form: bool,
}

impl Provider for MulticajaValidation {
    type Event = MulticajaValidationEvent;
    type Credential = Unproven;

    const NAME: &'static str = "multicaja_validation";

    fn inspect(&self, head: &Head<'_>) -> Result<Unproven, Rejection> {
        match Endpoint::of(head)? {
            None | Some(Endpoint::Validation) => Ok(Unproven {
                is_form: Form::is_announced(head.header("content-type")),
            }),
            Some(_) => Err(Rejection::EndpointUnknown),
        }
    }

    fn open(
        &self,
        head: Unproven,
        body: &Bytes,
    ) -> Result<Opened<MulticajaValidationEvent>, Rejection> {
        Ok(Opened::new(decode::validation(body, head.is_form)?, None))
    }

    fn receipt(&self, _: &MulticajaValidationEvent, body: &Bytes) -> Receipt {
        receipt(body)
    }

    fn refuse(&self, rejection: &Rejection) -> Reply {
        refuse(rejection)
    }

    fn kind(&self, _: &MulticajaValidationEvent) -> &'static str {
        "validation"
    }
}

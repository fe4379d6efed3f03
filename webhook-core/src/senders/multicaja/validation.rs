use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::{TIMING, acknowledge, body, decode, refuse};
use crate::answer::{Acknowledgement, BodyError, Rejection, Reply};
use crate::head::Head;
use crate::parse::form::Form;
use crate::provider::{Authentic, Decoded, Provider, Timing};

/// The validation endpoint of Multicaja/Klap, which carries **no credential**: anyone can call it.
///
/// It has its own provider and event, so that no handler can mistake a validation for an authenticated event, and no
/// authenticating layer serves it. A request that names confirm or reject is answered with 404; one that names no
/// endpoint passes, since merchants choose their own paths.
///
/// Otherwise it answers as [`Multicaja`](super::Multicaja) does: the order JSON as received.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct MulticajaValidation;

impl MulticajaValidation {
    /// Creates the provider. It needs no secret.
    pub fn new() -> Self {
        Self
    }
}

/// A validation: Klap asks whether the merchant knows this order. **Unauthenticated**, both ids included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MulticajaValidationEvent {
    /// The merchant's id of the order, as claimed.
    pub reference_id: Option<String>,
    /// The sender's id of the order, as claimed.
    pub order_id: Option<String>,
}

/// What the headers of a validation say, which proves nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Unproven {
    is_form: bool,
}

impl Provider for MulticajaValidation {
    type Event = MulticajaValidationEvent;
    type Claim = Unproven;
    type Facts = Unproven;

    fn name(&self) -> &str {
        "multicaja_validation"
    }

    /// There are none.
    fn credential_headers(&self) -> &[HeaderName] {
        &[]
    }

    fn inspect(&self, head: &Head<'_>) -> Result<Unproven, Rejection> {
        match Endpoint::of(head)? {
            None | Some(Endpoint::Validation) => Ok(Unproven {
                is_form: Form::is_announced(head.header(&CONTENT_TYPE)),
            }),
            Some(_) => Err(Rejection::EndpointUnknown),
        }
    }

    fn authenticate(&self, head: Unproven, _: &Bytes) -> Result<Authentic<Unproven>, Rejection> {
        Ok(Authentic::nothing_proven(head))
    }

    fn json<'a>(&self, head: &Unproven, body: &'a Bytes) -> Result<Cow<'a, Bytes>, BodyError> {
        body::as_json(body, head.is_form)
    }

    fn decode(
        &self,
        _: &mut Unproven,
        json: &Bytes,
    ) -> Result<Decoded<MulticajaValidationEvent>, BodyError> {
        decode::validation(json).map(Decoded::Event)
    }

    fn acknowledge(&self, _: &MulticajaValidationEvent, json: &Bytes) -> Acknowledgement {
        acknowledge(json)
    }

    fn refuse(&self, rejection: &Rejection) -> Reply {
        refuse(rejection)
    }

    fn timing(&self) -> Timing {
        TIMING
    }

    fn kind<'a>(&'a self, _: &'a MulticajaValidationEvent) -> &'a str {
        "validation"
    }
}

//! What the body of an authentic delivery becomes.

use std::borrow::Cow;
use std::mem;

use bytes::Bytes;
use http::StatusCode;
use serde::de::IgnoredAny;

use super::event::JsonSource;
use super::{Proof, SchemeFacts, SchemeProvider, SignedBody, SignedEvent, Source};
use crate::answer::{BodyError, Received, Reply};
use crate::parse::form::Form;
use crate::parse::json::first_byte;
use crate::parse::json_field;
use crate::parse::payload;
use crate::parse::repair::without_bom;
use crate::signing::{BodyFormat, Place};

impl<T: SignedBody, S: Source> SchemeProvider<T, S> {
    /// The JSON of a body.
    pub(super) fn json_of<'a>(
        &self,
        facts: &SchemeFacts,
        body: &'a Bytes,
    ) -> Result<Cow<'a, Bytes>, BodyError> {
        let field = match &self.rules().format {
            BodyFormat::FormField(field) => Some(field),
            _ => None,
        };
        let text = without_bom(body);
        if !facts.is_form || is_json(text) {
            return Ok(Cow::Borrowed(body));
        }
        let form = Form::read(text)?;
        let json = match field {
            Some(field) if form.has(field) => form.into_value(field).unwrap_or_default().into(),
            _ => form.into_json()?,
        };
        Ok(Cow::Owned(json))
    }

    /// The payload. `None` if its topic is not one of the app's.
    pub(super) fn payload(&self, facts: &SchemeFacts, json: &[u8]) -> Result<Option<T>, BodyError> {
        if !T::CHOSEN_BY_TOPIC {
            return T::decode(None, json);
        }
        // It is proven, wherever it is: otherwise there would be no provider.
        let topic = self.found_topic(facts, json);
        let payload = T::decode(topic.as_deref(), json)?;
        if payload.is_none() && topic.is_none() {
            // Damage must not pass for a delivery without a topic: it is refused, or repaired.
            payload::decode::<IgnoredAny>(json)?;
        }
        Ok(payload)
    }

    pub(super) fn found_topic<'f>(
        &self,
        facts: &'f SchemeFacts,
        json: &[u8],
    ) -> Option<Cow<'f, str>> {
        match &self.rules().topic {
            Some(Place::Body(path)) => json_field::find_text(json, path).map(Cow::Owned),
            _ => facts.topic.as_deref().map(Cow::Borrowed),
        }
    }

    /// What is sent if the handler leaves the answer to the layer, and if there is none.
    pub(super) fn received(&self) -> fn() -> Reply {
        match self.rules().received {
            Received::Only([StatusCode::NO_CONTENT, ..]) => || Reply::new(StatusCode::NO_CONTENT),
            _ => || Reply::new(StatusCode::OK),
        }
    }

    fn is_signed(&self, header: &str) -> bool {
        let rules = self.rules();
        let at = rules.names.iter().position(|name| name.as_str() == header);
        at.is_some_and(|at| rules.covers(&Place::Header(at)))
    }

    /// The event, which takes what it needs out of the facts.
    pub(super) fn event(
        &self,
        payload: T,
        facts: &mut SchemeFacts,
        json: &Bytes,
    ) -> SignedEvent<T> {
        let rules = self.rules();
        let mut event = SignedEvent::of(payload, self.proof());
        let is_covered = |place: &Option<Place>| match place {
            Some(place @ Place::Header(_)) => rules.covers(place),
            _ => false,
        };
        let (topic, id) = (facts.topic.take(), facts.id.take());
        match is_covered(&rules.topic) {
            true => event.topic = topic,
            false => event.unauthenticated.topic = topic,
        }
        match is_covered(&rules.id) {
            true => event.id = id,
            false => event.unauthenticated.id = id,
        }
        let is_in_header = matches!(rules.topic, Some(Place::Header(_)));
        if is_in_header
            || self.vouches_for(rules.topic.as_ref())
            || self.vouches_for(rules.id.as_ref())
        {
            event.source = Some(JsonSource {
                scheme: Some(self.scheme().clone()),
                json: json.clone(),
            });
        }
        match rules.covers_time {
            true => event.timestamp_ms = facts.timestamp_ms,
            false => event.unauthenticated.timestamp_ms = facts.timestamp_ms,
        }
        for (name, value) in mem::take(&mut facts.headers) {
            match self.is_signed(&name) {
                true => event.headers.insert(name, value),
                false => event.unauthenticated.headers.insert(name, value),
            };
        }
        event
    }

    /// Whether the app can take what is in this place of a body for the sender's.
    fn vouches_for(&self, place: Option<&Place>) -> bool {
        matches!(place, Some(Place::Body(_))) && self.rules().vouches_for_body()
    }

    fn proof(&self) -> Proof {
        match (self.rules().is_token(), self.rules().covers_body()) {
            (true, _) => Proof::Token,
            (false, true) => Proof::Body,
            (false, false) => Proof::NotBody,
        }
    }
}

/// Whether a body that is announced as a form is JSON all the same. No signature covers the announcement, so one that changes
/// must not change what an authentic body means. Forms encode the first bytes of objects, arrays and strings.
fn is_json(text: &[u8]) -> bool {
    matches!(first_byte(text), Some(b'{' | b'[' | b'"'))
        || serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::JsonSource;
use super::preset::Source;
use super::{GivesIds, Preset, Proof, SignedBody, SignedEvent, SignsTime, TopicError, handshake};
use crate::answer::{Acknowledgement, BodyError, Received, Rejection, Reply};
use crate::delivery::{DeliveryId, Trust};
use crate::driver::cannot_start;
use crate::head::{Head, HeaderField};
use crate::parse::form::Form;
use crate::parse::json::first_byte;
use crate::parse::json_field;
use crate::parse::payload::{self, without_reserved_keys};
use crate::parse::repair::without_bom;
use crate::provider::{
    Authentic, Authenticated, ClaimTime, Decoded, Deferrable, FromSecrets, Identified, Provider,
    Timestamped, Timing,
};
use crate::secrets::{BearerTokens, IntoSecrets, Keyring, SecretsError};
use crate::signing::{
    BodyFormat, Compares, Place, Rules, Scheme, SchemeSecrets, SchemeStore, Signed,
};

/// A sender that a [`Scheme`] describes, with payloads of type `T`.
///
/// ```
/// use webhook_core::driver::Verifier;
/// use webhook_core::scheme::SchemeProvider;
/// use webhook_core::signing::{Credential, Scheme};
///
/// let acme = Scheme::builder("acme")
///     .hmac_sha256(Credential::header("x-acme-signature").hex())
///     .signs("{body}")
///     .build()?;
/// let verifier = Verifier::new(SchemeProvider::<serde_json::Value>::new(acme, "s3cr3t")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SchemeProvider<T: SignedBody = Value, S: Source = AnyScheme> {
    scheme: Scheme,
    keyring: Keyring<S::Store>,
    verify_token: Option<Keyring<BearerTokens>>,
    payload: PhantomData<fn() -> T>,
}

/// Stands for a [`Scheme`] that is built when the program runs.
#[derive(Debug)]
pub enum AnyScheme {}

impl Source for AnyScheme {
    type Store = SchemeSecrets;

    const TIMING: Timing = Timing::UNDOCUMENTED;
}

impl<T: SignedBody> SchemeProvider<T> {
    /// The sender with this scheme and its secrets.
    ///
    /// # Errors
    ///
    /// The first secret that is refused, and none: see [`Keyring::for_scheme`]. A type that the topic chooses, of a scheme that
    /// does not prove its topic: see [`topics!`](crate::topics).
    pub fn new(scheme: Scheme, secrets: impl IntoSecrets) -> Result<Self, SchemeProviderError> {
        TopicError::check::<T>(&scheme.0).map_err(SchemeProviderError::Topic)?;
        let keyring =
            Keyring::for_scheme(&scheme, secrets).map_err(SchemeProviderError::Secrets)?;
        Ok(Self::with(scheme, keyring))
    }

    /// The sender with a keyring for its scheme, such as one for tenants.
    ///
    /// # Panics
    ///
    /// If the topic chooses the type, and the scheme does not prove its topic: see [`topics!`](crate::topics).
    #[track_caller]
    pub fn with_keyring(scheme: Scheme, keyring: Keyring<SchemeSecrets>) -> Self {
        Self::with(scheme, keyring)
    }

    /// The secrets, to be changed while the server runs.
    pub fn secrets(&self) -> Keyring<SchemeSecrets> {
        self.keyring.clone()
    }
}

impl<T: SignedBody, S: Source> SchemeProvider<T, S> {
    /// # Panics
    ///
    /// If the topic chooses the type, and the scheme does not prove its topic.
    #[track_caller]
    pub(crate) fn with(scheme: Scheme, keyring: Keyring<S::Store>) -> Self {
        if let Err(error) = TopicError::check::<T>(&scheme.0) {
            cannot_start(scheme.name(), error);
        }
        Self {
            scheme,
            keyring,
            verify_token: None,
            payload: PhantomData,
        }
    }

    /// The scheme.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Sets the token that the app chose when it registered the URL: see [`Handshake::Hub`](crate::signing::Handshake::Hub).
    /// Without it, such a handshake is refused.
    ///
    /// # Errors
    ///
    /// A token that is refused as a [secret](crate::Secret::new) would be.
    pub fn verify_token(&mut self, tokens: impl IntoSecrets) -> Result<(), SecretsError> {
        self.verify_token = Some(Keyring::new(tokens)?);
        Ok(())
    }

    fn rules(&self) -> &Rules {
        &self.scheme.0
    }

    /// What the event needs from the head.
    fn facts(&self, fields: &[HeaderField<'_>], time: Option<Duration>) -> SchemeFacts {
        let rules = self.rules();
        let field = |at: usize| fields.get(at).copied().unwrap_or(HeaderField::Absent);
        let named = |place: &Option<Place>| match place {
            Some(Place::Header(at)) => text(field(*at)),
            _ => None,
        };
        let kept = rules.kept.iter().filter_map(|at| {
            let name = rules.names.get(*at)?;
            Some((name.as_str().to_owned(), text(field(*at))?))
        });
        SchemeFacts {
            is_form: rules
                .content_type
                .is_some_and(|at| Form::is_announced(field(at))),
            is_probe: false,
            timestamp_ms: time.and_then(|time| time.as_millis().try_into().ok()),
            topic: named(&rules.topic),
            id: named(&rules.id),
            headers: kept.collect(),
        }
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

    fn trust(&self) -> Option<Trust> {
        let rules = self.rules();
        Some(match rules.id.as_ref()? {
            _ if rules.is_token() => Trust::Bearer,
            // Characters of a part that touches another one can leave the id, and come to it.
            place if rules.covers(place) && !rules.has_adjacent() => Trust::Signed,
            place if rules.covers(place) => Trust::Unsigned,
            Place::Header(_) => Trust::Unsigned,
            // In a body that is not signed nobody looks for it.
            Place::Body(_) => return None,
        })
    }
}

impl<T: SignedBody, S: Source> Provider for SchemeProvider<T, S> {
    type Event = SignedEvent<T>;
    type Claim = SchemeClaim<S::Store>;
    type Facts = SchemeFacts;

    fn name(&self) -> &str {
        self.scheme.name()
    }

    fn body_limit(&self) -> usize {
        self.rules().body_limit
    }

    fn credential_headers(&self) -> &[HeaderName] {
        &self.rules().credential_names
    }

    fn greet(&self, head: &Head<'_>) -> Option<Result<Reply, Rejection>> {
        handshake::hub(&self.rules().handshakes, self.verify_token.as_ref(), head)
    }

    fn inspect(&self, head: &Head<'_>) -> Result<Self::Claim, Rejection> {
        let rules = self.rules();
        let fields = rules.fields(head);
        let reading = match rules.read(head, &fields) {
            Ok(reading) => reading,
            Err(rejection) => {
                let is_probe = handshake::may_be_probe(&rules.handshakes, head, fields.first());
                return match is_probe {
                    true => Ok(SchemeClaim(Claimed::Probe)),
                    false => Err(rejection),
                };
            }
        };
        let (checked, signed) = S::Store::check_head(self.keyring.select(head), reading.sent)?;
        Ok(SchemeClaim(Claimed::Proof {
            checked,
            signed,
            facts: self.facts(&fields, reading.time),
        }))
    }

    fn tolerance(&self) -> Option<Duration> {
        self.rules().tolerance
    }

    fn time(&self, claim: &Self::Claim) -> ClaimTime {
        match &claim.0 {
            // Nothing is judged before the body is there, and then it is a probe or refused.
            Claimed::Probe => ClaimTime::InBody,
            // A tolerance that someone sets over a time that is not signed must not look as if it worked.
            Claimed::Proof { .. } if !self.rules().judges_time() => ClaimTime::Missing,
            Claimed::Proof { .. } if self.rules().time_in_body().is_some() => ClaimTime::InBody,
            Claimed::Proof { facts, .. } => match facts.timestamp_ms {
                Some(time) => ClaimTime::At(Duration::from_millis(time)),
                None => ClaimTime::Missing,
            },
        }
    }

    fn time_in_body(&self, facts: &SchemeFacts) -> Option<Duration> {
        facts.timestamp_ms.map(Duration::from_millis)
    }

    fn authenticate(
        &self,
        claim: Self::Claim,
        body: &Bytes,
    ) -> Result<Authentic<SchemeFacts>, Rejection> {
        let rules = self.rules();
        match claim.0 {
            Claimed::Probe if handshake::is_probe(&rules.handshakes, body) => {
                Ok(Authentic::nothing_proven(SchemeFacts {
                    is_probe: true,
                    ..SchemeFacts::default()
                }))
            }
            Claimed::Probe => Err(Rejection::CredentialMissing),
            Claimed::Proof {
                checked,
                signed,
                mut facts,
                ..
            } => {
                let matched = S::Store::check_body(checked, signed.as_ref(), body)?;
                if let Some((path, unit)) = rules.time_in_body() {
                    // A form without JSON in it has no time, and its own error once it is decoded.
                    let json = self.json(&facts, body).ok();
                    let time = json.and_then(|json| json_field::find_text(&json, path));
                    let time = time.and_then(|time| unit.read(&time).ok());
                    facts.timestamp_ms = time.and_then(|time| time.as_millis().try_into().ok());
                }
                Ok(Authentic::new(matched, facts))
            }
        }
    }

    fn json<'a>(&self, facts: &SchemeFacts, body: &'a Bytes) -> Result<Cow<'a, Bytes>, BodyError> {
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

    fn decode(
        &self,
        facts: &mut SchemeFacts,
        json: &Bytes,
    ) -> Result<Decoded<SignedEvent<T>>, BodyError> {
        let rules = self.rules();
        if facts.is_probe {
            return Ok(Decoded::Greeting(Reply::new(StatusCode::OK)));
        }
        if !rules.handshakes.is_empty()
            && let Some(reply) = handshake::signed(&rules.handshakes, json)
        {
            return Ok(Decoded::Greeting(reply));
        }
        let Some(payload) = self.payload(facts, without_reserved_keys(json)?)? else {
            let topic = self.found_topic(facts, json).map(|topic| topic.into());
            return Ok(Decoded::Ignored {
                reply: self.received()(),
                topic,
            });
        };
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
                scheme: Some(self.scheme.clone()),
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
        Ok(event.into())
    }

    fn acknowledge(&self, _: &SignedEvent<T>, _: &Bytes) -> Acknowledgement {
        Acknowledgement::constant(self.received())
    }

    /// The id of the scheme, as far as it is trusted.
    fn id(&self, event: &SignedEvent<T>, _: &Bytes) -> Option<DeliveryId> {
        let unsigned = event.unauthenticated.id.as_deref();
        let id = event.id().or(unsigned.map(Cow::Borrowed))?;
        let id = id.into_owned();
        Some(match self.trust()? {
            Trust::Signed => DeliveryId::signed(id),
            Trust::Bearer => DeliveryId::bearer(id),
            Trust::Unsigned => DeliveryId::unsigned(id),
        })
    }

    /// A token in the query is left out.
    fn stored_target(&self, head: &Head<'_>) -> String {
        let kept = self
            .rules()
            .query_without_token(head.query().unwrap_or_default());
        match kept.is_empty() {
            true => head.path().to_owned(),
            false => format!("{}?{kept}", head.path()),
        }
    }

    fn timing(&self) -> Timing {
        S::TIMING.received(self.rules().received)
    }

    /// Of a type that the topic chooses, the topic.
    fn kind<'a>(&'a self, event: &'a SignedEvent<T>) -> &'a str {
        T::kind(&event.payload)
    }
}

impl<T: SignedBody, S: Source> SchemeProvider<T, S> {
    /// The payload. `None` if its topic is not one of the app's.
    fn payload(&self, facts: &SchemeFacts, json: &[u8]) -> Result<Option<T>, BodyError> {
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

    fn found_topic<'f>(&self, facts: &'f SchemeFacts, json: &[u8]) -> Option<Cow<'f, str>> {
        match &self.rules().topic {
            Some(Place::Body(path)) => json_field::find_text(json, path).map(Cow::Owned),
            _ => facts.topic.as_deref().map(Cow::Borrowed),
        }
    }

    /// What is sent if the handler leaves the answer to the layer, and if there is none.
    fn received(&self) -> fn() -> Reply {
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
}

impl<T: SignedBody, P: Preset> SchemeProvider<T, P> {
    /// The scheme of a preset, which needs no secret.
    pub fn preset_scheme() -> Scheme {
        Scheme::of_sender(&P::scheme())
    }
}

impl<T: SignedBody, P: Preset> FromSecrets for SchemeProvider<T, P> {
    const NAME: &'static str = P::NAME;

    type Store = P::Store;

    fn from_keyring(keyring: Keyring<P::Store>) -> Self {
        Self::with(Self::preset_scheme(), keyring)
    }

    fn keyring(&self) -> &Keyring<P::Store> {
        &self.keyring
    }
}

impl<T: SignedBody, S: Source> Authenticated for SchemeProvider<T, S> {
    fn unproven(&self) -> Option<&'static str> {
        let rules = self.rules();
        let signs_id = rules.id.as_ref().is_some_and(|id| rules.covers(id));
        (!rules.is_token() && !rules.covers_body() && !signs_id).then_some(
            "its scheme signs neither the body nor an id, so one captured delivery proves any number of others; \
             add {body} to `signs`, or the header that `id` names",
        )
    }
}

impl<T: SignedBody, S: Source> Deferrable for SchemeProvider<T, S> {}

impl<T: SignedBody, P: GivesIds> Identified for SchemeProvider<T, P> {
    fn trust(&self) -> Trust {
        self.trust().unwrap_or(Trust::Unsigned)
    }

    fn gives_ids(&self) -> bool {
        self.trust().is_some()
    }
}

/// Whether a scheme that is built when the program runs gives ids is known when a layer is.
impl<T: SignedBody> Identified for SchemeProvider<T, AnyScheme> {
    fn trust(&self) -> Trust {
        self.trust().unwrap_or(Trust::Unsigned)
    }

    fn gives_ids(&self) -> bool {
        self.trust().is_some()
    }
}

impl<T: SignedBody, P: SignsTime> Timestamped for SchemeProvider<T, P> {}

impl<T: SignedBody, S: Source> Clone for SchemeProvider<T, S> {
    fn clone(&self) -> Self {
        Self {
            scheme: self.scheme.clone(),
            keyring: self.keyring.clone(),
            verify_token: self.verify_token.clone(),
            payload: PhantomData,
        }
    }
}

impl<T: SignedBody, S: Source> fmt::Debug for SchemeProvider<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemeProvider")
            .field("scheme", &self.scheme)
            .field("keyring", &self.keyring)
            .finish_non_exhaustive()
    }
}

/// Why [`SchemeProvider::new`] fails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemeProviderError {
    /// A secret is refused, or there is none.
    Secrets(SecretsError),
    /// The topic chooses the type, and the scheme does not prove its topic.
    Topic(TopicError),
}

impl fmt::Display for SchemeProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secrets(error) => error.fmt(f),
            Self::Topic(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SchemeProviderError {}

/// What the head of a delivery claims, not yet compared.
pub struct SchemeClaim<S: SchemeStore>(Claimed<S>);

#[allow(
    clippy::large_enum_variant,
    reason = "nearly every claim is a proof, and a box would cost each an allocation"
)]
enum Claimed<S: SchemeStore> {
    Proof {
        checked: S::Checked,
        signed: Option<Signed>,
        facts: SchemeFacts,
    },
    /// No credential, and perhaps the probe that the sender makes when a URL is registered.
    Probe,
}

/// What decoding needs besides the body.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SchemeFacts {
    #[serde(skip_serializing_if = "is_false")]
    is_form: bool,
    #[serde(skip)]
    is_probe: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// Whether a body that is announced as a form is JSON all the same. No signature covers the announcement, so one that changes
/// must not change what an authentic body means. Forms encode the first bytes of objects, arrays and strings.
fn is_json(text: &[u8]) -> bool {
    matches!(first_byte(text), Some(b'{' | b'[' | b'"'))
        || serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// A header that proves nothing by itself. If it was sent twice, it counts as missing: nobody can tell which one is meant.
fn text(field: HeaderField<'_>) -> Option<String> {
    field.text().ok().map(str::to_owned)
}

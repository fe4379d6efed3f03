use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use serde_json::Value;

use super::claim::{Claimed, SchemeClaim, SchemeFacts};
use super::{Preset, SchemeProviderError, SignedBody, SignedEvent, Source, TopicError, handshake};
use crate::answer::{Acknowledgement, BodyError, Rejection, Reply};
use crate::delivery::{DeliveryId, Trust};
use crate::driver::cannot_start;
use crate::head::Head;
use crate::parse::json_field;
use crate::parse::payload::without_reserved_keys;
use crate::provider::{Authentic, ClaimTime, Decoded, FromSecrets, Provider, Timing};
use crate::secrets::{BearerTokens, IntoSecrets, Keyring, SecretsError};
use crate::signing::{Compares, Rules, Scheme, SchemeSecrets};

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

/// The source of a provider whose [`Scheme`] is built when the program runs.
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

    pub(super) fn rules(&self) -> &Rules {
        &self.scheme.0
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
            facts: SchemeFacts::of(rules, &fields, reading.time),
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
        self.json_of(facts, body)
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
        Ok(self.event(payload, facts, json).into())
    }

    fn acknowledge(&self, _: &SignedEvent<T>, _: &Bytes) -> Acknowledgement {
        Acknowledgement::constant(self.received())
    }

    /// The id of the scheme, as far as it is trusted.
    fn id(&self, event: &SignedEvent<T>, _: &Bytes) -> Option<DeliveryId> {
        let unsigned = event.unauthenticated.id.as_deref();
        let id = event.id().or(unsigned.map(Cow::Borrowed))?;
        let id = id.into_owned();
        Some(match self.id_trust()? {
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

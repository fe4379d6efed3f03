use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Deserializer};

use super::{Credential, Field, Form, Handshake, Scheme, SchemeError, TimeField};
use crate::answer::Received;

/// How a sender proves its deliveries, as data: what a [`Scheme`] is built from, in code or from a file.
///
/// Every method has a key of the same name in the file, with hyphens.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[must_use = "a scheme is used once it is built"]
pub struct SchemeBuilder {
    /// The file has the name elsewhere, as the key of the table.
    #[serde(skip)]
    pub(super) name: String,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) credential: Option<Credential>,
    /// The prefix of Ed25519 signatures in a list that has those of an HMAC as well.
    #[serde(skip)]
    pub(super) or_ed25519: Option<String>,
    pub(super) signs: Option<String>,
    pub(super) headers: BTreeMap<String, Form>,
    pub(super) time: Option<TimeField>,
    #[serde(deserialize_with = "seconds")]
    pub(super) tolerance: Option<Duration>,
    pub(super) any_time: bool,
    pub(super) topic: Option<Field>,
    pub(super) id: Option<Field>,
    pub(super) keep_headers: Vec<String>,
    pub(super) key: KeyEncoding,
    pub(super) key_prefix: Option<String>,
    pub(super) body: BodyFormat,
    pub(super) body_limit: Option<usize>,
    #[serde(deserialize_with = "received")]
    pub(super) received: Received,
    pub(super) handshakes: Vec<Handshake>,
    pub(super) allow_adjacent_parts: bool,
    pub(super) body_is_not_signed: bool,
    pub(super) time_is_not_signed: bool,
}

/// What proves a delivery.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Algorithm {
    HmacSha256,
    HmacSha1,
    HmacSha512,
    Ed25519,
    Token,
}

/// How the text of a secret becomes a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyEncoding {
    /// The text is the key.
    #[default]
    Text,
    /// Base64, with or without padding.
    Base64,
    /// Hex, in either letter case.
    Hex,
}

/// What a body is. JSON is taken as such whatever the `Content-Type`, which no signature covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BodyFormat {
    /// JSON.
    #[default]
    Json,
    /// JSON or, by its `Content-Type`, a form: it becomes an object whose values are text.
    Form,
    /// JSON or, by its `Content-Type`, a form that has JSON in this field. A form without the field becomes an object whose
    /// values are text.
    FormField(String),
}

impl SchemeBuilder {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Deliveries are signed with HMAC-SHA256.
    pub fn hmac_sha256(self, signature: Credential) -> Self {
        self.proven_by(Algorithm::HmacSha256, signature)
    }

    /// Deliveries are signed with HMAC-SHA1. SHA-1 is broken for other uses; as an HMAC it is not, but no new sender should
    /// use it.
    pub fn hmac_sha1(self, signature: Credential) -> Self {
        self.proven_by(Algorithm::HmacSha1, signature)
    }

    /// Deliveries are signed with HMAC-SHA512.
    pub fn hmac_sha512(self, signature: Credential) -> Self {
        self.proven_by(Algorithm::HmacSha512, signature)
    }

    /// Deliveries are signed with Ed25519, and the secret is a public key. It needs the feature `ed25519`.
    pub fn ed25519(self, signature: Credential) -> Self {
        self.proven_by(Algorithm::Ed25519, signature)
    }

    /// Deliveries carry a token, and nothing is signed: they prove that the sender knows it.
    pub fn token(self, token: Credential) -> Self {
        self.proven_by(Algorithm::Token, token)
    }

    fn proven_by(mut self, algorithm: Algorithm, credential: Credential) -> Self {
        self.algorithm = Some(algorithm);
        self.credential = Some(credential);
        self
    }

    /// Also reads Ed25519 signatures with this prefix, from the same list.
    #[cfg(feature = "ed25519")]
    pub(crate) fn or_ed25519(mut self, prefix: &str) -> Self {
        self.or_ed25519 = Some(prefix.to_owned());
        self
    }

    /// What is signed: literals and the parts `{body}`, `{time}` and `{header:NAME}`, such as `v0:{time}:{body}`. A brace is
    /// written twice.
    pub fn signs(mut self, template: impl Into<String>) -> Self {
        self.signs = Some(template.into());
        self
    }

    /// What a header that is signed may be: see [`Form`].
    pub fn form_of(mut self, header: impl Into<String>, form: Form) -> Self {
        self.headers.insert(header.into(), form);
        self
    }

    /// Where the time of a delivery is.
    pub fn time(mut self, time: TimeField) -> Self {
        self.time = Some(time);
        self
    }

    /// How far a signed time may lie from now, in either direction. Five minutes unless set.
    pub fn tolerance(mut self, within: Duration) -> Self {
        self.tolerance = Some(within);
        self
    }

    /// Accepts any signed time: for a sender that may repeat a delivery without signing it again. A captured delivery can then be
    /// sent again forever.
    pub fn any_time(mut self) -> Self {
        self.any_time = true;
        self
    }

    /// Where the topic of a delivery is.
    pub fn topic(mut self, field: Field) -> Self {
        self.topic = Some(field);
        self
    }

    /// Where the id of a delivery is, which is the same when it is repeated.
    pub fn id(mut self, field: Field) -> Self {
        self.id = Some(field);
        self
    }

    /// A header that the event keeps beside the payload.
    pub fn keep_header(mut self, name: impl Into<String>) -> Self {
        self.keep_headers.push(name.into());
        self
    }

    /// How the text of a secret becomes a key. The text is the key unless set.
    pub fn key(mut self, encoding: KeyEncoding) -> Self {
        self.key = encoding;
        self
    }

    /// What is removed from the text of a secret before it is decoded, such as `whsec_`; a secret may come without it.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = Some(prefix.into());
        self
    }

    /// What a body is. JSON unless set.
    pub fn body(mut self, format: BodyFormat) -> Self {
        self.body = format;
        self
    }

    /// How long a body may be, in bytes. 1 MiB unless set.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// What the sender counts as received. Any 2xx unless set.
    pub fn received(mut self, received: Received) -> Self {
        self.received = received;
        self
    }

    /// A request that the layer answers by itself.
    pub fn handshake(mut self, handshake: Handshake) -> Self {
        self.handshakes.push(handshake);
        self
    }

    /// Lets parts of variable length touch each other in the signed content. **Characters can then move from one to the other
    /// under the same signature**: for example from a time into the body. The id then counts as
    /// [unsigned](crate::Trust::Unsigned).
    pub fn allow_adjacent_parts(mut self) -> Self {
        self.allow_adjacent_parts = true;
        self
    }

    /// Lets the body be unsigned. **Anyone who has captured a delivery can send it with any other body.**
    pub fn body_is_not_signed(mut self) -> Self {
        self.body_is_not_signed = true;
        self
    }

    /// Lets a tolerance be checked against a time that is not signed. **It stops nobody who wants to repeat a delivery**, only
    /// those who send it late by mistake.
    pub fn time_is_not_signed(mut self) -> Self {
        self.time_is_not_signed = true;
        self
    }

    /// Gives a scheme that was read from a file its name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Checks all of it.
    ///
    /// # Errors
    ///
    /// The first thing that is unsafe, contradictory, or read by nobody; the message names the fix.
    pub fn build(&self) -> Result<Scheme, SchemeError> {
        super::check::rules(self)
            .map(Scheme::of)
            .map_err(|kind| SchemeError {
                scheme: self.name.as_str().into(),
                kind,
            })
    }
}

fn seconds<'de, D: Deserializer<'de>>(seconds: D) -> Result<Option<Duration>, D::Error> {
    u64::deserialize(seconds).map(|seconds| Some(Duration::from_secs(seconds)))
}

fn received<'de, D: Deserializer<'de>>(received: D) -> Result<Received, D::Error> {
    #[derive(Deserialize)]
    enum Counts {
        #[serde(rename = "2xx")]
        Success,
        #[serde(rename = "200")]
        Ok,
        #[serde(rename = "200 or 201")]
        OkOrCreated,
        #[serde(rename = "204")]
        NoContent,
    }

    Ok(match Counts::deserialize(received)? {
        Counts::Success => Received::Success,
        Counts::Ok => Received::Only(&[StatusCode::OK]),
        Counts::OkOrCreated => Received::Only(&[StatusCode::OK, StatusCode::CREATED]),
        Counts::NoContent => Received::Only(&[StatusCode::NO_CONTENT]),
    })
}

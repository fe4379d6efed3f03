//! Signs as the sender of a scheme does, for tests.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderName;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::TimeUnit;
use super::builder::Algorithm;
use super::content::{Piece, Source};
use super::rules::{Layout, Proof, Rules, TimePlace};
use super::secrets::decoded;
use crate::secrets::Secret;
use crate::signing::Encoding;

/// Why a delivery cannot be signed.
#[derive(Debug)]
pub(crate) enum Unsigned {
    /// The value of this header, which is signed, is not given.
    Header(HeaderName),
    /// The secret is no key for the algorithm.
    Key,
}

/// What a sender adds to a request.
pub(crate) enum Credential {
    Header(HeaderName, String),
    Query(String, String),
}

impl Rules {
    /// The credential of a delivery, and the headers that are signed with it.
    pub(crate) fn sign(
        &self,
        time: Duration,
        values: &[(&str, &str)],
        body: &[u8],
        secret: &Secret,
    ) -> Result<Vec<Credential>, Unsigned> {
        let name = |at: usize| self.names.get(at).cloned().ok_or(Unsigned::Key);
        let mut sent = Vec::new();
        let rule = self.time.as_ref();
        let time = rule.map(|rule| rule.unit.write(time)).unwrap_or_default();
        if let Some(TimePlace::Header(at)) = rule.map(|rule| &rule.place) {
            sent.push(Credential::Header(name(*at)?, time.clone()));
        }
        let (header, layout, encoding) = match &self.proof {
            Proof::Token { header, prefix } => {
                let token = format!("{prefix}{}", secret.expose());
                sent.push(Credential::Header(name(*header)?, token));
                return Ok(sent);
            }
            Proof::Bearer { header } => {
                let token = format!("Bearer {}", secret.expose());
                sent.push(Credential::Header(name(*header)?, token));
                return Ok(sent);
            }
            Proof::Query { parameter } => {
                let token = secret.expose().to_owned();
                sent.push(Credential::Query(parameter.to_string(), token));
                return Ok(sent);
            }
            Proof::Signature {
                header,
                layout,
                encoding,
                ..
            } => (*header, layout, *encoding),
        };
        let mut content = Vec::new();
        for piece in &self.content.before {
            content.extend_from_slice(self.value(piece, &time, values, &mut sent)?.as_bytes());
        }
        if self.content.body {
            content.extend_from_slice(body);
        }
        for piece in &self.content.after {
            content.extend_from_slice(self.value(piece, &time, values, &mut sent)?.as_bytes());
        }
        let key = decoded(self, secret).map_err(|_| Unsigned::Key)?;
        let signature = self.algorithm.sign(&key, &content);
        let signature = encoding.encode(&signature.ok_or(Unsigned::Key)?);
        let credential = match layout {
            Layout::Alone { prefix } => format!("{prefix}{signature}"),
            Layout::List { kinds, .. } => {
                let kind = kinds.first().map_or("", |(kind, _)| kind);
                format!("{kind}{signature}")
            }
            Layout::Pairs { separator, name } => match rule.map(|rule| &rule.place) {
                Some(TimePlace::Pair(of_time)) => {
                    format!("{of_time}={time}{separator}{name}={signature}")
                }
                _ => format!("{name}={signature}"),
            },
        };
        sent.push(Credential::Header(name(header)?, credential));
        Ok(sent)
    }

    fn value<'a>(
        &self,
        piece: &'a Piece,
        time: &'a str,
        values: &[(&str, &'a str)],
        sent: &mut Vec<Credential>,
    ) -> Result<&'a str, Unsigned> {
        let (source, form) = match piece {
            Piece::Literal(text) => return Ok(text),
            Piece::Value { source, form, .. } => (source, form),
        };
        let at = match source {
            Source::Time => return Ok(time),
            Source::Header(at) => at,
        };
        let name = self.names.get(*at).ok_or(Unsigned::Key)?;
        let given = values.iter().find(|(other, _)| *other == name.as_str());
        let value = given.map(|(_, value)| *value).or(form.exactly.as_deref());
        let value = value.ok_or_else(|| Unsigned::Header(name.clone()))?;
        sent.push(Credential::Header(name.clone(), value.to_owned()));
        Ok(value)
    }
}

impl TimeUnit {
    fn write(self, time: Duration) -> String {
        match self {
            Self::Seconds => time.as_secs().to_string(),
            Self::Milliseconds | Self::SecondsOrMilliseconds => time.as_millis().to_string(),
            Self::Rfc3339 => {
                let milliseconds = time.as_millis().try_into().unwrap_or_default();
                let time = jiff::Timestamp::from_millisecond(milliseconds);
                format!("{:.3}", time.unwrap_or_default())
            }
        }
    }
}

impl Encoding {
    fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(bytes),
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
        }
    }
}

impl Algorithm {
    fn sign(self, key: &[u8], content: &[u8]) -> Option<Vec<u8>> {
        fn hmac<M: Mac + KeyInit>(key: &[u8], content: &[u8]) -> Option<Vec<u8>> {
            let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
            mac.update(content);
            Some(mac.finalize().into_bytes().to_vec())
        }

        match self {
            Self::HmacSha256 => hmac::<Hmac<Sha256>>(key, content),
            Self::HmacSha1 => hmac::<Hmac<Sha1>>(key, content),
            Self::HmacSha512 => hmac::<Hmac<Sha512>>(key, content),
            #[cfg(feature = "ed25519")]
            Self::Ed25519 => {
                use ed25519_dalek::{Signer as _, SigningKey};

                let key = SigningKey::from_bytes(key.first_chunk()?);
                Some(key.sign(content).to_bytes().to_vec())
            }
            _ => None,
        }
    }
}

//! What is not kept of a delivery: card tokens, and every value that is a secret.

mod fields;
mod text;

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Uri};
use serde_json::value::RawValue;
use webhook_core::Secret;
use zeroize::Zeroizing;

use crate::senders::Particulars;

/// What is in place of a value.
pub(super) const MASK: &str = "(masked)";

/// The token of a card, which pays.
const CARD: &str = "token_id";

/// What is called masked if it was a secret.
const SECRET: &str = "secret";

/// A secret that is shorter is not looked for inside of other text: it would be found in words.
const FOUND_INSIDE: usize = 8;

/// What is masked in the deliveries of one sender.
pub(super) struct Masks {
    /// Fields of bodies, by their name anywhere in it.
    fields: Vec<&'static str>,
    /// Parameters of the query that are kept.
    parameters: &'static [&'static str],
    /// All secrets, in every spelling that they may have.
    secrets: Vec<Zeroizing<String>>,
}

/// A body as it is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// `None` if it is not kept.
    pub(super) bytes: Option<Vec<u8>>,
    /// The names of what was masked.
    pub(super) masked: Vec<String>,
}

impl Masks {
    /// Those of a sender, with the secrets of all.
    pub(super) fn new(sender: &Particulars, secrets: &[Secret]) -> Self {
        // The card also for senders without one: what is Klap's may have been sent to the wrong path.
        let fields = [&[CARD], sender.credential_fields].concat();
        let secrets = secrets
            .iter()
            .flat_map(|secret| text::spellings(secret.expose()))
            .collect();
        Self {
            fields,
            parameters: sender.query,
            secrets,
        }
    }

    /// Text in which no secret is left.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for secret in &self.secrets {
            if **secret == *text {
                return MASK.to_owned();
            }
            if secret.len() >= FOUND_INSIDE && text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), MASK));
            }
        }
        text.into_owned()
    }

    /// The path, with the parameters of the query that say what the delivery is about.
    pub(super) fn target(&self, uri: &Uri) -> String {
        let mut target: Vec<String> = uri
            .path()
            .split('/')
            .map(|segment| self.text(segment))
            .collect();
        let mut path = target.join("/");
        target.clear();
        for parameter in uri.query().unwrap_or_default().split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if self.parameters.contains(&name) {
                target.push(format!("{name}={}", self.text(value)));
            }
        }
        if !target.is_empty() {
            path = format!("{path}?{}", target.join("&"));
        }
        path
    }

    /// A body as it is kept: byte for byte, but for what is masked.
    pub(super) fn body(&self, body: &Bytes, headers: &HeaderMap) -> Body {
        let nothing = |masked: Vec<String>| Body {
            bytes: None,
            masked,
        };
        let encoding = headers.get(CONTENT_ENCODING).map(|it| it.as_bytes());
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
            // What is in it cannot be seen.
            return nothing(Vec::new());
        }
        let content_type = headers.get(CONTENT_TYPE).map(|it| it.as_bytes());
        match fields::mask(body, content_type, self) {
            Ok(masked) => self.without_secrets(masked),
            Err(field) => nothing(vec![field.to_owned()]),
        }
    }

    /// Masks what is left of secrets in bytes of any form.
    fn without_secrets(&self, mut body: Body) -> Body {
        let Some(bytes) = &mut body.bytes else {
            return body;
        };
        for secret in &self.secrets {
            let secret = secret.as_bytes();
            if secret.len() >= FOUND_INSIDE && text::replace(bytes, secret, MASK.as_bytes()) {
                body.masked.push(SECRET.to_owned());
            }
        }
        body.masked.sort();
        body.masked.dedup();
        body
    }

    /// An event in JSON as it is kept.
    pub(super) fn event(&self, event: &serde_json::Value) -> Option<Box<RawValue>> {
        let json = serde_json::to_vec(event).ok()?;
        let masked = self.without_secrets(fields::in_json(&json, self));
        let text = String::from_utf8(masked.bytes?).ok()?;
        RawValue::from_string(text).ok()
    }

    /// Whether a value is a secret.
    fn is_secret(&self, value: &str) -> bool {
        let mut secrets = self.secrets.iter();
        secrets.any(|secret| {
            value == secret.as_str()
                || (secret.len() >= FOUND_INSIDE && value.contains(secret.as_str()))
        })
    }
}

#[cfg(test)]
mod tests;

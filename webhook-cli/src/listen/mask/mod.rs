//! What is not kept of a delivery: card tokens, credentials in its body, and every value that is a secret.

mod form;
mod json;
mod look;
mod needles;
mod secrets;
mod sent;
mod text;
mod value;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Uri};
use serde_json::value::RawValue;

use self::look::{Look, Lost, Seen};
use self::needles::{Needles, readings};
pub(super) use self::secrets::Secrets;
use crate::senders::Particulars;

/// What is in place of a value.
pub(super) const MASK: &str = "(masked)";

/// The token of a card, which pays.
const CARD: &str = "token_id";

/// What is called masked if it was a secret.
const SECRET: &str = "secret";

/// What is masked in the deliveries of one sender.
pub(super) struct Masks {
    /// The card token's field, wherever it is named: what is Klap's may have been sent to the wrong path.
    card: Needles,
    /// Whether the sender's own bodies may have a card token.
    has_cards: bool,
    /// Fields of the sender's bodies that are a credential.
    fields: Vec<(&'static str, Needles)>,
    /// Parameters of the query that are kept.
    parameters: &'static [&'static str],
    secrets: Vec<Arc<Secrets>>,
    /// The length of the shortest text with anything of these.
    shortest: usize,
}

/// A body as it is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// `None` if it is not kept.
    pub(super) bytes: Option<Vec<u8>>,
    /// The names of what was masked.
    pub(super) masked: Vec<String>,
}

impl Body {
    fn of(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Some(bytes),
            masked: Vec::new(),
        }
    }
}

impl Masks {
    /// Those of a sender, with the secrets of all.
    pub(super) fn new(sender: &Particulars, secrets: Arc<Secrets>) -> Self {
        Self {
            has_cards: sender.has_cards,
            ..Self::with(sender.credential_fields, sender.query, vec![secrets])
        }
    }

    fn with(
        fields: &[&'static str],
        parameters: &'static [&'static str],
        secrets: Vec<Arc<Secrets>>,
    ) -> Self {
        let lengths = fields.iter().map(|field| field.len());
        let needles = |field: &str| Needles::new(&readings(field));
        Self {
            card: needles(CARD),
            has_cards: false,
            shortest: lengths.chain([CARD.len()]).min().unwrap_or_default(),
            fields: fields
                .iter()
                .map(|field| (*field, needles(field)))
                .collect(),
            parameters,
            secrets,
        }
    }

    /// Text in which no secret is left, and no card token.
    pub(super) fn text(&self, text: &str) -> String {
        if self.is_short_secret(text.as_bytes()) {
            return MASK.to_owned();
        }
        let mut look = Look::new(self);
        let seen = look.at(text.as_bytes());
        if seen.card {
            return MASK.to_owned();
        }
        if !seen.secret {
            return text.to_owned();
        }
        let mut masked = text.as_bytes().to_vec();
        for secrets in &self.secrets {
            masked = secrets.masked(&masked).unwrap_or(masked);
        }
        match String::from_utf8(masked) {
            Ok(masked) if !look.at(masked.as_bytes()).secret => masked,
            _ => MASK.to_owned(),
        }
    }

    /// The path, with the parameters of the query that say what the delivery is about.
    pub(super) fn target(&self, uri: &Uri) -> String {
        let mut path = self.path(uri.path());
        let mut query = Vec::new();
        for parameter in uri.query().unwrap_or_default().split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if self.parameters.contains(&name) {
                query.push(format!("{name}={}", self.text(value)));
            }
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        path
    }

    /// A secret may have slashes, and a card token be in the segment after its name: what is not masked surely is left out
    /// as a whole, but for the sender's name if it has no part in it.
    fn path(&self, path: &str) -> String {
        let segments: Vec<_> = path.split('/').collect();
        if segments
            .iter()
            .any(|it| self.is_short_secret(it.as_bytes()))
        {
            let segments: Vec<_> = segments.iter().map(|segment| self.text(segment)).collect();
            return self.path_of_long(&segments.join("/"));
        }
        self.path_of_long(path)
    }

    fn path_of_long(&self, path: &str) -> String {
        let masked = self.text(path);
        if masked != MASK {
            return masked;
        }
        let masked: Vec<_> = path.split('/').map(|segment| self.text(segment)).collect();
        let masked = masked.join("/");
        let seen = |path: &str| Look::new(self).at(path.as_bytes());
        let is_left = |seen: Seen| seen.card || seen.secret;
        if !seen(path).card && !is_left(seen(&masked)) {
            return masked;
        }
        let first = path.strip_prefix('/').and_then(|path| path.split_once('/'));
        match first {
            Some((first, rest)) if is_left(seen(rest)) && !is_left(seen(first)) => {
                format!("/{first}/{MASK}")
            }
            _ => format!("/{MASK}"),
        }
    }

    /// The body of an answer as it is kept.
    pub(super) fn body(&self, body: &Bytes, headers: &HeaderMap) -> Body {
        self.delivery(body, headers, false)
    }

    /// The body of a delivery as it is kept: byte for byte, but for what is masked. Where that is in JSON within a form,
    /// the whole value of the form is written again.
    pub(super) fn delivery(&self, body: &Bytes, headers: &HeaderMap, is_proven: bool) -> Body {
        if is_encoded(headers) {
            // What is in it cannot be seen.
            return Body {
                bytes: None,
                masked: Vec::new(),
            };
        }
        let content_type = headers.get(CONTENT_TYPE).map(|it| it.as_bytes());
        let essence = content_type.and_then(|named| named.split(|byte| *byte == b';').next());
        let essence = essence.unwrap_or_default().trim_ascii();
        let is_form = essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded");
        self.masked(body, is_form, is_proven)
    }

    fn masked(&self, body: &[u8], is_form: bool, is_proven: bool) -> Body {
        let mut look = Look::new(self);
        if is_proven && !self.has_cards {
            // It is not Klap's, sent to the wrong path: it may speak of a `token_id`.
            look = look.without_cards();
        }
        let masked = look.body(body, is_form);
        let mut body = masked.unwrap_or_else(|Lost(what)| Body {
            bytes: None,
            masked: vec![what.to_owned()],
        });
        body.masked.sort();
        body
    }

    /// An event in JSON as it is kept.
    pub(super) fn event(
        &self,
        event: &serde_json::Value,
        is_proven: bool,
    ) -> Option<Box<RawValue>> {
        let json = serde_json::to_vec(event).ok()?;
        let masked = self.masked(&json, false, is_proven);
        let text = String::from_utf8(masked.bytes?).ok()?;
        RawValue::from_string(text).ok()
    }

    fn secrets_are_in(&self, layer: &[u8]) -> bool {
        self.secrets.iter().any(|secrets| secrets.are_in(layer))
    }

    /// Whether a whole value is a secret that is too short to be looked for within others.
    fn is_short_secret(&self, value: &[u8]) -> bool {
        self.secrets.iter().any(|secrets| secrets.are(value))
    }
}

/// Whether a body is compressed: what each header says counts, and each in it.
fn is_encoded(headers: &HeaderMap) -> bool {
    let named = headers.get_all(CONTENT_ENCODING).into_iter();
    let mut named = named.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    named.any(|name| {
        let name = name.trim_ascii();
        !name.is_empty() && !name.eq_ignore_ascii_case(b"identity")
    })
}

/// Adds a name, if it is not in it yet.
fn add(masked: &mut Vec<String>, name: &str) {
    if !masked.iter().any(|other| other == name) {
        masked.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests;

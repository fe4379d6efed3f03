use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use zeroize::Zeroizing;

use super::form::decoded;
use super::json::{Scanner, is_json};
use super::look::is_name_of;
use super::{Masks, Secrets};

/// A part of a credential that is shorter is not one by itself: the name of a version, or a time.
const PART: usize = 16;

/// What of a body may be a credential. No sender has more than one.
const MOST_VALUES: usize = 64;

impl Masks {
    /// What is masked in an app's answer to a request: an app that shows what it was sent, as a page for debugging does, must
    /// not have its credential kept. What the fields of a sender are named is of no matter in it.
    pub(in super::super) fn of_answer_to(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        credentials: &[HeaderName],
    ) -> Self {
        let mut sent = Vec::new();
        for value in credentials.iter().flat_map(|name| headers.get_all(name)) {
            let value = String::from_utf8_lossy(value.as_bytes());
            // As in `t=1492774577,v1=5257a869` or `Signature: 5257a869`.
            let parts = value.split([',', ';', '=', ':', ' ', '"']);
            let parts = parts.filter(|part| part.len() >= PART);
            sent.extend(parts.map(|part| Zeroizing::new(part.to_owned())));
            sent.push(Zeroizing::new(value.into_owned()));
        }
        if !self.fields.is_empty() {
            self.values(body, &mut sent);
        }
        let sent = Secrets::new(sent.iter().map(|text| text.as_str()));
        let secrets = self.secrets.iter().cloned().chain([Arc::new(sent)]);
        Self::with(&[], &[], secrets.collect())
    }

    /// The values of the sender's fields in a body, also in JSON within a form.
    fn values(&self, body: &[u8], values: &mut Vec<Zeroizing<String>>) {
        if is_json(body) {
            return self.values_of_json(body, values);
        }
        for pair in body.split(|byte| *byte == b'&').take(MOST_VALUES) {
            let split = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            let (name, value) = pair.split_at_checked(split).unwrap_or_default();
            let value = decoded(value.get(1..).unwrap_or_default());
            if self.is_field(&decoded(name)) {
                let value = String::from_utf8_lossy(&value).into_owned();
                values.push(Zeroizing::new(value));
            } else if is_json(&value) {
                self.values_of_json(&value, values);
            }
        }
    }

    fn values_of_json(&self, json: &[u8], values: &mut Vec<Zeroizing<String>>) {
        let mut scanner = Scanner::new(json);
        while let Some(value) = scanner.next() {
            let string = scanner.string(value.start);
            let (Some(name), Some(string)) = (value.name, string) else {
                continue;
            };
            let name = serde_json::from_slice::<String>(name).unwrap_or_default();
            if self.is_field(name.as_bytes())
                && values.len() < MOST_VALUES
                && let Ok(value) = serde_json::from_slice::<String>(string)
            {
                values.push(Zeroizing::new(value));
            }
        }
    }

    fn is_field(&self, name: &[u8]) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|(field, _)| is_name_of(name, field))
    }
}

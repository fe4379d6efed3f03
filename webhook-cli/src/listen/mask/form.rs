use url::form_urlencoded;

use super::json::is_json;
use super::look::{Look, Lost};
use super::{Body, CARD, MASK, SECRET, add};

impl Look<'_> {
    /// Masks what is in a form.
    pub(super) fn in_form(&mut self, form: &[u8]) -> Result<Body, Lost> {
        let mut bytes = Vec::with_capacity(form.len());
        let mut masked = Vec::new();
        // What no pair shows alone: an escape of HTML has the separator in it.
        let mut rest = Vec::new();
        for (at, pair) in form.split(|byte| *byte == b'&').enumerate() {
            if at > 0 {
                bytes.push(b'&');
            }
            match self.pair(pair, &mut masked)? {
                Some(pair) => bytes.extend(pair),
                None => {
                    bytes.extend_from_slice(pair);
                    rest.extend_from_slice(pair);
                    rest.push(b'&');
                }
            }
        }
        if self.at(&rest).card {
            return Err(Lost(CARD));
        }
        Ok(Body {
            bytes: Some(bytes),
            masked,
        })
    }

    /// A pair of a form as it is kept, if not as it is.
    fn pair(&mut self, pair: &[u8], masked: &mut Vec<String>) -> Result<Option<Vec<u8>>, Lost> {
        if !self.has_short && !self.can_have(pair) {
            return Ok(None);
        }
        let split = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(split).unwrap_or((pair, b""));
        let value = value.get(1..).unwrap_or_default();
        let kept = |value: &[u8]| Some([name, b"=", value].concat());
        let seen = self.at(pair);
        match seen.name() {
            Some(found) => self.count(found)?,
            None if self.has_short => {}
            None => return Ok(None),
        }
        let (name, value) = (decoded(name), decoded(value));
        let in_name = self.at(&name);
        if let Some(field) = self.named(&name, in_name)? {
            if value.is_empty() {
                return Ok(Some(pair.to_vec()));
            }
            add(masked, field);
            return Ok(kept(MASK.as_bytes()));
        }
        if let Some(found) = self.text(&name, in_name)? {
            // Its value may be within the name.
            add(masked, found);
            return Ok(Some(MASK.as_bytes().to_vec()));
        }
        let in_value = self.at(&value);
        let can_be_json = value.starts_with(b"{") || value.starts_with(b"[");
        if can_be_json && is_json(&value) {
            let within = self.in_json(&value)?;
            if !within.masked.is_empty() {
                within.masked.iter().for_each(|name| add(masked, name));
                let json = within.bytes.unwrap_or_default();
                let json: String = form_urlencoded::byte_serialize(&json).collect();
                return Ok(kept(json.as_bytes()));
            }
        }
        match self.text(&value, in_value)? {
            Some(found) => {
                add(masked, found);
                Ok(kept(MASK.as_bytes()))
            }
            // It is neither in the name nor in the value alone.
            None if seen.card => Err(Lost(CARD)),
            None if self.has_short_secret(&value) => {
                add(masked, SECRET);
                Ok(kept(MASK.as_bytes()))
            }
            None => Ok(None),
        }
    }
}

/// What is written in a form.
pub(super) fn decoded(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_encoding::percent_decode(&spaced).collect()
}

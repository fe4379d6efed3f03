use bytes::Bytes;
use serde::de::IgnoredAny;
use url::form_urlencoded;

use super::text::mentions;
use super::{Body, MASK, Masks, SECRET};

/// Masks the fields of a body, and values that are secrets.
///
/// # Errors
///
/// The name of a field that may be in it, where that cannot be known because the body can not be read.
pub(super) fn mask(
    body: &Bytes,
    content_type: Option<&[u8]>,
    masks: &Masks,
) -> Result<Body, &'static str> {
    if serde_json::from_slice::<IgnoredAny>(body).is_ok() {
        return Ok(in_json(body, masks));
    }
    let essence = content_type.and_then(|named| named.split(|byte| *byte == b';').next());
    let essence = essence.unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        return Ok(in_form(body, masks));
    }
    match masks.fields.iter().find(|field| mentions(body, field)) {
        Some(field) => Err(field),
        None => Ok(Body {
            bytes: Some(body.to_vec()),
            masked: Vec::new(),
        }),
    }
}

/// In text that is JSON.
pub(super) fn in_json(json: &[u8], masks: &Masks) -> Body {
    let mut bytes = Vec::with_capacity(json.len());
    let mut masked = Vec::new();
    let mut scanner = Scanner::new(json);
    let mut from = 0;
    while let Some(value) = scanner.next() {
        let name = match value.name {
            Some(name) => named(name, masks).filter(|_| !is_nothing(json, value.start)),
            None => None,
        };
        let name = name.or_else(|| within(scanner.string(value.start)?, masks));
        if let Some(name) = name {
            masked.push(name.to_owned());
            bytes.extend_from_slice(json.get(from..value.start).unwrap_or_default());
            bytes.extend_from_slice(format!("\"{MASK}\"").as_bytes());
            from = scanner.leave(value.start);
        }
    }
    bytes.extend_from_slice(json.get(from..).unwrap_or_default());
    Body {
        bytes: Some(bytes),
        masked,
    }
}

/// The field that a key of JSON names. One that cannot be decoded may be any.
fn named(key: &[u8], masks: &Masks) -> Option<&'static str> {
    let decoded = serde_json::from_slice::<String>(key);
    let mut fields = masks.fields.iter();
    fields
        .find(|field| match &decoded {
            Ok(key) => field.eq_ignore_ascii_case(key),
            Err(_) => true,
        })
        .copied()
}

fn is_nothing(json: &[u8], start: usize) -> bool {
    let value = json.get(start..).unwrap_or_default();
    value.starts_with(b"null") || value.starts_with(b"\"\"")
}

/// What is to be masked within a string of JSON: all of it, if it is a secret or text with a field of its own.
fn within(string: &[u8], masks: &Masks) -> Option<&'static str> {
    if masks.secrets.is_empty() && masks.fields.is_empty() {
        return None;
    }
    let decoded = serde_json::from_slice::<String>(string);
    let text = match &decoded {
        Ok(decoded) => decoded.as_bytes(),
        Err(_) => string,
    };
    if decoded.as_ref().is_ok_and(|text| masks.is_secret(text)) {
        return Some(SECRET);
    }
    field_of_text(text, masks)
}

/// The field that is within text, if the text can have fields.
fn field_of_text(text: &[u8], masks: &Masks) -> Option<&'static str> {
    let can_have = text
        .iter()
        .any(|byte| matches!(byte, b'{' | b'[' | b'=' | b'%' | b'<'));
    let mut fields = masks.fields.iter();
    fields
        .find(|field| can_have && mentions(text, field))
        .copied()
}

/// In a form.
fn in_form(form: &[u8], masks: &Masks) -> Body {
    let mut masked = Vec::new();
    let pairs = form.split(|byte| *byte == b'&').map(|pair| {
        let split = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(split).unwrap_or((pair, b""));
        let name = decoded(name);
        let value = decoded(value.get(1..).unwrap_or_default());
        let mask = format!("={MASK}").into_bytes();
        let kept = pair.get(..split).unwrap_or_default();
        if let Some(field) = masks.fields.iter().find(|field| mentions(&name, field)) {
            masked.push((*field).to_owned());
            // A name that is more than the field may have its value within.
            return match is_name_of(&name, field) {
                true => [kept, &mask].concat(),
                false => MASK.as_bytes().to_vec(),
            };
        }
        if std::str::from_utf8(&value).is_ok_and(|value| masks.is_secret(value)) {
            masked.push(SECRET.to_owned());
            return [kept, &mask].concat();
        }
        if serde_json::from_slice::<IgnoredAny>(&value).is_ok() {
            let within = in_json(&value, masks);
            if !within.masked.is_empty() {
                masked.extend(within.masked);
                let json = within.bytes.unwrap_or_default();
                let json: String = form_urlencoded::byte_serialize(&json).collect();
                return [kept, b"=", json.as_bytes()].concat();
            }
        } else if let Some(field) = field_of_text(&value, masks) {
            masked.push(field.to_owned());
            return [kept, &mask].concat();
        }
        pair.to_vec()
    });
    let pairs: Vec<_> = pairs.collect();
    Body {
        bytes: Some(pairs.join(&b'&')),
        masked,
    }
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_encoding::percent_decode(&spaced).collect()
}

/// Whether this is the name of a field, alone or at the end of a path such as `order[token_id]`.
fn is_name_of(name: &[u8], field: &str) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let name = name.trim_end_matches(']');
    let last = name.rsplit(['[', '.']).next().unwrap_or_default();
    last.trim() == field
}

/// Walks through text that is known to be JSON, value by value, into objects and arrays.
struct Scanner<'a> {
    json: &'a [u8],
    at: usize,
    /// Whether what is open is an object, from the outermost.
    open: Vec<bool>,
}

struct Value<'a> {
    /// Its key as it is written, with the quotes, if it is in an object.
    name: Option<&'a [u8]>,
    start: usize,
}

impl<'a> Scanner<'a> {
    fn new(json: &'a [u8]) -> Self {
        Self {
            json,
            at: 0,
            open: Vec::new(),
        }
    }

    fn next(&mut self) -> Option<Value<'a>> {
        loop {
            match self.json.get(self.at)? {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => self.at += 1,
                b'}' | b']' => {
                    self.open.pop();
                    self.at += 1;
                }
                _ => break,
            }
        }
        let mut name = None;
        if self.open.last() == Some(&true) {
            let key = self.string(self.at)?;
            self.at += key.len();
            name = Some(key);
            while matches!(self.json.get(self.at)?, b' ' | b'\t' | b'\r' | b'\n' | b':') {
                self.at += 1;
            }
        }
        let start = self.at;
        match self.json.get(start)? {
            b'{' => {
                self.open.push(true);
                self.at += 1;
            }
            b'[' => {
                self.open.push(false);
                self.at += 1;
            }
            _ => self.at = self.end(start),
        }
        Some(Value { name, start })
    }

    /// The string that starts here, with its quotes, if there is one.
    fn string(&self, start: usize) -> Option<&'a [u8]> {
        let text = self.json.get(start..)?;
        if text.first() != Some(&b'"') {
            return None;
        }
        let mut at = 1;
        loop {
            at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
            match text.get(at)? {
                b'"' => return text.get(..=at),
                _ => at += 2,
            }
        }
    }

    /// Goes on after the value that starts here, and returns where that is.
    fn leave(&mut self, start: usize) -> usize {
        if matches!(self.json.get(start), Some(b'{' | b'[')) {
            self.open.pop();
            self.at = self.end(start);
        }
        self.at
    }

    /// Where the value that starts here ends.
    fn end(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(byte) = self.json.get(at) {
            match byte {
                b'"' => {
                    at += self.string(at).map_or(1, <[u8]>::len);
                    if depth == 0 {
                        return at;
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth <= 1 => return if depth == 0 { at } else { at + 1 },
                b'}' | b']' => depth -= 1,
                b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
                _ => {}
            }
            at += 1;
        }
        at
    }
}

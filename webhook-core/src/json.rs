//! Reads the known fields of a JSON object with serde_json, keeping digits and refusing repetitions.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{BodyError, BodyErrorKind};

/// How deep a known field may be nested. serde_json bounds its own recursion, but not what it skips or keeps raw.
const MAX_DEPTH: usize = 128;

/// Takes a UTF-8 byte order mark off.
pub(crate) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// The first byte that is no JSON white space.
pub(crate) fn first_byte(body: &[u8]) -> Option<u8> {
    body.iter()
        .copied()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// The values of the known fields of an object, in the order of `names`; a field that is absent or null is `None`.
///
/// Unknown fields are skipped, whatever they hold.
pub(crate) fn read_object<'a, const N: usize>(
    text: &'a str,
    names: &'static [&'static str; N],
) -> Result<[Option<&'a RawValue>; N], BodyError> {
    if first_byte(text.as_bytes()) != Some(b'{') {
        return Err(BodyErrorKind::NotAnObject.into());
    }
    let repeated = Cell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let fields = json
        .deserialize_map(Fields {
            names,
            repeated: &repeated,
        })
        .map_err(|error| match repeated.get() {
            Some(name) => BodyErrorKind::RepeatedField(name).into(),
            None => BodyError::from_json(&error),
        })?;
    json.end().map_err(|error| BodyError {
        kind: BodyErrorKind::TrailingData,
        ..BodyError::from_json(&error)
    })?;
    for (value, name) in fields.iter().zip(names) {
        if value.is_some_and(|value| depth(value.get()) > MAX_DEPTH) {
            return Err(BodyErrorKind::TooDeep(name).into());
        }
    }
    Ok(fields.map(|value| value.filter(|value| value.get() != "null")))
}

struct Fields<'n, const N: usize> {
    names: &'static [&'static str; N],
    repeated: &'n Cell<Option<&'static str>>,
}

impl<'a, const N: usize> Visitor<'a> for Fields<'_, N> {
    type Value = [Option<&'a RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        while let Some(position) = map.next_key_seed(KnownName(self.names))? {
            let slot = position.and_then(|at| Some((values.get_mut(at)?, self.names.get(at)?)));
            let Some((slot, name)) = slot else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if slot.is_some() {
                self.repeated.set(Some(name));
                return Err(serde::de::Error::custom("repeated field"));
            }
            *slot = Some(map.next_value::<&RawValue>()?);
        }
        Ok(values)
    }
}

/// Reads a key as its position among the known names.
struct KnownName(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KnownName {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for KnownName {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}

/// How deep arrays and objects are nested in a valid JSON text.
fn depth(json: &str) -> usize {
    if !json.starts_with(['[', '{']) {
        return 0;
    }
    let mut depth = 0_usize;
    let mut deepest = 0;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json.bytes() {
        if in_string {
            if escaped {
                escaped = false;
            } else if byte == b'\\' {
                escaped = true;
            } else if byte == b'"' {
                in_string = false;
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The text of a value: a string decoded, anything else as its JSON text, numbers with the digits that were sent.
///
/// `None` for a string that is no text: one with a lone surrogate.
pub(crate) fn text(value: &RawValue) -> Option<String> {
    let json = value.get();
    let quoted = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'));
    match quoted {
        // Valid JSON already, so without an escape there is nothing to decode.
        Some(text) if !text.contains('\\') => Some(text.to_owned()),
        Some(_) => serde_json::from_str(json).ok(),
        None => Some(json.to_owned()),
    }
}

/// Replaces `\u` escapes of lone surrogates by that of U+FFFD, which keeps every position in the text.
pub(crate) fn replace_lone_surrogates(json: &str) -> Cow<'_, str> {
    let mut replaced: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        let escape = at + found;
        at = match surrogate(json, escape) {
            Some(0xD800..=0xDBFF)
                if matches!(surrogate(json, escape + 6), Some(0xDC00..=0xDFFF)) =>
            {
                escape + 12
            }
            Some(_) => {
                let replaced = replaced.get_or_insert_with(|| String::with_capacity(json.len()));
                replaced.push_str(json.get(copied..escape).unwrap_or_default());
                replaced.push_str("\\ufffd");
                copied = escape + 6;
                copied
            }
            None => escape + 2,
        };
        // The character after a backslash may have more than one byte; such a text is not JSON.
        while at < json.len() && !json.is_char_boundary(at) {
            at += 1;
        }
    }
    match replaced {
        Some(mut replaced) => {
            replaced.push_str(json.get(copied..).unwrap_or_default());
            Cow::Owned(replaced)
        }
        None => Cow::Borrowed(json),
    }
}

/// The surrogate that the escape at this place stands for, if it is one.
fn surrogate(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16)
        .ok()
        .filter(|unit| (0xD800..=0xDFFF).contains(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (json, expected) in [
            (r#""plain""#, r#""plain""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83dx""#, r#""\\\ufffdx""#),
            (r#""\ud8"#, r#""\ud8"#),
            ("\"\\ñ\\uD83D\"", "\"\\ñ\\ufffd\""),
        ] {
            assert_eq!(replace_lone_surrogates(json), expected, "{json}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert_eq!(depth("1"), 0);
        assert_eq!(depth(r#"[{"[[\"[":[]},[]]"#), 3);
    }
}

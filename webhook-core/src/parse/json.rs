//! Reads the known fields of a JSON object with serde_json, keeping digits and refusing repeated fields.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::de::{Read, SliceRead, StrRead};
use serde_json::value::RawValue;

use super::repair::has_lone_surrogate;
use crate::answer::{BodyError, BodyErrorKind};

/// How deep a known field may be nested. serde_json limits its own recursion, but not what it skips or keeps raw.
const MAX_DEPTH: usize = 128;

/// The first byte that is not JSON whitespace.
pub(crate) fn first_byte(body: &[u8]) -> Option<u8> {
    body.iter()
        .copied()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// The values of the known fields of an object, in the order of `names`; a field that is missing or null is `None`.
///
/// Unknown fields are skipped, whatever they contain.
pub(crate) fn read_object<'a, const N: usize>(
    text: &'a str,
    names: &'static [&'static str; N],
) -> Result<[Option<&'a RawValue>; N], BodyError> {
    read(text.as_bytes(), StrRead::new(text), names, KeysAre::Text)
}

/// Like `read_object`, for text that may not be UTF-8 outside the known values.
pub(crate) fn read_object_of_bytes<'a, const N: usize>(
    bytes: &'a [u8],
    names: &'static [&'static str; N],
) -> Result<[Option<&'a RawValue>; N], BodyError> {
    read(bytes, SliceRead::new(bytes), names, KeysAre::Bytes)
}

fn read<'a, const N: usize>(
    bytes: &[u8],
    text: impl Read<'a>,
    names: &'static [&'static str; N],
    keys: KeysAre,
) -> Result<[Option<&'a RawValue>; N], BodyError> {
    if first_byte(bytes) != Some(b'{') {
        return Err(BodyErrorKind::NotAnObject.into());
    }
    let repeated = Cell::new(None);
    let mut json = serde_json::Deserializer::new(text);
    let fields = json
        .deserialize_map(Fields {
            names,
            keys,
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
        if value.is_some_and(|value| is_too_deep(value.get())) {
            return Err(BodyErrorKind::TooDeep(name).into());
        }
    }
    Ok(fields.map(|value| value.filter(|value| value.get() != "null")))
}

/// What an unknown key may be.
#[derive(Clone, Copy)]
enum KeysAre {
    Text,
    /// Any bytes, even if they are not text.
    Bytes,
}

struct Fields<'n, const N: usize> {
    names: &'static [&'static str; N],
    keys: KeysAre,
    repeated: &'n Cell<Option<&'static str>>,
}

impl<'a, const N: usize> Visitor<'a> for Fields<'_, N> {
    type Value = [Option<&'a RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        let mut next = 0;
        while let Some(position) = map.next_key_seed(KnownName {
            names: self.names,
            likely: next,
            keys: self.keys,
        })? {
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
            next = position.unwrap_or_default() + 1;
        }
        Ok(values)
    }
}

/// Reads a key as its position among the known names.
struct KnownName {
    names: &'static [&'static str],
    /// The position to try first: senders keep their fields in order.
    likely: usize,
    keys: KeysAre,
}

impl KnownName {
    fn position(&self, key: &[u8]) -> Option<usize> {
        let is_key = |name: &&str| name.as_bytes() == key;
        let (before, from) = self.names.split_at_checked(self.likely)?;
        let after = from.iter().position(is_key).map(|at| self.likely + at);
        after.or_else(|| before.iter().position(is_key))
    }
}

impl<'de> DeserializeSeed<'de> for KnownName {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        match self.keys {
            KeysAre::Text => key.deserialize_str(self),
            KeysAre::Bytes => key.deserialize_bytes(self),
        }
    }
}

impl Visitor<'_> for KnownName {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.position(key.as_bytes()))
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Self::Value, E> {
        Ok(self.position(key))
    }
}

/// Whether a valid JSON text is nested deeper than a known field may be.
pub(crate) fn is_too_deep(json: &str) -> bool {
    depth(json) > MAX_DEPTH
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

/// The text of a JSON value: a string decoded, anything else as its JSON text, numbers with their digits as sent.
///
/// `None` if it has a lone surrogate, which text cannot contain.
pub(crate) fn text(json: &str) -> Option<String> {
    let quoted = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'));
    match quoted {
        // It is valid JSON, so without an escape there is nothing to decode.
        Some(text) if !text.contains('\\') => Some(text.to_owned()),
        Some(_) => serde_json::from_str(json).ok(),
        None if json.starts_with(['[', '{']) && has_lone_surrogate(json) => None,
        None => Some(json.to_owned()),
    }
}

/// A whole number in any spelling, including `2.0` and `2e0`. Anything else counts as missing.
pub(crate) fn whole_number(text: &str) -> Option<u64> {
    /// Up to here, a float represents every whole number exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;

    let text = text.trim();
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        let whole = number.fract() == 0.0 && (0.0..=EXACT).contains(&number);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and in range"
        )]
        whole.then_some(number as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert_eq!(depth("1"), 0);
        assert_eq!(depth(r#"[{"[[\"[":[]},[]]"#), 3);
    }
}

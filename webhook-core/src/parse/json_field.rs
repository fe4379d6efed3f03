//! Finds one value in a JSON text by the keys that lead to it, known only when the program runs.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::json::{self, is_too_deep};
use super::repair::without_bom;

/// The value that these keys lead to. `None` if there is none or it is null, if one of the keys is there twice, or if the text
/// is not one JSON object.
pub(crate) fn find<'a>(json: &'a [u8], path: &[Box<str>]) -> Option<&'a RawValue> {
    look_for(json, path).ok().flatten()
}

/// Whether there surely is no value that these keys lead to, or it is null. What cannot be read may be there.
pub(crate) fn is_absent(json: &[u8], path: &[Box<str>]) -> bool {
    matches!(look_for(json, path), Ok(None))
}

/// An object that cannot be read, or has the key twice.
struct Unread;

fn look_for<'a>(json: &'a [u8], path: &[Box<str>]) -> Result<Option<&'a RawValue>, Unread> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(None);
    };
    let mut found = field(without_bom(json), first)?;
    for key in rest {
        found = match found {
            Some(within) => field(within.get().as_bytes(), key)?,
            None => return Ok(None),
        };
    }
    Ok(found)
}

/// The same, as text: a string decoded, a number or a boolean as it is written. `None` also for an array, an object, an empty
/// string and a lone surrogate.
pub(crate) fn find_text(json: &[u8], path: &[Box<str>]) -> Option<String> {
    let value = find(json, path)?.get();
    let is_text = !value.starts_with(['[', '{']) && value != "\"\"";
    is_text.then(|| json::text(value)).flatten()
}

fn field<'a>(object: &'a [u8], key: &str) -> Result<Option<&'a RawValue>, Unread> {
    if json::first_byte(object) != Some(b'{') {
        return Ok(None);
    }
    let mut reader = serde_json::Deserializer::from_slice(object);
    let found = reader.deserialize_map(Only(key)).map_err(|_| Unread)?;
    reader.end().map_err(|_| Unread)?;
    match found {
        Some(value) if value.get() == "null" => Ok(None),
        Some(value) if is_too_deep(value.get()) => Err(Unread),
        found => Ok(found),
    }
}

struct Only<'k>(&'k str);

impl<'de> Visitor<'de> for Only<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_key) = map.next_key_seed(Is(self.0))? {
            if !is_key {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value::<&RawValue>()?).is_some() {
                // Two readers could each take a different one.
                return Err(A::Error::custom("repeated key"));
            }
        }
        Ok(found)
    }
}

/// Reads a key as whether it is this one.
struct Is<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<bool, D::Error> {
        key.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(self.0 == key)
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<bool, E> {
        Ok(self.0.as_bytes() == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_absent() {
        let path: Box<[Box<str>]> = Box::new(["event".into()]);
        for (json, expected) in [
            (&br#"{"type":1}"#[..], true),
            (br#"{"type":1,"event":null}"#, true),
            (b"{\"type\":1,\"name\":\"\xff\"}", true),
            (br#"{"type":1,"event":{}}"#, false),
            (b"{\"type\":1,\"event\":{\"name\":\"\xff\"}}", false),
            (br#"{"type":1,"event":{},"event":null}"#, false),
            (br#"{"type":1,"eve"#, false),
        ] {
            let text = String::from_utf8_lossy(json);
            assert_eq!(is_absent(json, &path), expected, "{text}");
        }
    }

    #[test]
    fn a_value_is_found_by_its_keys_and_only_once() {
        let found = |json: &str, path: &str| {
            let path: Box<[Box<str>]> = path.split('.').map(Box::from).collect();
            find_text(json.as_bytes(), &path)
        };
        for (json, path, expected) in [
            (r#"{"id":"a"}"#, "id", Some("a")),
            ("\u{feff}{\"id\":\"a\"}", "id", Some("a")),
            (r#"{"i\u0064":"\u0061\n"}"#, "id", Some("a\n")),
            (
                r#"{"id":12345678901234567890123}"#,
                "id",
                Some("12345678901234567890123"),
            ),
            (r#"{"event":{"type":"x"}}"#, "event.type", Some("x")),
            (r#"{"event":{"type":"x","type":"y"}}"#, "event.type", None),
            (r#"{"id":1,"id":1}"#, "id", None),
            (r#"{"id":null}"#, "id", None),
            (r#"{"id":""}"#, "id", None),
            (r#"{"id":[1]}"#, "id", None),
            (r#"{"id":"\ud83d"}"#, "id", None),
            (r#"{"id":1} 2"#, "id", None),
            (r#"[{"id":1}]"#, "id", None),
            (r#"{"event":[{"type":"x"}]}"#, "event.type", None),
            ("", "id", None),
        ] {
            assert_eq!(found(json, path).as_deref(), expected, "{json}");
        }
    }
}

//! A naive reading of the senders' JSON and forms.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Decodes the JSON of a sender that leaves the type to the app, always after repairing it.
pub fn payload<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let json = repaired(body, '\u{fffd}');
    let reserved = serde_json::from_str::<HasReservedKey>(&json).is_ok_and(|found| found.0);
    (!reserved)
        .then(|| serde_json::from_str(&json).ok())
        .flatten()
}

/// The text without a byte order mark, with a mark for whatever is not Unicode.
pub fn repaired(body: &[u8], mark: char) -> String {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let mut text = String::new();
    for chunk in body.utf8_chunks() {
        text += chunk.valid();
        if !chunk.invalid().is_empty() {
            text.push(mark);
        }
    }
    without_lone_surrogates(&text, mark)
}

/// Replaces escapes of lone surrogates with that of the mark. All other escapes stay.
fn without_lone_surrogates(json: &str, mark: char) -> String {
    let mut repaired = String::new();
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        repaired.push_str(&rest[..at]);
        rest = &rest[at..];
        let (first, second) = (unit(rest), rest.get(6..).and_then(unit));
        let taken = match (first, second) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
            (Some(0xD800..0xE000), _) => {
                repaired += &format!("\\u{:04x}", u32::from(mark));
                rest = &rest[6..];
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at),
        };
        repaired.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    repaired + rest
}

/// The UTF-16 unit that an escape at the beginning of a text encodes.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .chars()
        .all(|char| char.is_ascii_hexdigit())
        .then_some(())?;
    u32::from_str_radix(digits, 16).ok()
}

/// Whether any object has a key that serde_json reserves for itself.
struct HasReservedKey(bool);

impl<'de> Deserialize<'de> for HasReservedKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = bool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_str<E>(self, _: &str) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_unit<E>(self) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
                let mut found = false;
                while let Some(HasReservedKey(inside)) = items.next_element()? {
                    found |= inside;
                }
                Ok(found)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<bool, A::Error> {
                let mut found = false;
                while let Some((key, HasReservedKey(inside))) = entries.next_entry::<String, _>()? {
                    found |= inside || key.starts_with("$serde_json::private::");
                }
                Ok(found)
            }
        }
        deserializer.deserialize_any(Any).map(Self)
    }
}

/// The fields of an object in order, with repetitions, and values as their text.
pub struct Object(pub Vec<(String, String)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    fields.push((name, value.get().to_owned()));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// The known fields of an object that are not null. `None` if it is not an object, or a known field occurs twice or is
/// nested too deeply.
pub fn known(text: &str, names: &[&str]) -> Option<BTreeMap<String, String>> {
    let Object(fields) = serde_json::from_str(text).ok()?;
    let mut known = BTreeMap::new();
    for (name, value) in fields {
        if names.contains(&&*name) && known.insert(name, value).is_some() {
            return None;
        }
    }
    if known.values().any(|value| nesting(value) > 128) {
        return None;
    }
    known.retain(|_, value| value != "null");
    Some(known)
}

/// A value as the text that the crate keeps: a string's content, anything else as sent.
pub fn text(value: &str) -> Option<String> {
    match value.starts_with('"') {
        true => serde_json::from_str(value).ok(),
        false => Some(value.to_owned()),
    }
}

/// How deeply brackets are nested, not counting those in strings.
fn nesting(json: &str) -> i64 {
    // In valid text, every second part between unescaped quotes is the inside of a string.
    let unescaped = json.replace(r"\\", "").replace(r#"\""#, "");
    let outside = unescaped.split('"').step_by(2);
    let mut depth = 0;
    outside
        .flat_map(str::chars)
        .map(|char| {
            match char {
                '[' | '{' => depth += 1,
                ']' | '}' => depth -= 1,
                _ => {}
            }
            depth
        })
        .max()
        .unwrap_or(0)
}

/// The fields of a form. `None` if an escape is broken, a name occurs twice, or there are more than 100.
pub fn form(body: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    let parts = body.split(|byte| *byte == b'&');
    for field in parts.filter(|field| !field.is_empty()) {
        let (name, value) = match field.iter().position(|byte| *byte == b'=') {
            Some(at) => (&field[..at], &field[at + 1..]),
            None => (field, &[][..]),
        };
        let (name, value) = (String::from_utf8(unescaped(name)?).ok()?, unescaped(value)?);
        if fields.len() == 100 || fields.iter().any(|(other, _)| *other == name) {
            return None;
        }
        fields.push((name, value));
    }
    Some(fields)
}

fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let spaces = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
    let spaced: Vec<u8> = text.iter().map(spaces).collect();
    // The lenient decoder leaves a `%` that does not begin an escape.
    let escapes = spaced.iter().filter(|byte| **byte == b'%').count();
    let decoded = percent_decode(&spaced);
    (decoded.len() + 2 * escapes == spaced.len()).then_some(decoded)
}

/// Decodes `%xx`, and leaves anything else.
pub fn percent_decode(mut bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    while let [first, rest @ ..] = bytes {
        let escape = match bytes {
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digits = String::from_utf8(vec![*high, *low]).unwrap();
                u8::from_str_radix(&digits, 16).ok()
            }
            _ => None,
        };
        decoded.push(escape.unwrap_or(*first));
        bytes = match escape {
            Some(_) => &bytes[3..],
            None => rest,
        };
    }
    decoded
}

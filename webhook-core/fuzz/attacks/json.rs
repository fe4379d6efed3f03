//! A naive reading of the senders' JSON and forms.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of an object in order, repetitions included, the values as their text.
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

/// The known fields of an object that are not null. `None` if it is no object, a known field is there twice, or one is
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

/// A value as the text that the crate keeps: a string's content, anything else as it was sent.
pub fn text(value: &str) -> Option<String> {
    match value.starts_with('"') {
        true => serde_json::from_str(value).ok(),
        false => Some(value.to_owned()),
    }
}

/// How deeply brackets are nested, those in strings left out.
fn nesting(json: &str) -> i64 {
    // Of a valid text, every second part between unescaped quotes is the inside of a string.
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

/// The fields of a form. `None` if an escape is broken, a name is there twice, or there are more than 100.
pub fn form(text: &str) -> Option<Vec<(String, String)>> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for field in text.split('&').filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        let (name, value) = (form_text(name)?, form_text(value)?);
        if fields.len() == 100 || fields.iter().any(|(other, _)| *other == name) {
            return None;
        }
        fields.push((name, value));
    }
    Some(fields)
}

fn form_text(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    // A `%` that begins no escape would be left alone by the lenient decoder.
    let escapes = spaced.match_indices('%').count();
    let decoded = percent_decode(spaced.as_bytes());
    let whole = decoded.len() + 2 * escapes == spaced.len();
    String::from_utf8(decoded).ok().filter(|_| whole)
}

/// Decodes `%xx`, and leaves what is none.
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

//! Further values that a list of properties names.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::answer::Rejection;
use crate::parse::json;

/// The values at these paths under `data`: strings that are not empty, and numbers as written.
///
/// Anything else has no one spelling: how an object, a list or null would be joined is not documented.
pub(super) fn values(data: &str, paths: &[String]) -> Result<Vec<String>, Rejection> {
    paths
        .iter()
        .map(|path| value(data, path).ok_or(Rejection::CredentialMalformed))
        .collect()
}

fn value(data: &str, path: &str) -> Option<String> {
    let mut value = data;
    for name in path.split('.') {
        value = member(value, name)?.get();
    }
    let is_scalar = value.starts_with(|first: char| matches!(first, '"' | '-' | '0'..='9'));
    json::text(value).filter(|text| is_scalar && !text.is_empty())
}

/// The member of an object with this name, if there is exactly one.
fn member<'a>(object: &'a str, name: &str) -> Option<&'a RawValue> {
    serde_json::Deserializer::from_str(object)
        .deserialize_map(Member(name))
        .ok()?
}

struct Member<'n>(&'n str);

impl<'a> Visitor<'a> for Member<'_> {
    type Value = Option<&'a RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_meant) = map.next_key_seed(IsNamed(self.0))? {
            if !is_meant {
                map.next_value::<IgnoredAny>()?;
            } else if found.is_some() {
                return Err(A::Error::custom("repeated field"));
            } else {
                found = Some(map.next_value()?);
            }
        }
        Ok(found)
    }
}

struct IsNamed<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for IsNamed<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<bool, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for IsNamed<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

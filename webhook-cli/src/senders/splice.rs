use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON text with a value in it set to this one, also JSON, and every other byte as it was: a signature covers the bytes.
///
/// The keys lead to the value. What is missing on the way is added. `text` may differ from what is read in `same_length`, which
/// has a number where a template has a place for one.
///
/// # Errors
///
/// Why the keys lead nowhere.
pub(super) fn spliced(
    text: &str,
    same_length: &str,
    path: &str,
    value: &str,
) -> Result<String, &'static str> {
    const NO_JSON: &str = "the body is not JSON: give one of your own with --body FILE";

    let whole: &RawValue = serde_json::from_str(same_length).map_err(|_| NO_JSON)?;
    let span = |part: &str| {
        let start = part.as_ptr().addr() - same_length.as_ptr().addr();
        start..start + part.len()
    };
    let mut place = whole.get();
    let mut keys = path.split('.');
    while let Some(key) = keys.next() {
        let missing = |prefix: &str| format!("{prefix}{}", nested(keys.clone(), value));
        let found = match place.as_bytes().first() {
            Some(b'{') => {
                let fields = fields(place).ok_or(NO_JSON)?;
                // Of a key that is there twice, most parsers take the last.
                match fields.iter().rev().find(|(name, _)| name == key) {
                    Some((_, value)) => *value,
                    None => {
                        let name = format!("{}:", quoted(key));
                        let values: Vec<_> = fields.iter().map(|(_, value)| *value).collect();
                        return Ok(added(text, span(place), &values, span, &missing(&name)));
                    }
                }
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(place).map_err(|_| NO_JSON)?;
                let items: Vec<_> = items.into_iter().map(RawValue::get).collect();
                let at: Option<usize> = key.parse().ok();
                // One past the end adds an item.
                if at == Some(items.len()) {
                    return Ok(added(text, span(place), &items, span, &missing("")));
                }
                let item = at.and_then(|at| items.get(at));
                *item.ok_or("the list has no item at this position")?
            }
            _ if place == "null" => {
                let object = format!("{{{}:{}}}", quoted(key), missing(""));
                return Ok(replaced(text, span(place), &object));
            }
            _ => return Err("a part of the path is neither an object nor a list"),
        };
        place = found;
    }
    Ok(replaced(text, span(place), value))
}

/// A value in a JSON text, as it is written.
pub(super) fn raw_at<'a>(text: &'a str, path: &str) -> Option<&'a str> {
    let whole: &RawValue = serde_json::from_str(text).ok()?;
    path.split('.').try_fold(whole.get(), |place, key| {
        if place.starts_with('{') {
            let mut fields = fields(place)?.into_iter().rev();
            return fields.find_map(|(name, value)| (name == key).then_some(value));
        }
        let items: Vec<&'a RawValue> = serde_json::from_str(place).ok()?;
        items.get(key.parse::<usize>().ok()?).map(|item| item.get())
    })
}

/// The value below these keys.
fn nested<'a>(keys: impl DoubleEndedIterator<Item = &'a str>, value: &str) -> String {
    keys.rev().fold(value.to_owned(), |value, key| {
        format!("{{{}:{value}}}", quoted(key))
    })
}

/// An object or a list with one more, behind the last of the values that it has.
fn added(
    text: &str,
    whole: Range<usize>,
    values: &[&str],
    span: impl Fn(&str) -> Range<usize>,
    what: &str,
) -> String {
    match values.last() {
        Some(last) => {
            let end = span(last).end;
            replaced(text, end..end, &format!(",{what}"))
        }
        None => {
            let first = whole.start + 1;
            replaced(text, first..first, what)
        }
    }
}

fn replaced(text: &str, span: Range<usize>, with: &str) -> String {
    let mut text = text.to_owned();
    text.replace_range(span, with);
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The names and the values of an object, as they are written and in their order.
fn fields(object: &str) -> Option<Vec<(String, &str)>> {
    struct Fields;

    impl<'de> Visitor<'de> for Fields {
        type Value = Vec<(String, &'de str)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                fields.push((name, value.get()));
            }
            Ok(fields)
        }
    }

    let mut object = serde_json::Deserializer::from_str(object);
    object.deserialize_map(Fields).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_value_stays_as_it_is_written() {
        let body = r#" {"z": 1.10,"a":{"b":[1, 2 ],"n":null,"e":{ },"l":[]},"\u00bf":"\u00bf \/","big":123456789012345678901234567890} "#;
        for (path, value, was, is) in [
            ("z", "1.20", "1.10", "1.20"),
            ("a.b.0", "9e400", "[1, 2 ]", "[9e400, 2 ]"),
            ("a.b.2", "\"x\"", "[1, 2 ]", "[1, 2,\"x\" ]"),
            ("a.n", "[ ]", "null", "[ ]"),
            ("a.n.x.y", "1", "null", r#"{"x":{"y":1}}"#),
            ("a.e.x", "1", "{ }", r#"{"x":1 }"#),
            ("a.l.0.x", "1", "[]", r#"[{"x":1}]"#),
            ("¿", "1", r#""\u00bf \/""#, "1"),
            ("big", "1", "123456789012345678901234567890", "1"),
            ("new.\"", "1", "890} ", r#"890,"new":{"\"":1}} "#),
            ("a", "{}", r#"{"b":[1, 2 ],"n":null,"e":{ },"l":[]}"#, "{}"),
        ] {
            let expected = body.replacen(was, is, 1);
            assert_ne!(expected, body, "{path}");
            assert_eq!(spliced(body, body, path, value), Ok(expected), "{path}");
        }
    }

    #[test]
    fn a_value_is_found_as_it_is_written() {
        let body = r#" {"a":{"b":[1, 1.10 ]},"a":{"b":[1, 1.20 ]}} "#;
        for (path, expected) in [
            ("a.b.1", Some("1.20")),
            ("a.b", Some("[1, 1.20 ]")),
            ("a.b.2", None),
            ("a.b.1.c", None),
            ("b", None),
        ] {
            assert_eq!(raw_at(body, path), expected, "{path}");
        }
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_last_is_set() {
        let body = r#"{"a":1,"a":2}"#;
        assert_eq!(spliced(body, body, "a", "3").unwrap(), r#"{"a":1,"a":3}"#);
    }

    #[test]
    fn a_path_that_leads_nowhere_says_so() {
        for (body, path, expected) in [
            ("a=1", "a", "the body is not JSON"),
            ("{} {}", "a", "the body is not JSON"),
            (r#"{"a":1}"#, "a.b", "neither an object nor a list"),
            ("[1]", "2", "no item at this position"),
            ("[1]", "x", "no item at this position"),
        ] {
            let error = spliced(body, body, path, "1").unwrap_err();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }
}

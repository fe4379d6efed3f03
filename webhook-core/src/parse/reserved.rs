//! Keys that serde_json reserves for itself.
//!
//! With its `raw_value` feature, an object whose first key is `$serde_json::private::RawValue` decodes to a `Value`
//! from the JSON in the string after it, with a fresh recursion limit: strings nested in strings overflow the stack.
//! `arbitrary_precision` has such a key for numbers. Any crate in the app can turn these features on for the whole
//! build, so the keys are refused whatever features this crate uses.

use std::sync::LazyLock;

use memchr::{memchr, memchr2, memmem};

use super::json::first_byte;

/// The prefix of these keys.
const PREFIX: &[u8] = b"$serde_json::private::";

/// Whether an object in this JSON has such a key, in any spelling.
pub(crate) fn has_reserved_key(json: &[u8]) -> bool {
    /// The only other way to spell `$`.
    static ESCAPED: LazyLock<memmem::Finder<'_>> =
        LazyLock::new(|| memmem::Finder::new(b"\\u0024"));

    // Nearly every search ends here.
    let Some(rest) = memchr2(b'$', b'\\', json).and_then(|at| json.get(at..)) else {
        return false;
    };
    (memchr(b'$', rest).is_some() || ESCAPED.find(rest).is_some()) && search(json)
}

/// Walks over all strings. This is exact as far as the JSON is valid, and decoding stops there as well.
fn search(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some((_, string)) = split_after(rest, memchr(b'"', rest)) {
        let Some((text, after)) = split_after(string, end_of_string(string)) else {
            return false;
        };
        // As a value, or inside a longer string, the same text is harmless.
        if is_reserved(text) && first_byte(after) == Some(b':') {
            return true;
        }
        rest = after;
    }
    false
}

/// Splits around the byte at this position.
fn split_after(bytes: &[u8], at: Option<usize>) -> Option<(&[u8], &[u8])> {
    let (before, from) = bytes.split_at_checked(at?)?;
    Some((before, from.get(1..)?))
}

/// The position of the quote that ends a string.
fn end_of_string(string: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = at + memchr2(b'"', b'\\', string.get(at..)?)?;
        if string.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

fn is_reserved(mut text: &[u8]) -> bool {
    for letter in PREFIX {
        text = match text {
            [b'\\', b'u', b'0', b'0', digits @ ..] if spells(digits, *letter) => {
                digits.get(2..).unwrap_or_default()
            }
            [first, rest @ ..] if first == letter => rest,
            _ => return false,
        };
    }
    true
}

/// Whether these begin with the two hex digits of a byte.
fn spells(digits: &[u8], byte: u8) -> bool {
    let mut decoded = [0];
    digits.get(..2).is_some_and(|digits| {
        hex::decode_to_slice(digits, &mut decoded).is_ok() && decoded == [byte]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_key_is_found_in_any_spelling_and_nothing_else_is() {
        let fully_escaped: String = "$serde_json::private::RawValue"
            .bytes()
            .map(|byte| format!("\\u00{byte:02X}"))
            .collect();
        for (json, expected) in [
            (r#"{"$serde_json::private::RawValue":"[]"}"#, true),
            (r#"{"$serde_json::private::Number":"1"}"#, true),
            (
                r#"[{"a":"\"","\u0024serde_json::private::RawValue" : "1"}]"#,
                true,
            ),
            (
                r#"{"$serde\u005Fjson::private::RawValue"
                :"1"}"#,
                true,
            ),
            (&format!(r#"{{"{fully_escaped}":"1"}}"#), true),
            (r#"{"$serde_json::private::Whatever comes next":1}"#, true),
            (r#"{"price":"US$ 10","\u0024":1}"#, false),
            (r#"{"a":"$serde_json::private::RawValue"}"#, false),
            (r#"["$serde_json::private::RawValue",":"]"#, false),
            (r#"{"a":"\"$serde_json::private::RawValue\":"}"#, false),
            (r#"{"x$serde_json::private::RawValue":1}"#, false),
            (r#"{"\\u0024serde_json::private::RawValue":1}"#, false),
            (r#"{"$serde_json::private":1}"#, false),
            (r#"{"$"#, false),
            ("\"$\\", false),
            ("", false),
        ] {
            assert_eq!(has_reserved_key(json.as_bytes()), expected, "{json}");
        }
    }
}

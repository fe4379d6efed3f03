//! Repairs the JSON of an authentic delivery before it is decoded a second time.

use std::borrow::Cow;

use bytes::Bytes;

use crate::answer::BodyError;

/// Repairs and decodes again if the JSON did not decode as received: refusing an authentic delivery over a detail of
/// its text would lose it. Also returns the repaired JSON, if that is what was decoded.
pub(crate) fn or_repaired<T>(
    decoded: Result<T, BodyError>,
    json: &[u8],
    decode: impl FnOnce(&Bytes) -> Result<T, BodyError>,
) -> Result<(T, Option<Bytes>), BodyError> {
    match decoded {
        Ok(decoded) => Ok((decoded, None)),
        Err(error) => again(error, json, decode),
    }
}

#[cold]
fn again<T>(
    error: BodyError,
    json: &[u8],
    decode: impl FnOnce(&Bytes) -> Result<T, BodyError>,
) -> Result<(T, Option<Bytes>), BodyError> {
    let json = repaired(json).ok_or(error)?;
    decode(&json).map(|decoded| (decoded, Some(json)))
}

/// The JSON without a byte order mark, and with U+FFFD for bytes that are not UTF-8 and for escapes of lone
/// surrogates. `None` if there is nothing to repair.
fn repaired(json: &[u8]) -> Option<Bytes> {
    let text = without_bom(json);
    let has_bom = text.len() < json.len();
    let text = String::from_utf8_lossy(text);
    match (replace_lone_surrogates(&text), &text) {
        (Cow::Owned(repaired), _) => Some(repaired.into()),
        (Cow::Borrowed(_), Cow::Owned(_)) => Some(text.into_owned().into()),
        (Cow::Borrowed(text), Cow::Borrowed(_)) if has_bom => {
            Some(Bytes::copy_from_slice(text.as_bytes()))
        }
        _ => None,
    }
}

/// Removes a UTF-8 byte order mark.
pub(crate) fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

/// Whether the text escapes a lone surrogate. JSON allows it, but Unicode text cannot contain it.
pub(crate) fn has_lone_surrogate(json: &str) -> bool {
    memchr::memchr(b'\\', json.as_bytes()).is_some()
        && matches!(replace_lone_surrogates(json), Cow::Owned(_))
}

/// Replaces `\u` escapes of lone surrogates with that of U+FFFD, which keeps every position in the text.
fn replace_lone_surrogates(json: &str) -> Cow<'_, str> {
    let mut replaced: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = json
        .as_bytes()
        .get(at..)
        .and_then(|rest| memchr::memchr(b'\\', rest))
    {
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
    }
    match replaced {
        Some(mut replaced) => {
            replaced.push_str(json.get(copied..).unwrap_or_default());
            Cow::Owned(replaced)
        }
        None => Cow::Borrowed(json),
    }
}

/// The surrogate that the escape at this position encodes, if it is one.
fn surrogate(json: &str, at: usize) -> Option<u16> {
    let escape = json.as_bytes().get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let digits = std::str::from_utf8(digits).ok()?;
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
            ("\"\\", "\"\\"),
        ] {
            assert_eq!(replace_lone_surrogates(json), expected, "{json}");
            assert_eq!(has_lone_surrogate(json), json != expected, "{json}");
        }
    }

    #[test]
    fn damage_is_replaced_and_sound_text_is_left_alone() {
        for (json, expected) in [
            (&b"{}"[..], None),
            ("{\"a\":\"ñ\u{fffd}\"}".as_bytes(), None),
            (b"\xEF\xBB\xBF{}", Some("{}")),
            (b"{\"a\":\"Mu\xF1oz\"}", Some("{\"a\":\"Mu\u{fffd}oz\"}")),
            (br#"{"a":"\ud83d"}"#, Some(r#"{"a":"\ufffd"}"#)),
            (
                b"\xEF\xBB\xBF[\"\xFF\\ud83d\"]",
                Some("[\"\u{fffd}\\ufffd\"]"),
            ),
        ] {
            let repaired = repaired(json);
            let shown = String::from_utf8_lossy(json);
            assert_eq!(repaired.as_deref(), expected.map(str::as_bytes), "{shown}");
        }
    }
}

use std::borrow::Cow;

use super::tokens::{Token, Tokens};

/// How characters in strings are written. `None` leaves them as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Escapes {
    /// `/` as `\/`.
    slash: Option<bool>,
    /// Characters beyond ASCII.
    other: Option<Other>,
    /// These ASCII characters as `\u00…`, and no others.
    ascii: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Other {
    Plain,
    LowerHex,
    UpperHex,
}

impl Escapes {
    const NONE: Self = Self {
        slash: None,
        other: None,
        ascii: None,
    };

    const fn all(slash: bool, other: Other, ascii: &'static str) -> Self {
        Self {
            slash: Some(slash),
            other: Some(other),
            ascii: Some(ascii),
        }
    }

    /// Those that are tried, the simplest first, and what they are called.
    pub(super) const ALL: [(Self, &'static str); 11] = [
        (
            Self {
                slash: Some(true),
                ..Self::NONE
            },
            r"`/` written as `\/`",
        ),
        (
            Self {
                slash: Some(false),
                ..Self::NONE
            },
            r"`/` written plainly, not as `\/`",
        ),
        (
            Self {
                other: Some(Other::LowerHex),
                ..Self::NONE
            },
            r"non-ASCII characters written as `\u` and lower-case hex",
        ),
        (
            Self {
                other: Some(Other::UpperHex),
                ..Self::NONE
            },
            r"non-ASCII characters written as `\u` and upper-case hex",
        ),
        (
            Self {
                other: Some(Other::Plain),
                ..Self::NONE
            },
            r"non-ASCII characters written as UTF-8, not as `\u…`",
        ),
        (
            Self::all(false, Other::Plain, ""),
            "strings without escapes but those that JSON requires",
        ),
        (
            Self::all(true, Other::LowerHex, ""),
            r"`/` written as `\/`, and non-ASCII characters as `\u` and lower-case hex",
        ),
        (
            Self::all(false, Other::LowerHex, ""),
            r"only non-ASCII characters written as `\u` and lower-case hex",
        ),
        (
            Self::all(true, Other::Plain, ""),
            r"`/` written as `\/`, and non-ASCII characters as UTF-8",
        ),
        (
            Self::all(false, Other::Plain, "<>&\u{2028}\u{2029}"),
            r"`<`, `>` and `&` written as `\u00…`",
        ),
        (
            Self::all(false, Other::UpperHex, "<>&'+\"`\u{7f}"),
            r"`<`, `>`, `&`, `'`, `+`, quotes and non-ASCII characters written as `\u` and upper-case hex",
        ),
    ];

    /// The body with these escapes. White space stays.
    pub(super) fn of(self, json: &[u8]) -> Vec<u8> {
        let mut written = Vec::with_capacity(json.len());
        for Token(text) in Tokens(json) {
            written.extend_from_slice(&self.token(text));
        }
        written
    }

    fn token(self, text: &[u8]) -> Cow<'_, [u8]> {
        let inner = text
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""))
            .and_then(|inner| str::from_utf8(inner).ok());
        let Some(mut rest) = inner else {
            return Cow::Borrowed(text);
        };
        let mut written = String::with_capacity(text.len());
        written.push('"');
        while let Some((sent, character)) = first_character(rest) {
            self.character(sent, character, &mut written);
            rest = rest.get(sent.len()..).unwrap_or_default();
        }
        written.push('"');
        Cow::Owned(written.into_bytes())
    }

    fn character(self, sent: &str, character: Option<char>, written: &mut String) {
        let hex = |upper: bool, character: char, written: &mut String| {
            for unit in character.encode_utf16(&mut [0; 2]) {
                written.push_str(&match upper {
                    true => format!("\\u{unit:04X}"),
                    false => format!("\\u{unit:04x}"),
                });
            }
        };
        let upper = self.other == Some(Other::UpperHex);
        match (character, self.other, self.ascii, self.slash) {
            (Some(it), _, Some(these), _) if these.contains(it) => hex(upper, it, written),
            (Some('/'), _, _, Some(true)) => written.push_str("\\/"),
            (Some('/'), _, _, Some(false)) => written.push('/'),
            (Some(it @ ('"' | '\\')), _, Some(_), _) => {
                written.push('\\');
                written.push(it);
            }
            (Some(it @ ' '..='~'), _, Some(_), _) if it != '/' => written.push(it),
            (Some(it), Some(Other::Plain), ..) if !it.is_ascii() => written.push(it),
            (Some(it), Some(_), ..) if !it.is_ascii() => hex(upper, it, written),
            _ => written.push_str(sent),
        }
    }
}

/// The first character of the inside of a string: as it is written, and what it is. Half of a pair of surrogates is none.
fn first_character(text: &str) -> Option<(&str, Option<char>)> {
    let first = text.chars().next()?;
    if first != '\\' {
        return Some((text.get(..first.len_utf8())?, Some(first)));
    }
    let escaped = text.get(1..).and_then(|rest| rest.chars().next());
    let Some(escaped) = escaped else {
        return Some((text, None));
    };
    if escaped != 'u' {
        let meant = matches!(escaped, '/' | '"' | '\\').then_some(escaped);
        return Some((text.get(..1 + escaped.len_utf8())?, meant));
    }
    let Some(unit) = unit_at(text, 0) else {
        return Some((text.get(..2)?, None));
    };
    let pair = unit_at(text, 6).and_then(|low| one_of([unit, low]));
    match (one_of([unit]), pair) {
        (Some(one), _) => Some((text.get(..6)?, Some(one))),
        (None, Some(pair)) => Some((text.get(..12)?, Some(pair))),
        (None, None) => Some((text.get(..6)?, None)),
    }
}

fn unit_at(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

fn one_of<const N: usize>(units: [u16; N]) -> Option<char> {
    let mut characters = char::decode_utf16(units);
    let first = characters.next()?.ok();
    first.filter(|_| characters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_the_usual_writers() {
        let plain = r#"{"a/b":"ñ 😀 <\"\\\n+'","n":1.0}"#;
        let of =
            |escapes: Escapes, json: &str| String::from_utf8(escapes.of(json.as_bytes())).unwrap();
        let written = |at: usize| of(Escapes::ALL[at].0, plain);
        for (at, expected) in [
            (0, r#"{"a\/b":"ñ 😀 <\"\\\n+'","n":1.0}"#),
            (2, r#"{"a/b":"\u00f1 \ud83d\ude00 <\"\\\n+'","n":1.0}"#),
            (3, r#"{"a/b":"\u00F1 \uD83D\uDE00 <\"\\\n+'","n":1.0}"#),
            (6, r#"{"a\/b":"\u00f1 \ud83d\ude00 <\"\\\n+'","n":1.0}"#),
            (9, r#"{"a/b":"ñ 😀 \u003c\"\\\n+'","n":1.0}"#),
            (
                10,
                r#"{"a/b":"\u00F1 \uD83D\uDE00 \u003C\u0022\\\n\u002B\u0027","n":1.0}"#,
            ),
        ] {
            assert_eq!(written(at), expected, "{}", Escapes::ALL[at].1);
        }
        // All of them can be taken back.
        for at in 0..Escapes::ALL.len() {
            assert_eq!(of(Escapes::ALL[5].0, &written(at)), plain);
        }
    }

    #[test]
    fn what_is_no_character_stays_as_it_is() {
        for odd in [
            r#"["\ud800"]"#,
            r#"["\udc00\ud800x"]"#,
            r#"["\u12"]"#,
            "[\"\\",
        ] {
            for (escapes, name) in Escapes::ALL {
                let written = String::from_utf8(escapes.of(odd.as_bytes())).unwrap();
                assert!(written.eq_ignore_ascii_case(odd), "{name}: {written}");
            }
        }
    }
}

//! What is written for a person.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::time::Duration;

use http::{HeaderMap, HeaderName};

use crate::error::Error;

/// Writes a line to stdout. A reader that has gone away ends the command.
pub(crate) fn line(text: &str) -> Result<(), Error> {
    let text = escaped(text);
    writeln!(io::stdout().lock(), "{text}")
        .map_err(|error| Error::failed(format!("cannot write to stdout: {error}")))
}

/// Writes a line for the user to stderr, which is not part of the result.
#[allow(clippy::print_stderr, reason = "it is a command")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// Text with those characters as `\u009b` that JSON leaves as they are and a terminal obeys, or shows others in another order.
fn escaped(text: &str) -> Cow<'_, str> {
    let is_meant =
        |character: char| ('\u{7f}'..='\u{9f}').contains(&character) || reorders(character);
    if !text.contains(is_meant) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match is_meant(character) {
            true => escaped.push_str(&format!("\\u{:04x}", u32::from(character))),
            false => escaped.push(character),
        }
    }
    escaped.into()
}

/// Whether a character changes the order in which those around it are shown.
fn reorders(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// A length of time as people write it: `250 ms`, `5 min`, `21 h 35 min`, `3 d`.
pub(crate) fn length(time: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(24 * 60 * 60, "d"), (60 * 60, "h"), (60, "min"), (1, "s")];

    let seconds = time.as_secs();
    if seconds == 0 {
        return format!("{} ms", time.as_millis());
    }
    if seconds < 10 && time.subsec_millis() > 0 {
        return format!("{:.1} s", time.as_secs_f64());
    }
    let first = UNITS.iter().position(|(unit, _)| seconds >= *unit);
    let mut rest = seconds;
    let parts = UNITS.iter().skip(first.unwrap_or(3)).take(2);
    let parts = parts.filter_map(|(unit, name)| {
        let count = rest / unit;
        rest %= unit;
        (count > 0).then(|| format!("{count} {name}"))
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// The headers of a request or an answer, those with a credential hidden.
pub(crate) fn headers(headers: &HeaderMap, hidden: &[HeaderName]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = match hidden.contains(name) {
                true => format!("({} bytes, hidden)", value.len()),
                false => printable(&String::from_utf8_lossy(value.as_bytes())),
            };
            (name.to_string(), value)
        })
        .collect()
}

/// Text of a stranger, which a terminal must not obey.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            control if control.is_control() || reorders(control) => '\u{fffd}',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_two_units_at_most() {
        for (milliseconds, expected) in [
            (0, "0 ms"),
            (250, "250 ms"),
            (1_300, "1.3 s"),
            (10_400, "10 s"),
            (5 * 60_000, "5 min"),
            (90_000, "1 min 30 s"),
            ((21 * 60 + 35) * 60_000, "21 h 35 min"),
            (3 * 24 * 3_600_000, "3 d"),
            ((24 * 3_600 + 1) * 1_000, "1 d"),
        ] {
            assert_eq!(length(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn what_a_stranger_wrote_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n"), "a\u{fffd}[2Jb\u{fffd}\n");
        assert_eq!(printable("a\u{9b}2J\u{7f}b"), "a\u{fffd}2J\u{fffd}b");
        assert_eq!(printable("\u{202e}txt.exe"), "\u{fffd}txt.exe");
    }

    #[test]
    fn json_with_what_a_stranger_wrote_cannot_either_and_says_the_same() {
        let json = serde_json::json!({ "a": "\u{1b}[2J \u{9b}2J \u{7f} \u{202e} ñ 😀" });
        let written = json.to_string();
        let escaped = escaped(&written);
        assert_eq!(printable(&escaped), escaped);
        assert!(escaped.contains("ñ 😀"), "{escaped}");
        let read: serde_json::Value = serde_json::from_str(&escaped).unwrap();
        assert_eq!(read, json);
    }
}

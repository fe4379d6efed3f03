//! What is wrong with a file, in the words of its keys and never with a value.

use std::ops::Range;

use toml::de::DeTable;
use webhook_core::signing::SchemeErrorKind;

/// Where the keys of a sender and their values are.
pub(super) struct Spans(Vec<(String, Range<usize>, Range<usize>)>);

impl Spans {
    pub(super) fn of(keys: &DeTable<'_>) -> Self {
        let spans = keys
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), key.span(), value.span()));
        Self(spans.collect())
    }

    pub(super) fn key(&self, name: &str) -> Option<Range<usize>> {
        let mut spans = self.0.iter();
        let (_, key, _) = spans.find(|(key, ..)| key == name)?;
        Some(key.clone())
    }

    /// The key whose value has this place. The value of a dotted key has no place of its own.
    pub(super) fn around(&self, at: &Range<usize>) -> Option<&str> {
        let has = |of: &Range<usize>| of.contains(&at.start);
        let spans = || self.0.iter();
        let found = spans().find(|(_, key, value)| has(key) || has(value));
        let before = || {
            spans()
                .filter(|(_, key, _)| key.start <= at.start)
                .max_by_key(|(_, key, _)| key.start)
        };
        let (key, ..) = found.or_else(before)?;
        Some(key)
    }
}

/// What serde says about a place, which has this text and is in the value of this key.
pub(super) fn without_values(message: &str, text: Option<&str>, key: Option<&str>) -> String {
    // Quoted values come before it.
    let expected = message
        .rsplit_once(", expected ")
        .map(|(_, expected)| expected);
    if message.starts_with("unknown field `") {
        let unknown = text.unwrap_or_default();
        return match (expected, key) {
            (Some(known), Some(key)) if key != unknown => {
                format!("`{key}` has no key `{unknown}`: write {known}, or remove it")
            }
            _ => format!(
                "there is no key `{unknown}`: write one of {}, or remove it",
                keys(expected.unwrap_or_default())
            ),
        };
    }
    let key = key.map_or_else(String::new, |key| format!(" of `{key}`"));
    match (message.strip_prefix("missing field "), expected) {
        (Some(field), _) => format!("a value{key} has no {field}: add it"),
        (None, Some(expected)) => {
            format!("a value{key} cannot be read: write {}", in_words(expected))
        }
        (None, None) => format!("a value{key} cannot be read: change it"),
    }
}

/// All keys of a sender, of which those of a scheme are known.
fn keys(of_schemes: &str) -> String {
    let of_schemes = of_schemes.strip_prefix("one of ").unwrap_or(of_schemes);
    format!("`secret`, `verify-token`, {of_schemes}")
}

/// What is expected, without the names of Rust.
fn in_words(expected: &str) -> &str {
    match expected {
        "a boolean" => "true or false",
        "a map" => "a table",
        "a sequence" => "a list such as [\"hub\"]",
        "u16" | "u64" | "usize" => "a whole number from 0 on",
        _ if expected.starts_with("struct ") => "a table such as { header = \"x-signature\" }",
        _ if expected.starts_with("enum ") || expected.starts_with("string or table") => {
            "a table such as { body = \"id\" }"
        }
        _ => expected,
    }
}

/// The key that a refusal is about.
pub(super) fn key_of(refused: &SchemeErrorKind) -> Option<&'static str> {
    use SchemeErrorKind as Kind;

    Some(match refused {
        Kind::CredentialPlace
        | Kind::SignatureNotInHeader
        | Kind::NoEncoding
        | Kind::Separator
        | Kind::HeaderName(_) => "credential",
        Kind::Template(_)
        | Kind::RepeatedPart(_)
        | Kind::NoTime
        | Kind::TimeIsInBody
        | Kind::BodyNotSigned
        | Kind::Adjacent(_)
        | Kind::ContainsSeparator(_)
        | Kind::FollowsBody(_)
        | Kind::HeaderHasAnotherUse(_) => "signs",
        Kind::IncompleteTime | Kind::TimeWithoutPairs => "time",
        Kind::TimeNotSigned | Kind::ToleranceWithoutTime => "tolerance",
        Kind::BodyLimit => "body-limit",
        Kind::KeyEncoding => "algorithm",
        Kind::Unread(key) => match *key {
            "allow_adjacent_parts" => "allow-adjacent-parts",
            "any_time" => "any-time",
            "body_is_not_signed" => "body-is-not-signed",
            "key_prefix" => "key-prefix",
            "keep_headers" => "keep-headers",
            "time_is_not_signed" => "time-is-not-signed",
            key => key.split('.').next().unwrap_or(key),
        },
        _ => return None,
    })
}

/// A refusal names the methods of the builder. A file has hyphens, and says `true`.
pub(super) fn as_in_files(refusal: &str) -> String {
    let dangers = [
        "allow_adjacent_parts",
        "body_is_not_signed",
        "time_is_not_signed",
    ];
    let said = dangers.iter().fold(refusal.to_owned(), |text, danger| {
        let said = format!("say `{danger}`");
        text.replace(&said, &format!("say `{} = true`", danger.replace('_', "-")))
    });
    let keys = ["any_time", "key_prefix", "keep_headers"]
        .into_iter()
        .chain(dangers);
    keys.fold(said, |text, key| {
        text.replace(&format!("`{key}`"), &format!("`{}`", key.replace('_', "-")))
    })
}

//! Other spellings of a secret: what happens to one between the sender's page and a receiver's configuration.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;
use webhook_core::testing::any_secret;
use webhook_core::{Secret, SecretsError};

use super::Diagnosis;

/// The most secrets of which every row of neighbors is tried as one.
const ROWS: usize = 8;

const OTHER: &str = "the secret is spelled in another way than the sender's";
const CONFIGURE: &str = "configure the receiver with the secret as its sender uses it, or enter it again where the sender has it";
const COMMA: &str = "the secret was split at its comma, as a variable with several secrets is";
const ONE_LINE: &str = "have the sender make a secret without a comma, or give it to the receiver in another way than in this variable";
const LABEL: &str = "what is before `=` in the secret was read as its label";
const LABELED: &str = "write a label of your own before it, such as `main=`";
const BAR: &str = "several secrets are joined with `|`";
const EACH: &str = "configure the receiver with each of them, separated by a comma";

/// A secret that may be the right one.
pub(in crate::verify) struct Spelling {
    /// Which of the configured secrets it is made of, from 1; `None` if of several.
    number: Option<usize>,
    /// How it is spelled, after "with the secret" or "with secret 2"; if it is made of several, after "with".
    how: String,
    happened: &'static str,
    advice: &'static str,
    /// What is tried with it, in a few words.
    pub(in crate::verify) tried: String,
    /// Whether it undoes how a list of secrets is read.
    pub(in crate::verify) is_of_list: bool,
    pub(in crate::verify) secret: Secret,
}

impl Spelling {
    /// What it says about a request that is authentic with it, of so many secrets.
    pub(in crate::verify) fn shown(self, request: &Request<Bytes>, secrets: usize) -> Diagnosis {
        let undone = match self.number {
            Some(number) if secrets > 1 => format!("secret {number} {}", self.how),
            Some(_) => format!("the secret {}", self.how),
            None => self.how,
        };
        Diagnosis {
            causes: vec!["secret_spelling"],
            happened: self.happened.to_owned(),
            undone,
            advice: self.advice,
            request: request.clone(),
            secret: self.number,
        }
    }
}

/// Every spelling of these secrets once, with and without these prefixes.
pub(in crate::verify) fn spellings(secrets: &[Secret], prefixes: &[&str]) -> Vec<Spelling> {
    let mut spellings = Spellings {
        prefixes,
        seen: HashSet::new(),
        all: Vec::new(),
    };
    for secret in secrets {
        // The ones that did not match.
        let seen = (secret.expose().to_owned(), secret.is_raw());
        spellings.seen.insert(seen);
    }
    spellings.of_list(secrets);
    for (at, secret) in secrets.iter().enumerate() {
        spellings.of(at + 1, secret);
    }
    spellings.all
}

struct Spellings<'a> {
    prefixes: &'a [&'a str],
    seen: HashSet<(String, bool)>,
    all: Vec<Spelling>,
}

impl Spellings<'_> {
    /// What was one secret before the list was read.
    fn of_list(&mut self, secrets: &[Secret]) {
        let list = Told {
            number: None,
            happened: COMMA,
            advice: ONE_LINE,
            is_of_list: true,
        };
        let sizes = (2..=secrets.len())
            .filter(|size| *size == 2 || *size == secrets.len() || secrets.len() <= ROWS);
        for size in sizes.rev() {
            for (at, row) in secrets.windows(size).enumerate() {
                let whole = row.iter().map(written).collect::<Vec<_>>().join(",");
                let which = match size == secrets.len() {
                    true => "the secrets".to_owned(),
                    false => format!("secrets {} to {}", at + 1, at + size),
                };
                let how = format!("{which} as one, not split at the comma");
                self.both(&list, &how, "not split at a comma", &whole);
                self.of_bar(None, &whole);
            }
        }
        for (at, secret) in secrets.iter().enumerate() {
            let label = Told {
                number: Some(at + 1),
                happened: LABEL,
                advice: LABELED,
                is_of_list: true,
            };
            if secret.label().is_some() {
                let how = "preceded by its label and `=`";
                self.both(&label, how, "with its label", &written(secret));
            }
            self.of_bar(Some(at + 1), secret.expose());
        }
    }

    /// The parts of a secret that is several: some senders show those of a rotation so.
    fn of_bar(&mut self, number: Option<usize>, text: &str) {
        let parts: Vec<_> = text.split('|').collect();
        if parts.len() < 2 || parts.contains(&"") {
            return;
        }
        let part = Told {
            number,
            happened: BAR,
            advice: EACH,
            is_of_list: true,
        };
        for (at, text) in parts.into_iter().enumerate() {
            let how = match number {
                Some(_) => format!("split at `|`, number {} of its parts", at + 1),
                None => format!(
                    "the secrets as one, split at `|`, number {} of its parts",
                    at + 1
                ),
            };
            self.push(&part, &how, "split at `|`", Secret::new(text));
        }
    }

    fn of(&mut self, number: usize, secret: &Secret) {
        let text = secret.expose();
        let told = Told {
            number: Some(number),
            happened: OTHER,
            advice: CONFIGURE,
            is_of_list: false,
        };
        if !text.starts_with("whpk_") {
            let how = "as the key itself, not decoded";
            self.push(&told, how, "as the key itself", Secret::raw(text));
        }
        let (prefix, bare) = self.parts(text);
        let (prefix, bare) = (prefix.to_owned(), bare.to_owned());
        self.prefixed(&told, text, &prefix, &bare);
        for (other, how, tried) in texts(text, &prefix, &bare) {
            self.both(&told, how, tried, &other);
        }
        for (other, how, tried) in [
            (
                format!("{text}\n"),
                "followed by a line end (LF)",
                "line end",
            ),
            (
                format!("{text}\r\n"),
                "followed by a line end (CRLF)",
                "line end",
            ),
            (format!("{text} "), "followed by a space", "space"),
            (format!(" {text}"), "preceded by a space", "space"),
            (format!("\"{text}\""), "in double quotes", "quotes"),
            (format!("'{text}'"), "in single quotes", "quotes"),
        ] {
            self.push(&told, how, tried, Ok(any_secret(other)));
        }
    }

    /// The prefix of a secret, and what follows it.
    fn parts<'t>(&self, text: &'t str) -> (&'t str, &'t str) {
        let versioned = text
            .strip_prefix("v1,")
            .filter(|it| it.starts_with("whsec_"));
        let rest = versioned.unwrap_or(text);
        let prefixes = self.prefixes.iter();
        let bare = prefixes
            .filter_map(|prefix| rest.strip_prefix(prefix))
            .next();
        let bare = bare.filter(|it| !it.is_empty()).unwrap_or(text);
        text.split_at_checked(text.len() - bare.len())
            .unwrap_or(("", text))
    }

    fn prefixed(&mut self, told: &Told, text: &str, prefix: &str, bare: &str) {
        if !prefix.is_empty() {
            let how = format!("without `{prefix}`");
            self.both(told, &how, &how, bare);
            return;
        }
        for prefix in self.prefixes {
            let how = format!("preceded by `{prefix}`");
            self.both(told, &how, &how, &format!("{prefix}{text}"));
        }
    }

    /// Adds a spelling as it is read, and as the key itself.
    fn both(&mut self, told: &Told, how: &str, tried: &str, text: &str) {
        self.push(told, how, tried, Secret::new(text));
        let how = format!("{how}, as the key itself");
        self.push(told, &how, tried, Secret::raw(text));
    }

    /// Adds a spelling, unless it cannot be a secret or is there already.
    fn push(&mut self, told: &Told, how: &str, tried: &str, secret: Result<Secret, SecretsError>) {
        let Ok(secret) = secret else { return };
        let seen = (secret.expose().to_owned(), secret.is_raw());
        if self.seen.insert(seen) {
            self.all.push(Spelling {
                number: told.number,
                how: how.to_owned(),
                happened: told.happened,
                advice: told.advice,
                tried: tried.to_owned(),
                is_of_list: told.is_of_list,
                secret,
            });
        }
    }
}

/// What the spellings of one kind have in common.
struct Told {
    number: Option<usize>,
    happened: &'static str,
    advice: &'static str,
    is_of_list: bool,
}

/// Other texts for a secret with this prefix: each with how it is spelled, and what is tried with it.
fn texts(text: &str, prefix: &str, bare: &str) -> Vec<(String, &'static str, &'static str)> {
    let mut texts = Vec::new();
    let is_hex = bare.len().is_multiple_of(2) && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    texts.push((
        format!("{prefix}{}", bare.to_ascii_lowercase()),
        "in lower case",
        "lower case",
    ));
    texts.push((
        format!("{prefix}{}", bare.to_ascii_uppercase()),
        "in upper case",
        "upper case",
    ));
    if let Some(bytes) = hex::decode(bare).ok().filter(|_| is_hex) {
        texts.push((
            STANDARD.encode(&bytes),
            "decoded from hex and encoded in base64",
            "hex",
        ));
        if let Ok(decoded) = String::from_utf8(bytes) {
            texts.push((decoded, "decoded from hex", "hex"));
        }
    }
    let unpadded = bare.trim_end_matches('=');
    let decoded = STANDARD_NO_PAD
        .decode(unpadded)
        .or_else(|_| URL_SAFE_NO_PAD.decode(unpadded));
    if let Ok(bytes) = decoded {
        texts.push((
            STANDARD.encode(&bytes),
            "in the usual base64, padded",
            "base64",
        ));
        texts.push((
            hex::encode(&bytes),
            "decoded from base64 and encoded in hex",
            "base64",
        ));
        if let Ok(decoded) = String::from_utf8(bytes) {
            texts.push((decoded, "decoded from base64", "base64"));
        }
    }
    texts.push((STANDARD.encode(bare), "encoded in base64", "base64"));
    texts.push((hex::encode(bare), "encoded in hex", "hex"));
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#039;", "'"),
        ("&amp;", "&"),
    ];
    let of_html = entities.iter().fold(text.to_owned(), |text, (entity, it)| {
        text.replace(entity, it)
    });
    let how = "without the entities of HTML (`&amp;` for `&`)";
    texts.push((of_html, how, "entities of HTML"));
    texts
}

/// A secret as it was written in a list.
fn written(secret: &Secret) -> String {
    match secret.label() {
        Some(label) => format!("{}={}", label.as_str(), secret.expose()),
        None => secret.expose().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIXES: &[&str] = &["whsec_", "shpss_"];

    fn of(text: &str) -> Vec<String> {
        let all = spellings(&[Secret::new(text).unwrap()], PREFIXES);
        all.iter().map(|it| it.secret.expose().to_owned()).collect()
    }

    #[test]
    fn the_usual_mistakes_are_among_them() {
        for (text, expected) in [
            ("abc", "abc\n"),
            ("abc", "\"abc\""),
            ("abc", "whsec_abc"),
            ("whsec_abc", "abc"),
            ("v1,whsec_abc", "abc"),
            ("abc", "shpss_abc"),
            ("shpss_abc", "abc"),
            ("shpss_aBc", "shpss_abc"),
            ("aXb", "AXB"),
            ("a1|b2", "b2"),
            ("AB12", "ab12"),
            ("ab12", "AB12"),
            ("c2VjcmV0", "secret"),
            ("736563726574", "secret"),
            ("736563726574", "c2VjcmV0"),
            ("c2VjcmV0", "736563726574"),
            ("a&amp;b", "a&b"),
        ] {
            assert!(
                of(text).iter().any(|it| it == expected),
                "{text}: {expected}"
            );
        }
    }

    #[test]
    fn none_is_the_secret_itself_or_there_twice() {
        for text in ["abc", "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "00ff"] {
            let all = spellings(&[Secret::new(text).unwrap()], PREFIXES);
            let mut seen = HashSet::new();
            for it in all {
                let is_raw = it.secret.is_raw();
                assert!(it.secret.expose() != text || is_raw, "{text}");
                assert!(
                    seen.insert((it.secret.expose().to_owned(), is_raw)),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn what_was_split_is_joined_again() {
        let split = ["a", "b"].map(|it| Secret::new(it).unwrap());
        assert!(
            spellings(&split, PREFIXES)
                .iter()
                .any(|it| it.secret.expose() == "a,b")
        );
        let labeled = Secret::new("b").unwrap().labeled("a").unwrap();
        assert!(
            spellings(&[labeled], PREFIXES)
                .iter()
                .any(|it| it.secret.expose() == "a=b")
        );
    }
}

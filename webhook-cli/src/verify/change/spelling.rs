//! Other spellings of a secret: what happens to one between the sender's page and a receiver's configuration.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use webhook_core::testing::any_secret;
use webhook_core::{Secret, SecretsError};

/// A secret that may be the right one.
pub(in crate::verify) struct Spelling {
    /// Which of the configured secrets it is made of, from 1; `None` if of several.
    pub(in crate::verify) number: Option<usize>,
    /// How it is spelled, after "with the secret" or "with secret 2".
    pub(in crate::verify) how: String,
    pub(in crate::verify) secret: Secret,
}

/// Every spelling of these secrets once.
pub(in crate::verify) fn spellings(secrets: &[Secret]) -> Vec<Spelling> {
    let mut spellings = Spellings::default();
    for (at, secret) in secrets.iter().enumerate() {
        spellings.of(at + 1, secret);
    }
    if let [_, _, ..] = secrets {
        let whole: Vec<_> = secrets.iter().map(written).collect();
        let how = "not split at its comma";
        spellings.push(None, how, Secret::new(whole.join(",")));
    }
    spellings.all
}

#[derive(Default)]
struct Spellings {
    seen: HashSet<(String, bool)>,
    all: Vec<Spelling>,
}

impl Spellings {
    fn of(&mut self, number: usize, secret: &Secret) {
        let text = secret.expose();
        let number = Some(number);
        // The one that did not match.
        self.seen.insert((text.to_owned(), secret.is_raw()));
        if !text.starts_with("whpk_") {
            self.push(number, "as the key itself, not decoded", Secret::raw(text));
        }
        for (other, how) in texts(secret) {
            self.push(number, how, Secret::new(&*other));
            let how = format!("{how}, as the key itself");
            self.push(number, &how, Secret::raw(&*other));
        }
        for (other, how) in [
            (format!("{text}\n"), "followed by a line end (LF)"),
            (format!("{text}\r\n"), "followed by a line end (CRLF)"),
            (format!("{text} "), "followed by a space"),
            (format!(" {text}"), "preceded by a space"),
            (format!("\"{text}\""), "in double quotes"),
            (format!("'{text}'"), "in single quotes"),
        ] {
            self.push(number, how, Ok(any_secret(other)));
        }
    }

    /// Adds a spelling, unless it cannot be a secret or is there already.
    fn push(&mut self, number: Option<usize>, how: &str, secret: Result<Secret, SecretsError>) {
        let Ok(secret) = secret else { return };
        if self
            .seen
            .insert((secret.expose().to_owned(), secret.is_raw()))
        {
            self.all.push(Spelling {
                number,
                how: how.to_owned(),
                secret,
            });
        }
    }
}

fn texts(secret: &Secret) -> Vec<(String, &'static str)> {
    let text = secret.expose();
    let mut texts = Vec::new();
    let bare = text.strip_prefix("v1,").unwrap_or(text);
    match bare.strip_prefix("whsec_") {
        Some(rest) => texts.push((rest.to_owned(), "without `whsec_`")),
        None => texts.push((format!("whsec_{text}"), "preceded by `whsec_`")),
    }
    if let Some(label) = secret.label() {
        texts.push((
            format!("{}={text}", label.as_str()),
            "preceded by its label and `=`",
        ));
    }
    let bare = bare.strip_prefix("whsec_").unwrap_or(bare);
    if bare.len().is_multiple_of(2) && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        texts.push((bare.to_ascii_lowercase(), "in lower-case hex"));
        texts.push((bare.to_ascii_uppercase(), "in upper-case hex"));
        if let Ok(bytes) = hex::decode(bare) {
            texts.push((
                STANDARD.encode(&bytes),
                "decoded from hex and encoded in base64",
            ));
            if let Ok(decoded) = String::from_utf8(bytes) {
                texts.push((decoded, "decoded from hex"));
            }
        }
    }
    let unpadded = bare.trim_end_matches('=');
    let decoded = STANDARD_NO_PAD
        .decode(unpadded)
        .or_else(|_| URL_SAFE_NO_PAD.decode(unpadded));
    if let Ok(bytes) = decoded {
        texts.push((STANDARD.encode(&bytes), "in the usual base64, padded"));
        texts.push((
            hex::encode(&bytes),
            "decoded from base64 and encoded in hex",
        ));
        if let Ok(decoded) = String::from_utf8(bytes) {
            texts.push((decoded, "decoded from base64"));
        }
    }
    texts.push((STANDARD.encode(bare), "encoded in base64"));
    texts.push((hex::encode(bare), "encoded in hex"));
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
    texts.push((of_html, "without the entities of HTML (`&amp;` for `&`)"));
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

    fn of(text: &str) -> Vec<String> {
        let all = spellings(&[Secret::new(text).unwrap()]);
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
            let all = spellings(&[Secret::new(text).unwrap()]);
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
            spellings(&split)
                .iter()
                .any(|it| it.secret.expose() == "a,b")
        );
        let labeled = Secret::new("b").unwrap().labeled("a").unwrap();
        assert!(
            spellings(&[labeled])
                .iter()
                .any(|it| it.secret.expose() == "a=b")
        );
    }
}

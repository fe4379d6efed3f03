//! Parses variables with secrets: `secret`, `secret,secret`, `label=secret,label=secret`.

use std::fmt;

use webhook_core::{Secret, SecretsError};

use crate::sender::Form;

/// Reads the secrets of a variable.
pub(crate) fn parse(text: &str, form: Form) -> Result<Vec<Secret>, Mistake> {
    let new = match form {
        Form::Encoded => Secret::new,
        Form::Raw => Secret::raw,
        Form::PublicKey => Secret::public_key,
    };
    let items = items(text);
    let alone = items.len() == 1;
    if alone && text.trim().is_empty() {
        return Err(Mistake::NoSecret);
    }
    let mut secrets = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let secret = match labeled(item) {
            Some((_, "")) => return Err(Mistake::OnlyLabel { index }),
            Some((label, value)) => new(value.to_owned()).and_then(|secret| secret.labeled(label)),
            None => new(item.to_owned()),
        };
        secrets.push(secret.map_err(|error| Mistake::Item { index, error })?);
    }
    Ok(secrets)
}

/// Splits at commas, except the one in a secret of the form `v1,whsec_…`.
fn items(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut from = 0;
    for (comma, _) in text.match_indices(',') {
        let (item, rest) = (&text[from..comma], &text[comma + 1..]);
        let is_version = item == "v1" || item.ends_with("=v1");
        if !(is_version && rest.starts_with("whsec_")) {
            items.push(item);
            from = comma + 1;
        }
    }
    items.push(&text[from..]);
    items
}

/// Splits `label=secret`.
///
/// The padding of a base64 secret is not a separator: `abcd==` has no label. A single `=` at the end could be either.
/// It is read as a label without a secret, since `label=$UNSET` would otherwise make a secret that anyone can guess.
fn labeled(item: &str) -> Option<(&str, &str)> {
    let (label, value) = item.split_once('=')?;
    let is_label = label.starts_with(|first: char| first.is_ascii_lowercase())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (is_label && value != "=").then_some((label, value))
}

/// What is wrong with the secrets in a variable. It never shows one, nor a label, which may be a misplaced secret.
pub(crate) enum Mistake {
    NoSecret,
    OnlyLabel { index: usize },
    Item { index: usize, error: SecretsError },
    Set(SecretsError),
}

impl From<SecretsError> for Mistake {
    fn from(error: SecretsError) -> Self {
        Self::Set(error)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => f.write_str("is set but empty: set it to a secret, or unset it"),
            Self::OnlyLabel { index } => write!(
                f,
                "has a label without a secret at item {}: write label=secret, even if the secret ends in `=`",
                index + 1
            ),
            Self::Item { index, error } => write!(f, "is wrong at item {}: {error}", index + 1),
            Self::Set(error) => write!(f, "is wrong: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_at_the_first_equals_sign_and_padding_is_not_a_label() {
        for (text, expected) in [
            ("s3cr3t", vec![(None, "s3cr3t")]),
            ("abcd==", vec![(None, "abcd==")]),
            ("QUJDRA==", vec![(None, "QUJDRA==")]),
            ("Zm9v+A=", vec![(None, "Zm9v+A=")]),
            ("PDV=token", vec![(None, "PDV=token")]),
            ("whsec_Zm9vYmFy=", vec![(None, "whsec_Zm9vYmFy=")]),
            (
                "old=whsec_Zm9vYmE=,whsec_Zm9vYg==",
                vec![(Some("old"), "whsec_Zm9vYmE="), (None, "whsec_Zm9vYg==")],
            ),
            ("3=token", vec![(None, "3=token")]),
            ("v1,whsec_Zm8=", vec![(None, "v1,whsec_Zm8=")]),
            (
                "new=v1,whsec_Zm8=,v1,whsec_Zm9v,v1,v2",
                vec![
                    (Some("new"), "v1,whsec_Zm8="),
                    (None, "v1,whsec_Zm9v"),
                    (None, "v1"),
                    (None, "v2"),
                ],
            ),
            ("pdv-3=abcd==", vec![(Some("pdv-3"), "abcd==")]),
            (
                "a=1,b,c=2",
                vec![(Some("a"), "1"), (None, "b"), (Some("c"), "2")],
            ),
        ] {
            let Ok(secrets) = parse(text, Form::Encoded) else {
                panic!("{text} is refused");
            };
            let secrets: Vec<_> = secrets
                .iter()
                .map(|secret| (secret.label().map(|label| label.as_str()), secret.expose()))
                .collect();
            assert_eq!(secrets, expected, "{text}");
        }
    }

    #[test]
    fn a_useless_value_is_refused_with_its_place_and_the_fix() {
        for (text, expected) in [
            ("", "is set but empty: set it to a secret, or unset it"),
            ("  ", "is set but empty: set it to a secret, or unset it"),
            (
                "a,,b",
                "is wrong at item 2: the secret is empty: set a value",
            ),
            ("a,", "is wrong at item 2: the secret is empty: set a value"),
            (
                "tok\n",
                "is wrong at item 1: the secret begins or ends with whitespace: trim it where it is read",
            ),
            (
                "pdv-1=a,pdv-3=",
                "has a label without a secret at item 2: write label=secret, even if the secret ends in `=`",
            ),
        ] {
            let message = parse(text, Form::Encoded)
                .err()
                .map(|mistake| mistake.to_string());
            assert_eq!(message.as_deref(), Some(expected), "{text:?}");
        }
    }
}

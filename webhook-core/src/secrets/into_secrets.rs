use std::borrow::Cow;

use super::{Secret, SecretsError, SecretsErrorKind};

/// One or more secrets: text, a `(label, text)` pair, a [`Secret`], or a list of these.
///
/// ```
/// use webhook_core::IntoSecrets;
///
/// assert!("s3cr3t".into_secrets().is_ok());
/// assert!(["old-token", "new-token"].into_secrets().is_ok());
/// assert!([("pdv-1", "token-1"), ("pdv-2", "token-2")].into_secrets().is_ok());
///
/// let error = ["s3cr3t", " "].into_secrets().unwrap_err();
/// assert_eq!(error.to_string(), "secret 2 is blank: set a value, or remove it from the list");
/// ```
pub trait IntoSecrets {
    /// Checks and returns the secrets.
    ///
    /// # Errors
    ///
    /// The first secret that is refused, and an empty list.
    fn into_secrets(self) -> Result<Vec<Secret>, SecretsError>;
}

impl IntoSecrets for Secret {
    fn into_secrets(self) -> Result<Vec<Secret>, SecretsError> {
        Ok(vec![self])
    }
}

impl<T: IntoSecret> IntoSecrets for Vec<T> {
    fn into_secrets(self) -> Result<Vec<Secret>, SecretsError> {
        collect(self)
    }
}

impl<T: IntoSecret, const N: usize> IntoSecrets for [T; N] {
    fn into_secrets(self) -> Result<Vec<Secret>, SecretsError> {
        collect(self)
    }
}

impl<T: IntoSecret + Clone> IntoSecrets for &[T] {
    fn into_secrets(self) -> Result<Vec<Secret>, SecretsError> {
        collect(self.iter().cloned())
    }
}

fn collect<T: IntoSecret>(
    secrets: impl IntoIterator<Item = T>,
) -> Result<Vec<Secret>, SecretsError> {
    let secrets = secrets
        .into_iter()
        .enumerate()
        .map(|(index, secret)| secret.into_secret().map_err(|error| error.at(index)))
        .collect::<Result<Vec<_>, _>>()?;
    if secrets.is_empty() {
        return Err(SecretsErrorKind::NoSecret.into());
    }
    Ok(secrets)
}

/// One secret. Public only because the lists above name it.
pub trait IntoSecret {
    /// Checks and returns the secret.
    ///
    /// # Errors
    ///
    /// See [`Secret::new`] and [`Secret::labeled`].
    fn into_secret(self) -> Result<Secret, SecretsError>;
}

impl IntoSecret for Secret {
    fn into_secret(self) -> Result<Secret, SecretsError> {
        Ok(self)
    }
}

impl<L: AsRef<str>, V: Into<String>> IntoSecret for (L, V) {
    fn into_secret(self) -> Result<Secret, SecretsError> {
        Secret::new(self.1)?.labeled(self.0.as_ref())
    }
}

macro_rules! text_is_a_secret {
    ($($text:ty),*) => {$(
        impl IntoSecret for $text {
            fn into_secret(self) -> Result<Secret, SecretsError> {
                Secret::new(self)
            }
        }

        impl IntoSecrets for $text {
            fn into_secrets(self) -> Result<Vec<Secret>, SecretsError> {
                self.into_secret()?.into_secrets()
            }
        }
    )*};
}

text_is_a_secret!(&str, String, &String, Box<str>, Cow<'_, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(secrets: impl IntoSecrets) -> String {
        secrets.into_secrets().unwrap_err().to_string()
    }

    #[test]
    fn a_useless_secret_is_named_and_the_fix_with_it() {
        assert_eq!(refusal(""), "the secret is empty: set a value");
        assert_eq!(refusal(" \t"), "the secret is blank: set a value");
        assert_eq!(
            refusal("tok\n"),
            "the secret begins or ends with whitespace: trim it where it is read"
        );
        for quoted in ["\"s3cr3t\"", "'s3cr3t'", "\"\""] {
            assert_eq!(
                refusal(quoted),
                "the secret is wrapped in quotes: remove them"
            );
        }
        for marked in ["\u{feff}s3cr3t", "\u{feff}\"s3cr3t\"", "s3cr3t\u{feff}"] {
            assert_eq!(
                refusal(marked),
                "the secret has a byte order mark (U+FEFF): save its file as UTF-8 without one"
            );
        }
        for inner in ["a\"b", "\"a", "a'", "'"] {
            assert!(inner.into_secrets().is_ok(), "{inner}");
        }
        assert_eq!(
            refusal(Vec::<String>::new()),
            "no secret was given: pass at least one"
        );
        assert_eq!(
            refusal(vec![("pdv-1", "a"), ("pdv-2", "")]),
            "secret 2 is empty: set a value, or remove it from the list"
        );
    }

    #[test]
    fn a_key_that_is_not_a_secret_is_refused_without_being_shown() {
        for key in ["whpk_c2VjcmV0", "whsk_c2VjcmV0"] {
            let message = refusal(key);
            assert!(message.starts_with("the secret is a "), "{message}");
            assert!(!message.contains("c2V"), "{message}");
        }
    }

    #[test]
    fn a_bad_label_is_refused_without_being_shown() {
        // Label and value swapped: the "label" may be the secret.
        let message = refusal([("s3cr3t token!", "pdv-1")]);
        assert!(!message.contains("s3cr3t"), "{message}");
        assert!(
            message.starts_with("secret 1 has a label that"),
            "{message}"
        );
    }
}

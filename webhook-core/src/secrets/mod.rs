//! Secrets: how they are given, kept, and changed while the server runs.

mod bearer;
mod error;
mod keyring;
mod keys;
mod secret;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

pub use self::bearer::BearerTokens;
pub use self::error::{SecretsError, SecretsErrorKind};
pub use self::keyring::{FromSecrets, Keyring, LoadedSecrets, SecretStore};
pub use self::keys::{PrivateKeys, SecretKey};
pub use self::secret::Secret;

/// The public name of a secret: which point of sale, tenant or key generation it is. It is shown in logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<str>);

impl Label {
    /// A label.
    ///
    /// # Errors
    ///
    /// See [`Secret::labeled`].
    pub fn new(label: &str) -> Result<Self, SecretsError> {
        let fits = (1..=64).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if fits {
            Ok(Self(label.into()))
        } else {
            Err(SecretsErrorKind::BadLabel.into())
        }
    }

    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Label {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&*self.0, f)
    }
}

impl PartialEq<str> for Label {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Label {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// One or more secrets, checked, on their way into a [`Keyring`].
///
/// ```
/// use webhook_core::IntoSecrets;
///
/// assert!("s3cr3t".into_secrets().is_ok());
/// assert!(["old-token", "new-token"].into_secrets().is_ok());
/// assert!([("pdv-1", "token-1"), ("pdv-2", "token-2")].into_secrets().is_ok());
///
/// let error = ["s3cr3t", " "].into_secrets().unwrap_err();
/// assert_eq!(error.to_string(), "secret 2 is blank: set a value, or take it off the list");
/// ```
#[derive(Clone, Debug)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Collects secrets.
    ///
    /// # Errors
    ///
    /// The first secret that is refused, and an empty list.
    pub fn collect<T: IntoSecret>(
        secrets: impl IntoIterator<Item = T>,
    ) -> Result<Self, SecretsError> {
        let secrets = secrets
            .into_iter()
            .enumerate()
            .map(|(index, secret)| secret.into_secret().map_err(|error| error.at(index)))
            .collect::<Result<Vec<_>, _>>()?;
        if secrets.is_empty() {
            return Err(SecretsErrorKind::NoSecret.into());
        }
        Ok(Self(secrets))
    }

    /// The secrets in the order given.
    pub fn iter(&self) -> std::slice::Iter<'_, Secret> {
        self.0.iter()
    }
}

impl IntoIterator for Secrets {
    type Item = Secret;
    type IntoIter = std::vec::IntoIter<Secret>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Secrets {
    type Item = &'a Secret;
    type IntoIter = std::slice::Iter<'a, Secret>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What gives one secret: text, a `(label, text)` pair, or a [`Secret`].
pub trait IntoSecret {
    /// Checks it.
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

/// What gives one or more secrets: everything that gives one, lists of that, and [`Secrets`].
pub trait IntoSecrets {
    /// Checks them.
    ///
    /// # Errors
    ///
    /// See [`Secrets::collect`].
    fn into_secrets(self) -> Result<Secrets, SecretsError>;
}

impl IntoSecrets for Secrets {
    fn into_secrets(self) -> Result<Secrets, SecretsError> {
        Ok(self)
    }
}

impl IntoSecrets for Secret {
    fn into_secrets(self) -> Result<Secrets, SecretsError> {
        Ok(Secrets(vec![self]))
    }
}

impl<T: IntoSecret> IntoSecrets for Vec<T> {
    fn into_secrets(self) -> Result<Secrets, SecretsError> {
        Secrets::collect(self)
    }
}

impl<T: IntoSecret, const N: usize> IntoSecrets for [T; N] {
    fn into_secrets(self) -> Result<Secrets, SecretsError> {
        Secrets::collect(self)
    }
}

impl<T: IntoSecret + Clone> IntoSecrets for &[T] {
    fn into_secrets(self) -> Result<Secrets, SecretsError> {
        Secrets::collect(self.iter().cloned())
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
            fn into_secrets(self) -> Result<Secrets, SecretsError> {
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
            "the secret begins or ends with white space: trim it where it is read"
        );
        for quoted in ["\"s3cr3t\"", "'s3cr3t'", "\"\""] {
            assert_eq!(
                refusal(quoted),
                "the secret is in quotes: remove them, since they were read as a part of it"
            );
        }
        for marked in ["\u{feff}s3cr3t", "\u{feff}\"s3cr3t\"", "s3cr3t\u{feff}"] {
            assert_eq!(
                refusal(marked),
                "the secret has a byte order mark (U+FEFF): save the file that it is read from as UTF-8 without one"
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
            "secret 2 is empty: set a value, or take it off the list"
        );
    }

    #[test]
    fn a_key_that_is_no_secret_is_refused_without_being_shown() {
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

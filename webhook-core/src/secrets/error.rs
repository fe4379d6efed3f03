use std::fmt;

/// A mistake in the configured secrets. The message says which one and how to fix it, and never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretsError {
    kind: SecretsErrorKind,
    index: Option<usize>,
}

impl SecretsError {
    /// What is wrong.
    pub fn kind(&self) -> SecretsErrorKind {
        self.kind
    }

    /// The position of the secret in the list that was passed, from 0.
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    pub(crate) fn at(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }
}

impl From<SecretsErrorKind> for SecretsError {
    fn from(kind: SecretsErrorKind) -> Self {
        Self { kind, index: None }
    }
}

/// The kinds of [`SecretsError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretsErrorKind {
    /// No secret was passed.
    NoSecret,
    /// Removing this secret would leave none.
    Last,
    /// The secret is empty.
    Empty,
    /// The secret is only whitespace.
    Blank,
    /// The secret begins or ends with whitespace.
    SurroundedByWhiteSpace,
    /// The secret begins or ends with a byte order mark.
    ByteOrderMark,
    /// The secret is wrapped in quotes, which a Docker env file keeps.
    InQuotes,
    /// The label is not 1 to 64 ASCII letters, digits, `-`, `_` or `.`.
    BadLabel,
    /// The secret has no label, in a set whose labels are tenants.
    Unlabeled,
    /// The same secret is in the set twice.
    Repeated,
    /// The set would have more secrets than this.
    TooMany {
        /// The most secrets that a set may have.
        limit: usize,
    },
    /// The secret is longer than this.
    TooLong {
        /// The most bytes that a secret may have.
        limit: usize,
    },
    /// The secret has control characters, which no header can carry.
    ControlCharacters,
    /// The secret does not have the form of this sender's secrets.
    WrongForm {
        /// The expected form, in words.
        expected: &'static str,
    },
    /// The secret is not base64: a character is not in its alphabet, or is out of place.
    NotBase64 {
        /// The position of that character, from 1; `None` if characters are missing at the end.
        place: Option<usize>,
    },
    /// The secret encodes a key of a length that this sender's keys never have.
    WrongLength {
        /// The expected length, in words.
        expected: &'static str,
    },
    /// The secret is clearly a different credential.
    OtherCredential {
        /// What it is, in words.
        found: &'static str,
        /// What is expected, in words.
        expected: &'static str,
    },
    /// The secret to remove is not in the set.
    NotFound,
}

impl fmt::Display for SecretsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = self.index.is_some();
        match self.index {
            _ if matches!(
                self.kind,
                SecretsErrorKind::NoSecret
                    | SecretsErrorKind::Last
                    | SecretsErrorKind::TooMany { .. }
                    | SecretsErrorKind::NotFound
            ) => {}
            Some(index) => write!(f, "secret {} ", index + 1)?,
            None => f.write_str("the secret ")?,
        }
        let or_remove = if listed {
            ", or remove it from the list"
        } else {
            ""
        };
        match self.kind {
            SecretsErrorKind::NoSecret => f.write_str("no secret was given: pass at least one"),
            SecretsErrorKind::Last => {
                f.write_str("no secret would be left: add the new one first; nothing was changed")
            }
            SecretsErrorKind::Empty => write!(f, "is empty: set a value{or_remove}"),
            SecretsErrorKind::Blank => write!(f, "is blank: set a value{or_remove}"),
            SecretsErrorKind::SurroundedByWhiteSpace => {
                f.write_str("begins or ends with whitespace: trim it where it is read")
            }
            SecretsErrorKind::ByteOrderMark => {
                f.write_str("has a byte order mark (U+FEFF): save its file as UTF-8 without one")
            }
            SecretsErrorKind::InQuotes => f.write_str("is wrapped in quotes: remove them"),
            SecretsErrorKind::BadLabel => f.write_str(
                "has a label that is not 1 to 64 ASCII letters, digits, `-`, `_` or `.`: \
                 a pair is (label, secret), in this order",
            ),
            SecretsErrorKind::Unlabeled => f.write_str("has no label: pass it as (tenant, secret)"),
            SecretsErrorKind::Repeated => f.write_str("is a duplicate: remove one of the two"),
            SecretsErrorKind::TooMany { limit } => {
                write!(
                    f,
                    "too many secrets for this sender: at most {limit}; remove old ones"
                )
            }
            SecretsErrorKind::TooLong { limit } => {
                write!(
                    f,
                    "is longer than the limit of {limit} bytes: check the value"
                )
            }
            SecretsErrorKind::ControlCharacters => {
                f.write_str("has control characters, which no header can carry: check the value")
            }
            SecretsErrorKind::WrongForm { expected } => {
                write!(f, "is not {expected}: check the value")
            }
            SecretsErrorKind::NotBase64 { place: Some(place) } => write!(
                f,
                "is not base64: character {place} does not belong there; copy the value again"
            ),
            SecretsErrorKind::NotBase64 { place: None } => f.write_str(
                "is not base64: characters are missing at its end; copy the value again",
            ),
            SecretsErrorKind::WrongLength { expected } => {
                write!(f, "has the wrong length: {expected}; copy the value again")
            }
            SecretsErrorKind::OtherCredential { found, expected } => {
                write!(f, "is {found}: set {expected}")
            }
            SecretsErrorKind::NotFound => {
                f.write_str("the secret to remove is not in the set: nothing was changed")
            }
        }
    }
}

impl std::error::Error for SecretsError {}

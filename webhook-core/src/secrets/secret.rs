use std::fmt;

use zeroize::Zeroizing;

use super::Label;
use crate::secrets::{SecretsError, SecretsErrorKind};

/// A token, API key or signing key, with an optional label.
///
/// It is zeroed when dropped, and its `Debug` shows the label only.
///
/// ```
/// use webhook_core::Secret;
///
/// let secret = Secret::new("s3cr3t")?.labeled("pdv-3")?;
/// assert_eq!(format!("{secret:?}"), r#"Secret { label: Some("pdv-3"), .. }"#);
/// assert!(Secret::new("s3cr3t\n").is_err());
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
#[derive(Clone)]
pub struct Secret {
    label: Option<Label>,
    value: Zeroizing<String>,
    form: Form,
}

/// How the text of a secret becomes a key.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// As this sender encodes its secrets.
    Encoded,
    /// It is the key.
    Raw,
    #[cfg(feature = "ed25519")]
    PublicKey,
}

impl Secret {
    /// Creates a secret without a label.
    ///
    /// # Errors
    ///
    /// A value that is empty, blank, in quotes, or begins or ends with whitespace or a byte order mark: the usual
    /// signs of a variable that was not set, or of a file that was read unchanged. A Standard Webhooks key that is not
    /// a shared secret: `whpk_…`, for which there is `Secret::public_key` (feature `ed25519`), or `whsk_…`.
    pub fn new(value: impl Into<String>) -> Result<Self, SecretsError> {
        let secret = Self::raw(value)?;
        if let Some(kind) = other_key(&secret.value) {
            return Err(kind.into());
        }
        Ok(Self {
            form: Form::Encoded,
            ..secret
        })
    }

    /// Creates a secret whose text is the key itself, if the sender's secrets are otherwise encoded: nothing is
    /// decoded, no prefix is removed, and its form is not checked. Some Standard Webhooks senders sign with such keys;
    /// the text does not show it. The libraries of that format call them *raw*.
    ///
    /// ```
    /// use webhook_core::Secret;
    /// use webhook_core::driver::Verifier;
    /// use webhook_core::standard_webhooks::StandardWebhooks;
    ///
    /// let verifier = Verifier::<StandardWebhooks>::try_new(Secret::raw("ws_0123456789abcdef")?)?;
    /// assert!(Verifier::<StandardWebhooks>::try_new("ws_0123456789abcdef").is_err());
    /// # Ok::<(), webhook_core::SecretsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), except for the keys of Standard Webhooks.
    pub fn raw(value: impl Into<String>) -> Result<Self, SecretsError> {
        let value = Zeroizing::new(value.into());
        if let Some(kind) = mistake(&value) {
            return Err(kind.into());
        }
        Ok(Self::of(value, Form::Raw))
    }

    /// The same for a text with any mistake in it.
    #[cfg(feature = "testing")]
    pub(crate) fn any(value: String) -> Self {
        Self::of(Zeroizing::new(value), Form::Raw)
    }

    pub(super) fn of(value: Zeroizing<String>, form: Form) -> Self {
        Self {
            label: None,
            value,
            form,
        }
    }

    /// Labels the secret, for example with its point of sale or tenant. Several secrets may share a label, as they do
    /// while one is being rotated.
    ///
    /// # Errors
    ///
    /// A label that is empty, longer than 64 bytes, or contains anything but ASCII letters, digits, `-`, `_` and `.`:
    /// labels appear in logs.
    pub fn labeled(mut self, label: &str) -> Result<Self, SecretsError> {
        self.label = Some(Label::new(label)?);
        Ok(self)
    }

    /// The label.
    pub fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    /// Whether the text is the key itself: [`Secret::raw`].
    pub fn is_raw(&self) -> bool {
        matches!(self.form, Form::Raw)
    }

    /// Whether it is no secret, but `Secret::public_key`.
    #[cfg(feature = "ed25519")]
    pub(crate) fn is_public_key(&self) -> bool {
        matches!(self.form, Form::PublicKey)
    }

    /// The value, for a [`SigningKey`](super::SigningKey) that is prepared from it.
    pub fn expose(&self) -> &str {
        &self.value
    }
}

/// Detects a Standard Webhooks key that a receiver never shares with its sender.
pub(super) fn other_key(value: &str) -> Option<SecretsErrorKind> {
    if value.starts_with("whpk_") {
        Some(SecretsErrorKind::OtherCredential {
            found: "a public key (`whpk_`)",
            expected: "the signing secret, which the sender shares with this endpoint, or pass the key with \
                       `Secret::public_key` (feature `ed25519`)",
        })
    } else if value.starts_with("whsk_") {
        Some(SecretsErrorKind::OtherCredential {
            found: "a private key of the sender (`whsk_`), which no receiver should have",
            expected: "the signing secret, and have that key replaced",
        })
    } else {
        None
    }
}

/// Detects a value that was not read as intended.
pub(super) fn mistake(value: &str) -> Option<SecretsErrorKind> {
    let in_quotes = |quote: char| {
        value
            .strip_prefix(quote)
            .is_some_and(|rest| rest.ends_with(quote))
    };
    if value.is_empty() {
        Some(SecretsErrorKind::Empty)
    } else if value.trim().is_empty() {
        Some(SecretsErrorKind::Blank)
    } else if value.trim().len() != value.len() {
        Some(SecretsErrorKind::SurroundedByWhiteSpace)
    } else if value.starts_with('\u{feff}') || value.ends_with('\u{feff}') {
        Some(SecretsErrorKind::ByteOrderMark)
    } else if in_quotes('"') || in_quotes('\'') {
        Some(SecretsErrorKind::InQuotes)
    } else {
        None
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

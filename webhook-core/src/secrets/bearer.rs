use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Label, Rejection, Secret, SecretStore, SecretsErrorKind};

/// Bearer tokens: any number of them, found by the digest of what was sent.
///
/// Only SHA-256 digests are kept. A lookup hashes the candidate, which takes the same time for all candidates of one
/// length, and goes to its bucket in a map whose keys are hashed under a random key and compared in constant time. So
/// the time says nothing about the tokens, and 100,000 tokens cost about what one does.
#[derive(Clone, Default)]
pub struct BearerTokens {
    by_digest: HashMap<Fingerprint, Option<Label>>,
}

impl BearerTokens {
    /// The longest token in bytes; a longer candidate is refused without being hashed.
    pub const MAX_LENGTH: usize = 4 * 1024;

    /// Looks a candidate up, and returns the label of the token that it is.
    ///
    /// # Errors
    ///
    /// [`Rejection::CredentialMissing`] if it is empty, [`Rejection::CredentialTooLong`],
    /// [`Rejection::CredentialMismatch`].
    pub fn find(&self, candidate: &[u8]) -> Result<Option<&Label>, Rejection> {
        if candidate.is_empty() {
            return Err(Rejection::CredentialMissing);
        }
        if candidate.len() > Self::MAX_LENGTH {
            return Err(Rejection::CredentialTooLong);
        }
        self.by_digest
            .get(&Fingerprint::of(candidate))
            .map(Option::as_ref)
            .ok_or(Rejection::CredentialMismatch)
    }
}

impl SecretStore for BearerTokens {
    fn insert(&mut self, secret: Secret) -> Result<(), SecretsErrorKind> {
        let token = secret.expose().as_bytes();
        if token.len() > Self::MAX_LENGTH {
            return Err(SecretsErrorKind::TooLong {
                limit: Self::MAX_LENGTH,
            });
        }
        if token.iter().any(u8::is_ascii_control) {
            return Err(SecretsErrorKind::ControlCharacters);
        }
        let fingerprint = Fingerprint::of(token);
        if self.by_digest.contains_key(&fingerprint) {
            return Err(SecretsErrorKind::Repeated);
        }
        self.by_digest.insert(fingerprint, secret.label().cloned());
        Ok(())
    }

    fn remove(&mut self, secret: &str) -> bool {
        self.by_digest
            .remove(&Fingerprint::of(secret.as_bytes()))
            .is_some()
    }

    fn remove_label(&mut self, label: &str) -> bool {
        let before = self.by_digest.len();
        self.by_digest
            .retain(|_, kept| kept.as_deref() != Some(label));
        self.by_digest.len() < before
    }

    fn labels(&self) -> impl Iterator<Item = Option<&Label>> {
        self.by_digest.values().map(Option::as_ref)
    }
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerTokens")
            .field("count", &self.by_digest.len())
            .finish_non_exhaustive()
    }
}

/// The SHA-256 of a secret. It identifies the secret and is compared in constant time; a short secret could be guessed
/// from it, so it is zeroed and never shown.
#[derive(Clone)]
pub(super) struct Fingerprint([u64; 4]);

impl Fingerprint {
    pub(super) fn of(secret: &[u8]) -> Self {
        // In words, which are compared in constant time at an eighth of the cost of bytes.
        let digest = Sha256::digest(secret);
        let (bytes, _) = digest.as_slice().as_chunks();
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(bytes) {
            *word = u64::from_ne_bytes(*bytes);
        }
        Self(words)
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Fingerprint {}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // One word of a digest is as evenly spread as all of it.
        let [word, ..] = self.0;
        state.write_u64(word);
    }
}

impl Drop for Fingerprint {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Fingerprint {}

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::bearer::Fingerprint;
use crate::{Label, Matched, Rejection, Secret, SecretStore, SecretsErrorKind};

/// A key that is prepared once, when its secret is set, and then used for every delivery.
pub trait SecretKey: Send + Sync + Sized + 'static {
    /// The bytes of the key: those of the secret's text, unless the sender's secrets are encoded.
    ///
    /// Secrets with the same bytes are one secret, however they are written: the set holds it once, and removing one
    /// spelling removes it. A secret that [is raw](Secret::is_raw) is not decoded.
    ///
    /// # Errors
    ///
    /// A secret that is not of the form that the sender's secrets have.
    fn decode(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        Ok(Zeroizing::new(secret.expose().as_bytes().to_vec()))
    }

    /// Prepares the key from its bytes.
    ///
    /// # Errors
    ///
    /// Bytes that make no key.
    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind>;
}

/// Keys that each delivery is tried with: at most [`MAX`](Self::MAX), since every one costs a digest.
pub struct PrivateKeys<K> {
    entries: Vec<Arc<Entry<K>>>,
}

struct Entry<K> {
    label: Option<Label>,
    fingerprint: Fingerprint,
    key: K,
}

impl<K> PrivateKeys<K> {
    /// How many keys there may be.
    pub const MAX: usize = 16;

    /// Tries every key. Of several that `matches` accepts, the first in the order of the set counts.
    ///
    /// All keys are tried whichever one matches, so that the time tells nothing about their order.
    ///
    /// # Errors
    ///
    /// [`Rejection::CredentialMismatch`].
    pub fn find(&self, mut matches: impl FnMut(&K) -> bool) -> Result<Matched, Rejection> {
        let mut found = None;
        for entry in &self.entries {
            if matches(&entry.key) {
                found = found.or(Some(entry));
            }
        }
        found
            .map(|entry| Matched::new(entry.label.clone()))
            .ok_or(Rejection::CredentialMismatch)
    }
}

impl<K: SecretKey> SecretStore for PrivateKeys<K> {
    fn insert(&mut self, secret: Secret) -> Result<(), SecretsErrorKind> {
        if self.entries.len() >= Self::MAX {
            return Err(SecretsErrorKind::TooMany { limit: Self::MAX });
        }
        let decoded = K::decode(&secret)?;
        let key = K::prepare(&decoded)?;
        let fingerprint = Fingerprint::of(&decoded);
        if self
            .entries
            .iter()
            .any(|entry| entry.fingerprint == fingerprint)
        {
            return Err(SecretsErrorKind::Repeated);
        }
        self.entries.push(Arc::new(Entry {
            label: secret.label().cloned(),
            fingerprint,
            key,
        }));
        Ok(())
    }

    /// A text can stand for a key and be another one itself. Both go: one that its owner believes removed must not stay.
    fn remove(&mut self, secret: &str) -> bool {
        let decoded = Secret::new(secret)
            .ok()
            .and_then(|secret| K::decode(&secret).ok())
            .map(|decoded| Fingerprint::of(&decoded));
        let raw = Fingerprint::of(secret.as_bytes());
        let before = self.entries.len();
        self.entries.retain(|entry| {
            entry.fingerprint != raw && decoded.as_ref() != Some(&entry.fingerprint)
        });
        self.entries.len() < before
    }

    fn remove_label(&mut self, label: &str) -> bool {
        let before = self.entries.len();
        self.entries
            .retain(|entry| entry.label.as_deref() != Some(label));
        self.entries.len() < before
    }

    fn labels(&self) -> impl Iterator<Item = Option<&Label>> {
        self.entries.iter().map(|entry| entry.label.as_ref())
    }
}

impl<K> Default for PrivateKeys<K> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

impl<K> Clone for PrivateKeys<K> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
        }
    }
}

impl<K> fmt::Debug for PrivateKeys<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKeys")
            .field("count", &self.entries.len())
            .finish_non_exhaustive()
    }
}

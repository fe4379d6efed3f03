use std::fmt;
use std::sync::Arc;

use super::bearer::Fingerprint;
use crate::{Label, Secret, SecretStore, SecretsErrorKind};

/// A key that is prepared once, when its secret is set, and then used for every delivery.
pub trait SecretKey: Send + Sync + Sized + 'static {
    /// Prepares the key.
    ///
    /// # Errors
    ///
    /// A secret that is not of the form that the sender's secrets have.
    fn prepare(secret: &str) -> Result<Self, SecretsErrorKind>;

    /// The part of a secret's text that the key is made of: all of it, unless the sender's secrets can be written in
    /// several ways.
    ///
    /// Secrets that have this part in common are one secret: the set holds it once, and removing one removes it,
    /// whichever way it was written when it was set. Otherwise a key that its owner believes removed could stay valid.
    fn significant(secret: &str) -> &str {
        secret
    }
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

    /// Tries every key, and returns the label of the one that `matches` accepts.
    ///
    /// All keys are tried whichever one matches, so that the time tells nothing about their order.
    pub fn find(&self, mut matches: impl FnMut(&K) -> bool) -> Option<Option<&Label>> {
        let mut found = None;
        for entry in &self.entries {
            if matches(&entry.key) {
                found = Some(entry.label.as_ref());
            }
        }
        found
    }
}

impl<K: SecretKey> SecretStore for PrivateKeys<K> {
    fn insert(&mut self, secret: Secret) -> Result<(), SecretsErrorKind> {
        if self.entries.len() >= Self::MAX {
            return Err(SecretsErrorKind::TooMany { limit: Self::MAX });
        }
        let key = K::prepare(secret.expose())?;
        let fingerprint = Fingerprint::of(K::significant(secret.expose()).as_bytes());
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

    fn remove(&mut self, secret: &str) -> bool {
        let fingerprint = Fingerprint::of(K::significant(secret).as_bytes());
        let before = self.entries.len();
        self.entries
            .retain(|entry| entry.fingerprint != fingerprint);
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

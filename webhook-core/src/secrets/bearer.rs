use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use sha2::{Digest, Sha256};

use super::fingerprint::Fingerprint;
use super::keyring::{Selected, Whose};
use super::store::{PlainStore, Store};
use super::{Label, Matched, Secret, SecretsErrorKind};
use crate::answer::Rejection;

/// Any number of bearer tokens, looked up by the digest of what was sent.
///
/// Only digests are kept: SHA-256 over a random block, different in every set, and the token. A lookup hashes the
/// candidate, which takes the same time for all candidates of one length, and finds its bucket in a map by the digest;
/// there, digests are compared in constant time. Nobody can tell which candidates share a bucket, so the time reveals
/// nothing about the tokens, and 100,000 tokens cost about as much as one.
#[derive(Clone)]
pub struct BearerTokens {
    /// The state of SHA-256 after the random block: a token of up to 55 bytes takes one more block.
    keyed: Sha256,
    by_digest: HashMap<Fingerprint, Option<Label>, BuildHasherDefault<FirstWord>>,
    of_tenants: bool,
}

impl BearerTokens {
    /// The longest token in bytes; a longer candidate is refused without being hashed.
    pub const MAX_LENGTH: usize = 4 * 1024;

    fn fingerprint(&self, token: &[u8]) -> Fingerprint {
        Fingerprint::from_digest(self.keyed.clone().chain_update(token))
    }
}

impl Selected<BearerTokens> {
    /// Looks up a candidate.
    ///
    /// # Errors
    ///
    /// [`Rejection::CredentialMissing`] if it is empty, [`Rejection::CredentialTooLong`],
    /// [`Rejection::CredentialMismatch`].
    #[inline]
    pub fn find(&self, candidate: &[u8]) -> Result<Matched, Rejection> {
        if candidate.is_empty() {
            return Err(Rejection::CredentialMissing);
        }
        if candidate.len() > BearerTokens::MAX_LENGTH {
            return Err(Rejection::CredentialTooLong);
        }
        let tokens = &*self.secrets;
        let label = tokens
            .by_digest
            .get(&tokens.fingerprint(candidate))
            .ok_or(Rejection::CredentialMismatch)?;
        let may_match = match &self.whose {
            Whose::Anyone => true,
            Whose::Tenant(tenant) => label.as_ref() == Some(tenant),
            Whose::Nobody => false,
        };
        match may_match {
            true => Ok(Matched::new(label.clone(), tokens.of_tenants)),
            false => Err(Rejection::CredentialMismatch),
        }
    }
}

impl PlainStore for BearerTokens {
    /// Creates an empty set with its own random block.
    fn new(of_tenants: bool) -> Self {
        // The standard library's randomness: SipHash with a key from the operating system.
        let random = RandomState::new();
        let mut keyed = Sha256::new();
        for word in 0..8_u64 {
            keyed.update(random.hash_one(word).to_ne_bytes());
        }
        Self {
            keyed,
            by_digest: HashMap::default(),
            of_tenants,
        }
    }
}

impl Store for BearerTokens {
    fn emptied(&self) -> Self {
        Self::new(self.of_tenants)
    }

    fn insert(&mut self, secret: Secret) -> Result<(), SecretsErrorKind> {
        if self.of_tenants && secret.label().is_none() {
            return Err(SecretsErrorKind::Unlabeled);
        }
        #[cfg(feature = "ed25519")]
        if secret.is_public_key() {
            return Err(super::public_key::NOT_SHARED);
        }
        let token = secret.expose().as_bytes();
        if token.len() > Self::MAX_LENGTH {
            return Err(SecretsErrorKind::TooLong {
                limit: Self::MAX_LENGTH,
            });
        }
        if token.iter().any(u8::is_ascii_control) {
            return Err(SecretsErrorKind::ControlCharacters);
        }
        let fingerprint = self.fingerprint(token);
        if self.by_digest.contains_key(&fingerprint) {
            return Err(SecretsErrorKind::Repeated);
        }
        self.by_digest.insert(fingerprint, secret.label().cloned());
        Ok(())
    }

    fn remove(&mut self, secret: &str, label: Option<&str>) -> bool {
        let fingerprint = self.fingerprint(secret.as_bytes());
        let found = self.by_digest.get(&fingerprint);
        let is_meant = found.is_some_and(|kept| label.is_none() || kept.as_deref() == label);
        is_meant && self.by_digest.remove(&fingerprint).is_some()
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

/// Uses the first word of a fingerprint as its hash: nobody can predict it, so there is no need to hash it again.
#[derive(Default)]
struct FirstWord(u64);

impl Hasher for FirstWord {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(word) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*word);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

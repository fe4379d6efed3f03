use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The SHA-256 of a secret, or of a random block and a secret. It identifies the secret and is compared in constant time;
/// a short secret could be guessed from it, so it is zeroed and never shown.
#[derive(Clone)]
pub(super) struct Fingerprint([u64; 4]);

impl Fingerprint {
    pub(super) fn of(secret: &[u8]) -> Self {
        Self::from_digest(Sha256::new_with_prefix(secret))
    }

    pub(super) fn from_digest(hasher: Sha256) -> Self {
        // As words: comparing those in constant time costs an eighth of comparing bytes.
        let digest = hasher.finalize();
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

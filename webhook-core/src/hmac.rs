use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::signatures::{Signature, Signatures};
use crate::{SecretKey, SecretsErrorKind};

/// A key for HMAC-SHA256 whose state is prepared: both of its padded blocks are hashed when the secret is set.
pub struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// The MAC over all parts in order, as if they were joined.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> Signature {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Whether one of the signatures is that of the parts. All are compared, each in constant time.
    pub(crate) fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        let expected = self.sign(parts);
        signatures
            .iter()
            .fold(Choice::from(0), |found, signature| {
                found | signature.ct_eq(&expected)
            })
            .into()
    }
}

impl SecretKey for HmacKey {
    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        // HMAC takes keys of any length; only the signature of the constructor knows of an error.
        Hmac::new_from_slice(key)
            .map(Self)
            .map_err(|_| SecretsErrorKind::WrongForm {
                expected: "a key for HMAC-SHA256",
            })
    }
}

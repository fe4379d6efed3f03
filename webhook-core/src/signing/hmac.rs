use std::fmt;

use hmac::digest::Output;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::signatures::Signatures;
use crate::secrets::{SecretsErrorKind, SigningKey, SigningKeys};

/// Secrets whose text is the key of an HMAC-SHA256.
pub type HmacKeys = SigningKeys<HmacSha256>;

/// A prepared key for HMAC-SHA256: both of its padded blocks are hashed when the secret is set.
///
/// As a [`SigningKey`], it uses the text of a secret. For a sender that encodes its secrets, wrap it in a key of your
/// own whose [`decode`](SigningKey::decode) decodes them.
pub struct HmacSha256(Hmac<Sha256>);

impl HmacSha256 {
    /// Computes the HMAC of all parts in order, as if joined. To compare one, use [`has_signed`](Self::has_signed).
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        digest(&self.0, parts).into()
    }

    /// Whether one of the signatures matches the parts. All are compared, each in constant time.
    ///
    /// The parts are signed as if joined. If two parts of variable length are adjacent, characters can move from one
    /// to the other without changing the signature; then check the form of one of them first.
    pub fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        is_one_of(&self.0, parts, signatures)
    }
}

/// Whether one of the signatures is this HMAC of the parts. All are compared, each in constant time; one of another length
/// does not match.
#[inline]
pub(super) fn is_one_of<M: Mac + Clone>(key: &M, parts: &[&[u8]], signatures: &Signatures) -> bool {
    let expected = digest(key, parts);
    signatures
        .iter()
        .fold(Choice::from(0), |found, signature| {
            found | signature.as_bytes().ct_eq(&expected)
        })
        .into()
}

#[inline]
fn digest<M: Mac + Clone>(key: &M, parts: &[&[u8]]) -> Output<M> {
    let mut mac = key.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes()
}

impl SigningKey for HmacSha256 {
    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        // HMAC accepts keys of any length; the error exists only in the constructor's signature.
        Hmac::new_from_slice(key)
            .map(Self)
            .map_err(|_| SecretsErrorKind::WrongForm {
                expected: "a key for HMAC-SHA256",
            })
    }
}

/// Shows nothing of the key.
impl fmt::Debug for HmacSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacSha256").finish_non_exhaustive()
    }
}

use base64::{DecodeError, Engine as _};
use zeroize::Zeroizing;

use crate::secrets::{BASE64, Secret, SecretsErrorKind, SigningKey};
#[cfg(feature = "ed25519")]
use crate::signing::Ed25519Key;
use crate::signing::{HmacSha256, Signatures, Verifies};

/// A shared secret, whose decoded bytes are the key (`v1`), or a public key (`v1a`, feature `ed25519`).
pub struct StandardKey(pub(crate) Algorithm);

pub(crate) enum Algorithm {
    Shared(HmacSha256),
    #[cfg(feature = "ed25519")]
    Public(Ed25519Key),
}

impl StandardKey {
    /// The longest text of a secret, in bytes.
    const MAX_LENGTH: usize = 4 * 1024;

    #[cfg(feature = "ed25519")]
    pub(super) fn is_public(&self) -> bool {
        matches!(self.0, Algorithm::Public(_))
    }
}

impl Verifies for StandardKey {
    /// Signatures of the other kind have another length, and match nothing.
    #[inline]
    fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        match &self.0 {
            Algorithm::Shared(key) => key.has_signed(parts, signatures),
            #[cfg(feature = "ed25519")]
            Algorithm::Public(key) => key.has_signed(parts, signatures),
        }
    }
}

impl SigningKey for StandardKey {
    fn decode(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        let text = secret.expose();
        if text.len() > Self::MAX_LENGTH {
            return Err(SecretsErrorKind::TooLong {
                limit: Self::MAX_LENGTH,
            });
        }
        if secret.is_raw() {
            return Ok(Zeroizing::new(text.as_bytes().to_vec()));
        }
        let encoded = text.strip_prefix("v1,whsec_").unwrap_or(text);
        let encoded = encoded.strip_prefix("whsec_").unwrap_or(encoded);
        let before = text.len() - encoded.len();
        // The libraries of the specification accept secrets with and without padding.
        let key = BASE64
            .decode(encoded)
            .map(Zeroizing::new)
            .map_err(|error| SecretsErrorKind::NotBase64 {
                place: match error {
                    DecodeError::InvalidByte(at, _) => Some(before + at + 1),
                    DecodeError::InvalidLastSymbol { offset, .. } => Some(before + offset + 1),
                    _ => None,
                },
            })?;
        if key.len() < 24 {
            return Err(SecretsErrorKind::WrongLength {
                expected: "base64 of at least 24 bytes, 32 characters, is expected",
            });
        }
        Ok(key)
    }

    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        HmacSha256::prepare(key).map(Algorithm::Shared).map(Self)
    }

    #[cfg(feature = "ed25519")]
    fn prepare_public(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        Ed25519Key::prepare(key).map(Algorithm::Public).map(Self)
    }
}

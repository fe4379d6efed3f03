use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::answer::Rejection;
use crate::secrets::{Secret, SecretsErrorKind, SigningKey};

/// The events secret of a merchant, `prod_events_` or `test_events_` included: the last part of the hashed text.
pub struct WompiKey(Zeroizing<Vec<u8>>);

impl WompiKey {
    /// The digest of a content with this secret.
    pub(crate) fn digest(&self, content: &Sha256) -> [u8; 32] {
        content.clone().chain_update(&*self.0).finalize().into()
    }
}

impl SigningKey for WompiKey {
    fn decode(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        let text = secret.expose();
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
        let found = if begins(&["prv_"]) {
            Some("a private key of the API (`prv_`)")
        } else if begins(&["pub_"]) {
            Some("a public key of the API (`pub_`)")
        } else if begins(&["prod_integrity_", "test_integrity_"]) {
            Some("an integrity secret (`prod_integrity_` or `test_integrity_`)")
        } else {
            None
        };
        match found {
            Some(found) if !secret.is_raw() => Err(SecretsErrorKind::OtherCredential {
                found,
                expected: "the events secret, which begins with `prod_events_` or `test_events_`",
            }),
            _ => Ok(Zeroizing::new(text.as_bytes().to_vec())),
        }
    }

    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        Ok(Self(Zeroizing::new(key.to_vec())))
    }
}

/// A checksum as sent, decoded and not yet compared.
#[derive(Clone, Copy)]
pub(super) struct Checksum([u8; 32]);

impl Checksum {
    /// Decodes hex in either letter case.
    pub(super) fn decode(hex: &[u8]) -> Result<Self, Rejection> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex, &mut bytes).map_err(|_| Rejection::CredentialMalformed)?;
        Ok(Self(bytes))
    }

    pub(super) fn is(&self, expected: &[u8; 32]) -> Choice {
        self.0.ct_eq(expected)
    }
}

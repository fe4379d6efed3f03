use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::endpoint::Endpoint;
use crate::answer::Rejection;
use crate::secrets::{Matched, SecretsErrorKind, Selected, SigningKey, SigningKeys};

/// The digest from the `Apikey` header, decoded and not yet compared.
pub struct SentDigest {
    pub(super) digest: [u8; 32],
    pub(super) endpoint: Endpoint,
    pub(super) is_form: bool,
    pub(super) keys: Selected<SigningKeys<ApiKey>>,
}

impl SentDigest {
    /// Finds the key with which the digest of this pair is the one that was sent.
    pub(super) fn matching_key(
        &self,
        reference_id: &str,
        order_id: &str,
    ) -> Result<Matched, Rejection> {
        let ids = Sha256::new()
            .chain_update(reference_id)
            .chain_update(order_id);
        self.keys.find(|key| {
            let digest = ids.clone().chain_update(&*key.0).finalize();
            digest.as_slice().ct_eq(&self.digest).into()
        })
    }
}

/// A merchant's private API key, the last part of the hashed text.
pub struct ApiKey(Zeroizing<Vec<u8>>);

impl SigningKey for ApiKey {
    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        Ok(Self(Zeroizing::new(key.to_vec())))
    }
}

use zeroize::Zeroizing;

use crate::secrets::{Secret, SecretsErrorKind, SigningKey};
use crate::signing::{HmacSha256, Signatures, Verifies};

/// The signing secret of an endpoint, `whsec_` included.
pub struct StripeKey(pub(crate) HmacSha256);

impl SigningKey for StripeKey {
    fn decode(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        let text = secret.expose();
        let is_api_key = ["sk_", "pk_", "rk_"]
            .iter()
            .any(|api| text.starts_with(api));
        if is_api_key && !secret.is_raw() {
            return Err(SecretsErrorKind::OtherCredential {
                found: "an API key (`sk_`, `pk_` or `rk_`)",
                expected: "the signing secret of the endpoint, which begins with `whsec_`",
            });
        }
        Ok(Zeroizing::new(text.as_bytes().to_vec()))
    }

    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        HmacSha256::prepare(key).map(Self)
    }
}

impl Verifies for StripeKey {
    #[inline]
    fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        self.0.has_signed(parts, signatures)
    }
}

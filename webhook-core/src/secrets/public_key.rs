use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::secret::{Form, Secret, mistake, other_key};
use super::{SecretsError, SecretsErrorKind};

/// What Standard Webhooks writes before a public key.
const PREFIX: &str = "whpk_";

/// The refusal of a public key by a sender that has none. Used as a shared secret, it would let anyone sign.
pub(crate) const NOT_SHARED: SecretsErrorKind = SecretsErrorKind::OtherCredential {
    found: "a public key, and this sender has none",
    expected: "the secret that it shares with this endpoint, with `Secret::new`",
};

impl Secret {
    /// Creates the public key of a sender that signs with a private one, without a label: `whpk_` and base64. Anyone
    /// may know it, so it is never taken for a shared secret, and senders that have no public keys refuse it.
    ///
    /// A secret and a public key may be in one set, as they are while a sender changes from one to the other.
    ///
    /// ```
    /// use webhook_core::driver::Verifier;
    /// use webhook_core::standard_webhooks::StandardWebhooks;
    /// use webhook_core::stripe::Stripe;
    /// use webhook_core::Secret;
    ///
    /// let key = Secret::public_key("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")?;
    /// let verifier = Verifier::<StandardWebhooks>::try_new(key.clone())?;
    /// verifier.secrets().add("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// assert!(Verifier::<Stripe>::try_new(key).is_err());
    /// # Ok::<(), webhook_core::SecretsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A value as [`new`](Self::new) refuses it, such as one in quotes; a private key, `whsk_…`; a shared secret,
    /// `whsec_…`. Anything else that is no public key is refused when the layer is built.
    #[cfg_attr(docsrs, doc(cfg(feature = "ed25519")))]
    pub fn public_key(value: impl Into<String>) -> Result<Self, SecretsError> {
        let value = Zeroizing::new(value.into());
        let refused = match mistake(&value) {
            None if value.starts_with(PREFIX) => None,
            None if value.contains("whsec_") => Some(SecretsErrorKind::OtherCredential {
                found: "a shared secret (`whsec_`)",
                expected: "the public key, `whpk_…`, or pass the secret with `Secret::new`",
            }),
            None => other_key(&value),
            mistake => mistake,
        };
        match refused {
            Some(kind) => Err(kind.into()),
            None => Ok(Self::of(value, Form::PublicKey)),
        }
    }

    /// The bytes of a public key, however this sender spells other secrets.
    pub(crate) fn public_key_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        let encoded = self.expose().strip_prefix(PREFIX);
        encoded
            .and_then(|encoded| {
                let encoded = encoded.strip_suffix('=').unwrap_or(encoded);
                STANDARD_NO_PAD.decode(encoded).ok()
            })
            .filter(|key| key.len() == 32)
            .map(Zeroizing::new)
            .ok_or(SecretsErrorKind::WrongForm {
                expected: "a public key, `whpk_` and base64 of 32 bytes",
            })
    }
}

use super::UnsignedSender;
use crate::driver::{Verifier, cannot_start};
use crate::provider::{Payload, Provider};
use crate::secrets::{IntoSecrets, SecretsError};

impl<T: Payload> Verifier<UnsignedSender<T>> {
    /// Takes only requests whose path ends in one of these secrets: see [`unsigned`](crate::unsigned).
    ///
    /// # Errors
    ///
    /// As [`UnsignedSender::path_secret`].
    pub fn try_path_secret(self, secrets: impl IntoSecrets) -> Result<Self, SecretsError> {
        let mut result = Ok(());
        let verifier = self.configure(|sender| result = sender.path_secret(secrets));
        result.map(|()| verifier)
    }

    /// Like [`try_path_secret`](Self::try_path_secret), but panics.
    ///
    /// # Panics
    ///
    /// If a secret is refused. The message names the sender and the fix, and no secret.
    #[track_caller]
    pub fn path_secret(self, secrets: impl IntoSecrets) -> Self {
        let name = self.provider().name().to_owned();
        match self.try_path_secret(secrets) {
            Ok(verifier) => verifier,
            Err(error) => cannot_start(&name, error),
        }
    }
}

use super::Verifier;
use super::verifier::cannot_start;
use crate::scheme::{HasVerifyToken, SchemeProvider, SignedBody};
use crate::secrets::IntoSecrets;

impl<T: SignedBody, P: HasVerifyToken> Verifier<SchemeProvider<T, P>> {
    /// Sets the token that the app chose when it registered the URL, or several while it changes:
    /// [`SchemeProvider::verify_token`].
    ///
    /// ```
    /// use webhook_core::Value;
    /// use webhook_core::driver::Verifier;
    /// use webhook_core::meta::Meta;
    ///
    /// let verifier = Verifier::<Meta<Value>>::try_new("app-secret")?.verify_token("chosen-by-us");
    /// # Ok::<(), webhook_core::SecretsError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If a token is refused as a secret would be, or there is none.
    #[track_caller]
    pub fn verify_token(self, tokens: impl IntoSecrets) -> Self {
        let mut outcome = Ok(());
        let verifier = self.configure(|sender| outcome = sender.verify_token(tokens));
        match outcome {
            Ok(()) => verifier,
            Err(error) => cannot_start(P::NAME, format_args!("of its verify tokens, {error}")),
        }
    }
}

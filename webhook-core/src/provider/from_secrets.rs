use super::Provider;
use crate::secrets::{Keyring, PlainStore};

/// A sender that needs nothing but its secrets, so that adapters can offer `new(secrets)` for it.
#[diagnostic::on_unimplemented(
    message = "the sender `{Self}` cannot be made from secrets alone",
    note = "implement `FromSecrets` for it, or build the layer with `with_provider`"
)]
pub trait FromSecrets: Provider + Sized {
    /// What [`Provider::name`] returns, for the message if its secrets are refused.
    const NAME: &'static str;

    /// How the secrets are kept: [`BearerTokens`](crate::secrets::BearerTokens) or
    /// [`SigningKeys`](crate::secrets::SigningKeys).
    type Store: PlainStore;

    /// The sender with these secrets and its defaults.
    fn from_keyring(keyring: Keyring<Self::Store>) -> Self;

    /// The secrets it was built with.
    fn keyring(&self) -> &Keyring<Self::Store>;
}

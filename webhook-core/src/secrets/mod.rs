//! Secrets: how they are passed, stored, and changed while the server runs.

mod bearer;
mod error;
mod fingerprint;
mod into_secrets;
mod keyring;
mod label;
mod matched;
mod secret;
mod signing_keys;
mod store;

pub use self::bearer::BearerTokens;
pub use self::error::{SecretsError, SecretsErrorKind};
pub use self::into_secrets::IntoSecrets;
pub use self::keyring::{Keyring, Selected};
pub use self::label::Label;
pub use self::matched::Matched;
pub use self::secret::Secret;
pub use self::signing_keys::{SigningKey, SigningKeys};
pub(crate) use self::store::Store;
pub use self::store::{PlainStore, SecretStore};

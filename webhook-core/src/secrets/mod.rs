//! Secrets: how they are passed, stored, and changed while the server runs.

mod base64;
mod bearer;
mod error;
mod fingerprint;
mod into_secrets;
mod keyring;
mod label;
mod matched;
#[cfg(feature = "ed25519")]
mod public_key;
mod secret;
mod signing_keys;
mod store;

pub(crate) use self::base64::BASE64;
pub use self::bearer::BearerTokens;
pub use self::error::{SecretsError, SecretsErrorKind};
pub use self::into_secrets::IntoSecrets;
pub use self::keyring::{Keyring, Selected};
pub use self::label::Label;
pub use self::matched::Matched;
#[cfg(feature = "ed25519")]
pub(crate) use self::public_key::NOT_SHARED;
pub use self::secret::Secret;
#[cfg(feature = "testing")]
pub(crate) use self::signing_keys::prepared;
pub use self::signing_keys::{SigningKey, SigningKeys};
pub(crate) use self::store::Store;
pub use self::store::{PlainStore, SecretStore};

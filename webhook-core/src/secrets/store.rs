use std::fmt;

use super::{Label, Secret, SecretsErrorKind};

/// A set of secrets in the form that verifying needs: [`BearerTokens`](super::BearerTokens) or
/// [`SigningKeys`](super::SigningKeys). Only these two implement it.
pub trait SecretStore: Store {}

impl<S: Store> SecretStore for S {}

/// What a [`Keyring`](super::Keyring) does with a set.
pub trait Store: Clone + fmt::Debug + Send + Sync + 'static {
    /// An empty set, whose secrets belong to tenants or do not.
    fn new(of_tenants: bool) -> Self;

    /// Prepares a secret and takes it in. After an error the set is thrown away.
    fn insert(&mut self, secret: Secret) -> Result<(), SecretsErrorKind>;

    /// Takes a secret out by its value, and says whether it was in the set.
    fn remove(&mut self, secret: &str) -> bool;

    /// Takes all secrets with a label out, and says whether there were any.
    fn remove_label(&mut self, label: &str) -> bool;

    /// The label of each secret, in no particular order.
    fn labels(&self) -> impl Iterator<Item = Option<&Label>>;
}

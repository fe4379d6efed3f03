use std::fmt;

use super::{Label, Secret, SecretsErrorKind};

/// A set of secrets, ready for verifying: [`BearerTokens`](super::BearerTokens), [`SigningKeys`](super::SigningKeys) or
/// [`SchemeSecrets`](crate::signing::SchemeSecrets). Only these implement it.
pub trait SecretStore: Store {}

impl<S: Store> SecretStore for S {}

/// A set that is made of secrets alone: [`BearerTokens`](super::BearerTokens) or [`SigningKeys`](super::SigningKeys).
pub trait PlainStore: Store {
    /// Creates an empty set, whose secrets may belong to tenants.
    fn new(of_tenants: bool) -> Self;
}

/// What a [`Keyring`](super::Keyring) does with a set.
pub trait Store: Clone + fmt::Debug + Send + Sync + 'static {
    /// An empty set of the same kind.
    fn emptied(&self) -> Self;

    /// Prepares a secret and adds it. After an error the set is dropped.
    fn insert(&mut self, secret: Secret) -> Result<(), SecretsErrorKind>;

    /// Removes a secret by its value, under this label or under any, and returns whether it was in the set.
    fn remove(&mut self, secret: &str, label: Option<&str>) -> bool;

    /// Removes all secrets with a label, and returns whether there were any.
    fn remove_label(&mut self, label: &str) -> bool;

    /// The label of each secret, in no particular order.
    fn labels(&self) -> impl Iterator<Item = Option<&Label>>;
}

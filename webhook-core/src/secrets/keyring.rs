use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::IntoSecrets;
use crate::{Label, Provider, Secret, SecretsError, SecretsErrorKind};

/// A sender that needs nothing but its secrets, so that adapters can offer `new(secrets)` for it.
#[diagnostic::on_unimplemented(
    message = "the sender `{Self}` cannot be made from secrets alone",
    note = "implement `FromSecrets` for it, or build the layer with `with_provider`"
)]
pub trait FromSecrets: Provider + Sized {
    /// How the secrets are kept.
    type Store: SecretStore;

    /// The sender with these secrets and its defaults.
    fn from_keyring(keyring: Keyring<Self>) -> Self;

    /// The secrets it was built with.
    fn keyring(&self) -> &Keyring<Self>;
}

/// A set of secrets in the form that verifying needs: [`BearerTokens`](crate::BearerTokens) or
/// [`PrivateKeys`](crate::PrivateKeys).
pub trait SecretStore: Clone + Default + fmt::Debug + Send + Sync + 'static {
    /// Prepares a secret and takes it in.
    ///
    /// # Errors
    ///
    /// A secret that the set cannot hold; the set is then thrown away.
    fn insert(&mut self, secret: Secret) -> Result<(), SecretsErrorKind>;

    /// Takes a secret out by its value, and says whether it was there.
    fn remove(&mut self, secret: &str) -> bool;

    /// Takes all secrets with a label out, and says whether there were any.
    fn remove_label(&mut self, label: &str) -> bool;

    /// The label of each secret, in no particular order.
    fn labels(&self) -> impl Iterator<Item = Option<&Label>>;
}

/// The secrets of one sender, shared by every clone of its layer and changed while the server runs.
///
/// A change is prepared aside and swapped in whole: if any part of it is refused, the old set stays. A delivery sees
/// either the old set or the new one.
///
/// ```
/// use webhook_core::{TusFacturas, Verifier};
///
/// let verifier = Verifier::<TusFacturas>::try_new([("pdv-1", "old-token")])?;
/// let secrets = verifier.secrets();
///
/// secrets.add([("pdv-1", "new-token")])?;
/// secrets.remove("old-token")?;
/// assert!(secrets.remove("new-token").is_err(), "the last one stays");
/// assert_eq!(secrets.len(), 1);
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
pub struct Keyring<P: FromSecrets> {
    shared: Arc<Shared<P::Store>>,
}

struct Shared<S> {
    current: ArcSwap<S>,
    /// Held by whoever changes the set, from reading the old one to storing the new one.
    changing: Mutex<()>,
}

impl<P: FromSecrets> Keyring<P> {
    /// A keyring with these secrets.
    ///
    /// # Errors
    ///
    /// The first secret that is refused, and an empty list.
    pub fn new(secrets: impl IntoSecrets) -> Result<Self, SecretsError> {
        let store = extended(P::Store::default(), secrets)?;
        Ok(Self {
            shared: Arc::new(Shared {
                current: ArcSwap::from_pointee(store),
                changing: Mutex::new(()),
            }),
        })
    }

    /// The set as it is now. What this returns does not change any more.
    pub fn load(&self) -> LoadedSecrets<P::Store> {
        LoadedSecrets(self.shared.current.load())
    }

    /// Replaces all secrets.
    ///
    /// # Errors
    ///
    /// The first secret that is refused, and an empty list; the old set then stays.
    pub fn replace(&self, secrets: impl IntoSecrets) -> Result<(), SecretsError> {
        self.change(|_| extended(P::Store::default(), secrets))
    }

    /// Adds secrets. The set is copied each time: add many in one call.
    ///
    /// # Errors
    ///
    /// The first secret that is refused, also because it is there already; the old set then stays.
    pub fn add(&self, secrets: impl IntoSecrets) -> Result<(), SecretsError> {
        self.change(|current| extended(current.clone(), secrets))
    }

    /// Removes a secret by its value.
    ///
    /// # Errors
    ///
    /// [`SecretsErrorKind::NotFound`], and [`SecretsErrorKind::Last`] if it is the last one.
    pub fn remove(&self, secret: &str) -> Result<(), SecretsError> {
        self.change(|current| reduced(current, |store| store.remove(secret)))
    }

    /// Removes all secrets that have this label.
    ///
    /// # Errors
    ///
    /// [`SecretsErrorKind::NotFound`], and [`SecretsErrorKind::Last`] if none would be left.
    pub fn remove_label(&self, label: &str) -> Result<(), SecretsError> {
        self.change(|current| reduced(current, |store| store.remove_label(label)))
    }

    /// How many secrets there are; never 0.
    #[allow(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.load().labels().count()
    }

    /// The label of each secret, in no particular order.
    pub fn labels(&self) -> Vec<Option<Label>> {
        self.load().labels().map(Option::<&Label>::cloned).collect()
    }

    fn change(
        &self,
        change: impl FnOnce(&P::Store) -> Result<P::Store, SecretsError>,
    ) -> Result<(), SecretsError> {
        // The lock guards no data of its own, so a panic while it was held broke nothing.
        let _changing = self
            .shared
            .changing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let changed = change(&self.shared.current.load())?;
        self.shared.current.store(Arc::new(changed));
        Ok(())
    }
}

fn extended<S: SecretStore>(mut store: S, secrets: impl IntoSecrets) -> Result<S, SecretsError> {
    let secrets = secrets.into_secrets()?;
    let listed = secrets.iter().len() > 1;
    for (index, secret) in secrets.into_iter().enumerate() {
        store.insert(secret).map_err(|kind| {
            let error = SecretsError::from(kind);
            if listed { error.at(index) } else { error }
        })?;
    }
    Ok(store)
}

fn reduced<S: SecretStore>(
    store: &S,
    remove: impl FnOnce(&mut S) -> bool,
) -> Result<S, SecretsError> {
    let mut store = store.clone();
    if !remove(&mut store) {
        return Err(SecretsErrorKind::NotFound.into());
    }
    if store.labels().next().is_none() {
        return Err(SecretsErrorKind::Last.into());
    }
    Ok(store)
}

impl<P: FromSecrets> Clone for Keyring<P> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

/// Shows labels and their number, never a byte of a secret.
impl<P: FromSecrets> fmt::Debug for Keyring<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("sender", &P::NAME)
            .field("labels", &self.labels())
            .finish()
    }
}

/// A set of secrets that one delivery is verified with: [`Keyring::load`].
pub struct LoadedSecrets<S>(arc_swap::Guard<Arc<S>>);

impl<S> Deref for LoadedSecrets<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S: fmt::Debug> fmt::Debug for LoadedSecrets<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

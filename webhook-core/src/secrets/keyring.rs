use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::store::{PlainStore, SecretStore, Store};
use super::{IntoSecrets, Label, SecretsError, SecretsErrorKind};
use crate::head::Head;
use crate::signing::{Scheme, SchemeSecrets};

/// The secrets of one sender, shared by all clones of its layer and changeable while the server runs.
///
/// A change is prepared separately and swapped in atomically: if any part of it is refused, the old set stays. A delivery
/// sees either the old set or the new one.
///
/// ```
/// use webhook_core::driver::Verifier;
/// use webhook_core::tusfacturas::TusFacturas;
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
///
/// # Tenants
///
/// A platform that receives for many merchants learns from a path segment or a header which merchant a request claims
/// to be for. [`for_tenants`](Self::for_tenants) tries only the secrets with that label.
///
/// Senders get the secrets with [`select`](Self::select), which makes that choice.
#[doc(alias = "rotate")]
#[doc(alias = "rotation")]
pub struct Keyring<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    current: ArcSwap<S>,
    /// Locked while the set changes, from reading the old one to storing the new one.
    changing: Mutex<()>,
    tenant_of: Option<Box<TenantOf>>,
}

type TenantOf = dyn for<'a> Fn(&Head<'a>) -> Option<&'a str> + Send + Sync;

impl<S: PlainStore> Keyring<S> {
    /// Creates a keyring. Each delivery is checked against all of its secrets.
    ///
    /// # Errors
    ///
    /// The first secret that is refused, an empty list, and more than 16 [signing keys](super::SigningKeys).
    pub fn new(secrets: impl IntoSecrets) -> Result<Self, SecretsError> {
        Self::with(None, secrets)
    }

    /// Creates a keyring whose labels are tenants. `tenant_of` returns the tenant that a request claims to be for, and
    /// only the secrets with this label are tried.
    ///
    /// There may be any number of tenants, each with up to 16 signing keys. A request that names no tenant, or an
    /// unknown one, is refused like a wrong credential, after about the same work; it never falls back to the secrets
    /// of others. If a request names two tenants, return `None`.
    ///
    /// ```
    /// use webhook_core::driver::Verifier;
    /// use webhook_core::stripe::Stripe;
    ///
    /// // POST /stripe/{tenant}
    /// let verifier = Verifier::<Stripe>::for_tenants(
    ///     [("north", "whsec_of_north"), ("south", "whsec_of_south")],
    ///     |head| head.path().strip_prefix("/stripe/"),
    /// )?;
    /// # Ok::<(), webhook_core::SecretsError>(())
    /// ```
    ///
    /// Under axum's `Router::nest`, the layer does not see the prefix of the path.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and a secret without a label.
    pub fn for_tenants(
        secrets: impl IntoSecrets,
        tenant_of: impl for<'a> Fn(&Head<'a>) -> Option<&'a str> + Send + Sync + 'static,
    ) -> Result<Self, SecretsError> {
        Self::with(Some(Box::new(tenant_of)), secrets)
    }

    fn with(
        tenant_of: Option<Box<TenantOf>>,
        secrets: impl IntoSecrets,
    ) -> Result<Self, SecretsError> {
        Self::filled(S::new(tenant_of.is_some()), tenant_of, secrets)
    }
}

impl Keyring<SchemeSecrets> {
    /// A keyring for a scheme, which says what its secrets are.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and a secret that does not have the form that the scheme says.
    pub fn for_scheme(scheme: &Scheme, secrets: impl IntoSecrets) -> Result<Self, SecretsError> {
        Self::filled(SchemeSecrets::of(scheme, false), None, secrets)
    }

    /// The same for many tenants: see [`for_tenants`](Self::for_tenants).
    ///
    /// # Errors
    ///
    /// As [`for_scheme`](Self::for_scheme), and a secret without a label.
    pub fn for_tenants_of_scheme(
        scheme: &Scheme,
        secrets: impl IntoSecrets,
        tenant_of: impl for<'a> Fn(&Head<'a>) -> Option<&'a str> + Send + Sync + 'static,
    ) -> Result<Self, SecretsError> {
        let store = SchemeSecrets::of(scheme, true);
        Self::filled(store, Some(Box::new(tenant_of)), secrets)
    }
}

impl<S: SecretStore> Keyring<S> {
    fn filled(
        empty: S,
        tenant_of: Option<Box<TenantOf>>,
        secrets: impl IntoSecrets,
    ) -> Result<Self, SecretsError> {
        let store = extended(empty, secrets)?;
        Ok(Self {
            shared: Arc::new(Shared {
                current: ArcSwap::from_pointee(store),
                changing: Mutex::new(()),
                tenant_of,
            }),
        })
    }

    /// The secrets to check this request against, as they are now: for the `inspect` of a
    /// [`Provider`](crate::Provider), whose claim carries them to the comparison.
    #[inline]
    pub fn select(&self, head: &Head<'_>) -> Selected<S> {
        let secrets = self.shared.current.load_full();
        let whose = match &self.shared.tenant_of {
            None => Whose::Anyone,
            Some(tenant_of) => match tenant_of(head).map(Label::new) {
                Some(Ok(label)) => Whose::Tenant(label),
                _ => Whose::Nobody,
            },
        };
        Selected { secrets, whose }
    }

    /// Replaces all secrets.
    ///
    /// # Errors
    ///
    /// The first secret that is refused, and an empty list; the old set then stays.
    pub fn replace(&self, secrets: impl IntoSecrets) -> Result<(), SecretsError> {
        self.change(|current| extended(current.emptied(), secrets))
    }

    /// Adds secrets. The set is copied each time: add many in one call.
    ///
    /// # Errors
    ///
    /// The first secret that is refused, or is already in the set; the old set then stays.
    pub fn add(&self, secrets: impl IntoSecrets) -> Result<(), SecretsError> {
        self.change(|current| extended(current.clone(), secrets))
    }

    /// Removes a secret by its value, from every tenant that has it.
    ///
    /// # Errors
    ///
    /// [`SecretsErrorKind::NotFound`], and [`SecretsErrorKind::Last`] if it is the last one.
    pub fn remove(&self, secret: &str) -> Result<(), SecretsError> {
        self.change(|current| reduced(current, |store| store.remove(secret, None)))
    }

    /// Removes a secret of one tenant or point of sale by its label and its value.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove).
    pub fn remove_from(&self, label: &str, secret: &str) -> Result<(), SecretsError> {
        self.change(|current| reduced(current, |store| store.remove(secret, Some(label))))
    }

    /// Removes all secrets that have this label.
    ///
    /// # Errors
    ///
    /// [`SecretsErrorKind::NotFound`], and [`SecretsErrorKind::Last`] if none would be left.
    pub fn remove_label(&self, label: &str) -> Result<(), SecretsError> {
        self.change(|current| reduced(current, |store| store.remove_label(label)))
    }

    /// The number of secrets; never 0.
    #[allow(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.shared.current.load().labels().count()
    }

    /// The label of each secret, in no particular order.
    pub fn labels(&self) -> Vec<Option<Label>> {
        let secrets = self.shared.current.load();
        secrets.labels().map(Option::<&Label>::cloned).collect()
    }

    fn change(
        &self,
        change: impl FnOnce(&S) -> Result<S, SecretsError>,
    ) -> Result<(), SecretsError> {
        // The lock guards no data of its own, so a panic under it broke nothing.
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

fn extended<S: Store>(mut store: S, secrets: impl IntoSecrets) -> Result<S, SecretsError> {
    let secrets = secrets.into_secrets()?;
    let listed = secrets.len() > 1;
    for (index, secret) in secrets.into_iter().enumerate() {
        store.insert(secret).map_err(|kind| {
            let error = SecretsError::from(kind);
            if listed { error.at(index) } else { error }
        })?;
    }
    Ok(store)
}

fn reduced<S: Store>(store: &S, remove: impl FnOnce(&mut S) -> bool) -> Result<S, SecretsError> {
    let mut store = store.clone();
    if !remove(&mut store) {
        return Err(SecretsErrorKind::NotFound.into());
    }
    if store.labels().next().is_none() {
        return Err(SecretsErrorKind::Last.into());
    }
    Ok(store)
}

impl<S> Clone for Keyring<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

/// Shows labels and their number, never a byte of a secret.
impl<S: SecretStore> fmt::Debug for Keyring<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("labels", &self.labels())
            .finish()
    }
}

/// The secrets that one delivery is checked against, from [`Keyring::select`]. Later changes do not affect it.
///
/// Its `find`, for either kind of secret, is the only way to the [`Matched`](super::Matched) that an
/// [`Authentic`](crate::provider::Authentic) needs.
pub struct Selected<S> {
    pub(super) secrets: Arc<S>,
    pub(super) whose: Whose,
}

/// Whose secrets may match.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    /// Everyone's: labels are not tenants.
    Anyone,
    /// Those of the tenant named in the request.
    Tenant(Label),
    /// Nobody's: the request names no tenant. The credential is compared anyway, so the time reveals nothing.
    Nobody,
}

impl<S> Selected<S> {
    pub(crate) fn secrets(&self) -> &S {
        &self.secrets
    }

    /// The same choice among the secrets that this set consists of.
    pub(crate) fn narrowed<T>(&self, secrets: Arc<T>) -> Selected<T> {
        Selected {
            secrets,
            whose: self.whose.clone(),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Selected<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selected")
            .field("secrets", &self.secrets)
            .field("whose", &self.whose)
            .finish()
    }
}

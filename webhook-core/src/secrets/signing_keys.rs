use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::fingerprint::Fingerprint;
use super::keyring::{Selected, Whose};
use super::store::{PlainStore, Store};
use super::{Label, Matched, Secret, SecretsErrorKind};
use crate::answer::Rejection;

/// A key that is prepared once, when its secret is set, and then used for every delivery.
pub trait SigningKey: Send + Sync + Sized + 'static {
    /// Returns the bytes of the key: those of the secret's text, unless the sender encodes its secrets.
    ///
    /// Secrets with the same bytes are one secret, however they are written: the set, or each tenant,
    /// has it once, and removing either spelling removes it. A [raw](Secret::is_raw) secret is not decoded.
    ///
    /// # Errors
    ///
    /// A secret that does not have the form of this sender's secrets.
    fn decode(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        Ok(Zeroizing::new(secret.expose().as_bytes().to_vec()))
    }

    /// Prepares the key from its bytes.
    ///
    /// # Errors
    ///
    /// Bytes that are not a valid key.
    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind>;

    /// Prepares the key from the bytes of a [public key](Secret::public_key), if this sender has such keys. They are
    /// decoded the same way for every sender.
    ///
    /// # Errors
    ///
    /// Every key, unless the sender says otherwise: anyone could sign for one that is used as a shared secret.
    #[cfg(feature = "ed25519")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ed25519")))]
    fn prepare_public(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        let _no_such_keys = key;
        Err(super::public_key::NOT_SHARED)
    }
}

/// The key of a secret of either kind, and its bytes.
pub(crate) fn prepared<K: SigningKey>(
    secret: &Secret,
) -> Result<(K, Zeroizing<Vec<u8>>), SecretsErrorKind> {
    #[cfg(feature = "ed25519")]
    if secret.is_public_key() {
        let decoded = secret.public_key_bytes()?;
        return Ok((K::prepare_public(&decoded)?, decoded));
    }
    let decoded = K::decode(secret)?;
    Ok((K::prepare(&decoded)?, decoded))
}

/// Keys that signatures are checked with. Each delivery is checked with all of them, or all of its tenant, and each
/// costs a digest: so at most [`MAX`](Self::MAX) are allowed, in total or per tenant.
pub struct SigningKeys<K> {
    keys: Keys<K>,
}

enum Keys<K> {
    OfAnyone(Group<K>),
    OfTenants(HashMap<Label, Arc<Group<K>>>),
}

/// Keys that are tried together, in the order in which they were passed.
type Group<K> = Vec<Arc<Entry<K>>>;

struct Entry<K> {
    label: Option<Label>,
    fingerprint: Fingerprint,
    key: K,
}

impl<K> SigningKeys<K> {
    /// The most keys that a delivery is checked with.
    pub const MAX: usize = 16;
}

impl<K> Selected<SigningKeys<K>> {
    /// Tries every key. If `matches` accepts several, the first one in the set counts.
    ///
    /// All keys are tried whichever one matches, so the time reveals nothing about their order.
    ///
    /// # Errors
    ///
    /// [`Rejection::CredentialMismatch`].
    pub fn find(&self, mut matches: impl FnMut(&K) -> bool) -> Result<Matched, Rejection> {
        let (group, is_tenant, is_decoy) = self.group();
        let mut found = None;
        for entry in group {
            if matches(&entry.key) {
                found = found.or(Some(entry));
            }
        }
        match found {
            Some(entry) if !is_decoy => Ok(Matched::new(entry.label.clone(), is_tenant)),
            _ => Err(Rejection::CredentialMismatch),
        }
    }

    /// Whether any of the keys that [`find`](Self::find) tries is of this kind.
    #[cfg(feature = "ed25519")]
    pub(crate) fn any(&self, is_of_kind: impl Fn(&K) -> bool) -> bool {
        let (group, ..) = self.group();
        group.iter().any(|entry| is_of_kind(&entry.key))
    }

    /// The keys to try, whether they are those of a tenant, and whether that tenant does not exist: then no match
    /// counts.
    fn group(&self) -> (&[Arc<Entry<K>>], bool, bool) {
        match (&self.secrets.keys, &self.whose) {
            (Keys::OfAnyone(group), _) => (group.as_slice(), false, false),
            (Keys::OfTenants(tenants), whose) => {
                let group = match whose {
                    Whose::Tenant(label) => tenants.get(label),
                    _ => None,
                };
                // A tenant that does not exist costs what one costs that does.
                let decoy = || tenants.values().next();
                let is_decoy = group.is_none();
                let group = group.or_else(decoy).map(|group| group.as_slice());
                (group.unwrap_or_default(), true, is_decoy)
            }
        }
    }
}

impl<K> SigningKeys<K> {
    fn groups(&self) -> impl Iterator<Item = &Group<K>> {
        let (one, many) = match &self.keys {
            Keys::OfAnyone(group) => (Some(group), None),
            Keys::OfTenants(tenants) => (None, Some(tenants.values().map(|group| &**group))),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// Removes the keys that `keeps` does not accept, and returns whether there were any.
    fn retain(&mut self, keeps: impl Fn(&Entry<K>) -> bool) -> bool {
        let before = self.groups().map(Vec::len).sum::<usize>();
        match &mut self.keys {
            Keys::OfAnyone(group) => group.retain(|entry| keeps(entry)),
            Keys::OfTenants(tenants) => {
                tenants.retain(|_, group| {
                    if !group.iter().all(|entry| keeps(entry)) {
                        Arc::make_mut(group).retain(|entry| keeps(entry));
                    }
                    !group.is_empty()
                });
                // A decoy is found by walking over empty places.
                tenants.shrink_to_fit();
            }
        }
        self.groups().map(Vec::len).sum::<usize>() < before
    }
}

impl<K> SigningKeys<K> {
    pub(crate) fn empty(of_tenants: bool) -> Self {
        let keys = match of_tenants {
            true => Keys::OfTenants(HashMap::new()),
            false => Keys::OfAnyone(Vec::new()),
        };
        Self { keys }
    }

    /// Adds a key that was prepared from these bytes.
    pub(crate) fn insert_prepared(
        &mut self,
        label: Option<Label>,
        decoded: &[u8],
        key: K,
    ) -> Result<(), SecretsErrorKind> {
        let entry = Entry {
            fingerprint: Fingerprint::of(decoded),
            key,
            label: label.clone(),
        };
        let group = match &mut self.keys {
            Keys::OfAnyone(group) => group,
            Keys::OfTenants(tenants) => {
                let label = label.ok_or(SecretsErrorKind::Unlabeled)?;
                Arc::make_mut(tenants.entry(label).or_default())
            }
        };
        let is_equal = |other: &Arc<Entry<K>>| other.fingerprint == entry.fingerprint;
        if group.iter().any(is_equal) {
            return Err(SecretsErrorKind::Repeated);
        }
        if group.len() >= Self::MAX {
            return Err(SecretsErrorKind::TooMany { limit: Self::MAX });
        }
        group.push(Arc::new(entry));
        Ok(())
    }

    /// Removes a key by its bytes, or by the text of its secret.
    ///
    /// A text can encode one key and be the bytes of another. Both are removed: a secret must not stay if its owner
    /// believes that it is gone.
    pub(crate) fn remove_decoded(
        &mut self,
        secret: &str,
        decoded: Option<&[u8]>,
        label: Option<&str>,
    ) -> bool {
        let raw = Fingerprint::of(secret.as_bytes());
        let decoded = decoded.map(Fingerprint::of);
        self.retain(|entry| {
            let is_meant = entry.fingerprint == raw || decoded.as_ref() == Some(&entry.fingerprint);
            !is_meant || label.is_some_and(|label| entry.label.as_deref() != Some(label))
        })
    }
}

impl<K: SigningKey> PlainStore for SigningKeys<K> {
    fn new(of_tenants: bool) -> Self {
        Self::empty(of_tenants)
    }
}

impl<K: SigningKey> Store for SigningKeys<K> {
    fn emptied(&self) -> Self {
        Self::empty(matches!(self.keys, Keys::OfTenants(_)))
    }

    fn insert(&mut self, secret: Secret) -> Result<(), SecretsErrorKind> {
        let (key, decoded) = prepared(&secret)?;
        self.insert_prepared(secret.label().cloned(), &decoded, key)
    }

    fn remove(&mut self, secret: &str, label: Option<&str>) -> bool {
        let decoded = Secret::new(secret)
            .ok()
            .and_then(|secret| K::decode(&secret).ok());
        #[cfg(feature = "ed25519")]
        let decoded = decoded.or_else(|| {
            let key = Secret::public_key(secret).ok()?;
            key.public_key_bytes().ok()
        });
        self.remove_decoded(secret, decoded.as_deref().map(Vec::as_slice), label)
    }

    fn remove_label(&mut self, label: &str) -> bool {
        self.retain(|entry| entry.label.as_deref() != Some(label))
    }

    fn labels(&self) -> impl Iterator<Item = Option<&Label>> {
        self.groups().flatten().map(|entry| entry.label.as_ref())
    }
}

impl<K> Clone for SigningKeys<K> {
    fn clone(&self) -> Self {
        let keys = match &self.keys {
            Keys::OfAnyone(group) => Keys::OfAnyone(group.clone()),
            Keys::OfTenants(tenants) => Keys::OfTenants(tenants.clone()),
        };
        Self { keys }
    }
}

/// Shows their number, never a byte of a key.
impl<K> fmt::Debug for SigningKeys<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys")
            .field("count", &self.groups().map(Vec::len).sum::<usize>())
            .finish_non_exhaustive()
    }
}

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use hmac::{Hmac, KeyInit};
use sha1::Sha1;
use sha2::Sha512;
use zeroize::Zeroizing;

use super::Scheme;
use super::builder::{Algorithm, KeyEncoding};
use super::reading::{Sent, SignedContent};
use super::rules::Rules;
use crate::answer::Rejection;
use crate::secrets::{
    BASE64, BearerTokens, Label, Matched, Secret, SecretsErrorKind, Selected, SigningKey,
    SigningKeys, Store,
};
#[cfg(feature = "ed25519")]
use crate::signing::Ed25519Key;
use crate::signing::hmac::is_one_of;
use crate::signing::{HmacSha256, Signatures};

/// A prepared key that signatures are checked with.
pub trait Verifies: Send + Sync + 'static {
    /// Whether one of the signatures is by this key, over the parts as if joined. Each is compared in constant time.
    fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool;
}

impl Verifies for HmacSha256 {
    #[inline]
    fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        self.has_signed(parts, signatures)
    }
}

#[cfg(feature = "ed25519")]
impl Verifies for Ed25519Key {
    fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        self.has_signed(parts, signatures)
    }
}

/// How secrets are compared for a [`Scheme`]: [`BearerTokens`], [`SigningKeys`] of keys that this crate has, or
/// [`SchemeSecrets`]. Only these implement it.
pub trait SchemeStore: Compares {}

impl<S: Compares> SchemeStore for S {}

/// The two steps of a comparison.
pub trait Compares: Store {
    /// What is left to do when the body is there.
    type Checked: Send + 'static;

    /// Compares what the head has: a token.
    fn check_head(
        selected: Selected<Self>,
        sent: Sent<'_>,
    ) -> Result<(Self::Checked, Option<SignedContent>), Rejection>;

    /// Compares what covers the body: a signature.
    fn check_body(
        checked: Self::Checked,
        signed: Option<&SignedContent>,
        body: &Bytes,
    ) -> Result<Matched, Rejection>;
}

impl<K: Verifies + SigningKey> Compares for SigningKeys<K> {
    type Checked = Selected<Self>;

    #[inline]
    fn check_head(
        selected: Selected<Self>,
        sent: Sent<'_>,
    ) -> Result<(Self::Checked, Option<SignedContent>), Rejection> {
        match sent {
            Sent::Signed(signed) => Ok((selected, Some(signed))),
            Sent::Token(_) => Err(Rejection::CredentialMismatch),
        }
    }

    #[inline]
    fn check_body(
        checked: Self::Checked,
        signed: Option<&SignedContent>,
        body: &Bytes,
    ) -> Result<Matched, Rejection> {
        let signed = signed.ok_or(Rejection::CredentialMissing)?;
        checked.find(|key| signed.is_by(key, body))
    }
}

impl Compares for BearerTokens {
    type Checked = Matched;

    fn check_head(
        selected: Selected<Self>,
        sent: Sent<'_>,
    ) -> Result<(Self::Checked, Option<SignedContent>), Rejection> {
        match sent {
            Sent::Token(token) => Ok((selected.find(&token)?, None)),
            Sent::Signed(_) => Err(Rejection::CredentialMismatch),
        }
    }

    fn check_body(
        checked: Matched,
        _: Option<&SignedContent>,
        _: &Bytes,
    ) -> Result<Matched, Rejection> {
        Ok(checked)
    }
}

/// The secrets of a [`Scheme`] that was built when the program ran: keys or tokens, as it says.
#[derive(Clone)]
pub struct SchemeSecrets {
    scheme: Scheme,
    kept: Kept,
}

#[derive(Clone)]
enum Kept {
    Keys(Arc<SigningKeys<SchemeKey>>),
    Tokens(Arc<BearerTokens>),
}

impl SchemeSecrets {
    pub(crate) fn of(scheme: &Scheme, of_tenants: bool) -> Self {
        let kept = match scheme.0.is_token() {
            true => Kept::Tokens(Arc::new(crate::secrets::PlainStore::new(of_tenants))),
            false => Kept::Keys(Arc::new(SigningKeys::empty(of_tenants))),
        };
        Self {
            scheme: scheme.clone(),
            kept,
        }
    }
}

impl Store for SchemeSecrets {
    fn emptied(&self) -> Self {
        let kept = match &self.kept {
            Kept::Keys(keys) => Kept::Keys(Arc::new(keys.emptied())),
            Kept::Tokens(tokens) => Kept::Tokens(Arc::new(tokens.emptied())),
        };
        Self {
            scheme: self.scheme.clone(),
            kept,
        }
    }

    fn insert(&mut self, secret: Secret) -> Result<(), SecretsErrorKind> {
        match &mut self.kept {
            Kept::Keys(keys) => {
                let decoded = decoded(&self.scheme.0, &secret)?;
                let key = SchemeKey::prepare(self.scheme.0.algorithm, &decoded)?;
                Arc::make_mut(keys).insert_prepared(secret.label().cloned(), &decoded, key)
            }
            Kept::Tokens(tokens) => Arc::make_mut(tokens).insert(secret),
        }
    }

    fn remove(&mut self, secret: &str, label: Option<&str>) -> bool {
        match &mut self.kept {
            Kept::Keys(keys) => {
                // A raw one, and a public key that the scheme does not decode, are the bytes of their text.
                let decoded = Secret::new(secret)
                    .ok()
                    .and_then(|secret| decoded(&self.scheme.0, &secret).ok());
                Arc::make_mut(keys).remove_decoded(
                    secret,
                    decoded.as_deref().map(Vec::as_slice),
                    label,
                )
            }
            Kept::Tokens(tokens) => Arc::make_mut(tokens).remove(secret, label),
        }
    }

    fn remove_label(&mut self, label: &str) -> bool {
        match &mut self.kept {
            Kept::Keys(keys) => Arc::make_mut(keys).remove_label(label),
            Kept::Tokens(tokens) => Arc::make_mut(tokens).remove_label(label),
        }
    }

    fn labels(&self) -> impl Iterator<Item = Option<&Label>> {
        let (keys, tokens) = match &self.kept {
            Kept::Keys(keys) => (Some(keys.labels()), None),
            Kept::Tokens(tokens) => (None, Some(tokens.labels())),
        };
        keys.into_iter()
            .flatten()
            .chain(tokens.into_iter().flatten())
    }
}

/// The keys or the token of a delivery.
pub enum Checked {
    Keys(Selected<SigningKeys<SchemeKey>>),
    Token(Matched),
}

impl Compares for SchemeSecrets {
    type Checked = Checked;

    fn check_head(
        selected: Selected<Self>,
        sent: Sent<'_>,
    ) -> Result<(Checked, Option<SignedContent>), Rejection> {
        match &selected.secrets().kept {
            Kept::Keys(keys) => {
                let keys = selected.narrowed(Arc::clone(keys));
                let (keys, signed) = SigningKeys::<SchemeKey>::check_head(keys, sent)?;
                Ok((Checked::Keys(keys), signed))
            }
            Kept::Tokens(tokens) => {
                let tokens = selected.narrowed(Arc::clone(tokens));
                let (token, _) = BearerTokens::check_head(tokens, sent)?;
                Ok((Checked::Token(token), None))
            }
        }
    }

    fn check_body(
        checked: Checked,
        signed: Option<&SignedContent>,
        body: &Bytes,
    ) -> Result<Matched, Rejection> {
        match checked {
            Checked::Keys(keys) => SigningKeys::<SchemeKey>::check_body(keys, signed, body),
            Checked::Token(matched) => Ok(matched),
        }
    }
}

/// Shows their number, never a byte of a secret.
impl fmt::Debug for SchemeSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kept {
            Kept::Keys(keys) => keys.fmt(f),
            Kept::Tokens(tokens) => tokens.fmt(f),
        }
    }
}

/// The bytes of a key.
pub(super) fn decoded(
    rules: &Rules,
    secret: &Secret,
) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
    #[cfg(feature = "ed25519")]
    if secret.is_public_key() {
        return match rules.algorithm {
            Algorithm::Ed25519 => secret.public_key_bytes(),
            _ => Err(crate::secrets::NOT_SHARED),
        };
    }
    let text = secret.expose();
    let (encoding, prefix) = match secret.is_raw() {
        true => (&KeyEncoding::Text, ""),
        false => (&rules.key.0, &*rules.key.1),
    };
    let encoded = text.strip_prefix(prefix).unwrap_or(text);
    let decoded = match encoding {
        KeyEncoding::Text => Ok(text.as_bytes().to_vec()),
        KeyEncoding::Hex => hex::decode(encoded).map_err(|_| SecretsErrorKind::WrongForm {
            expected: "a key in hex",
        }),
        KeyEncoding::Base64 => BASE64
            .decode(encoded)
            .map_err(|_| SecretsErrorKind::WrongForm {
                expected: "a key in base64",
            }),
    };
    let decoded = decoded.map(Zeroizing::new)?;
    match decoded.is_empty() {
        true => Err(SecretsErrorKind::Empty),
        false => Ok(decoded),
    }
}

/// A key of whatever algorithm a scheme has.
pub enum SchemeKey {
    Sha256(HmacSha256),
    Sha1(Hmac<Sha1>),
    Sha512(Hmac<Sha512>),
    #[cfg(feature = "ed25519")]
    Ed25519(Ed25519Key),
}

impl SchemeKey {
    fn prepare(algorithm: Algorithm, key: &[u8]) -> Result<Self, SecretsErrorKind> {
        // HMAC accepts keys of any length; the error exists only in the constructor's signature.
        let unfit = |_| SecretsErrorKind::WrongForm {
            expected: "a key for an HMAC",
        };
        Ok(match algorithm {
            Algorithm::HmacSha1 => Self::Sha1(Hmac::new_from_slice(key).map_err(unfit)?),
            Algorithm::HmacSha512 => Self::Sha512(Hmac::new_from_slice(key).map_err(unfit)?),
            #[cfg(feature = "ed25519")]
            Algorithm::Ed25519 => Self::Ed25519(Ed25519Key::prepare(key)?),
            // Neither the last two nor, without its feature, Ed25519 are built with keys.
            _ => Self::Sha256(HmacSha256::prepare(key)?),
        })
    }
}

impl Verifies for SchemeKey {
    fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        match self {
            Self::Sha256(key) => key.has_signed(parts, signatures),
            Self::Sha1(key) => is_one_of(key, parts, signatures),
            Self::Sha512(key) => is_one_of(key, parts, signatures),
            #[cfg(feature = "ed25519")]
            Self::Ed25519(key) => key.has_signed(parts, signatures),
        }
    }
}

impl SigningKey for SchemeKey {
    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        Self::prepare(Algorithm::HmacSha256, key)
    }
}

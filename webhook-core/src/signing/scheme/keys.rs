use bytes::Bytes;
use hmac::{Hmac, KeyInit};
use sha1::Sha1;
use sha2::Sha512;

use super::builder::Algorithm;
use super::reading::{Sent, SignedContent};
use crate::answer::Rejection;
use crate::secrets::{
    BearerTokens, Matched, SecretsErrorKind, Selected, SigningKey, SigningKeys, Store,
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

/// How secrets are compared for a [`Scheme`](super::Scheme): [`BearerTokens`], [`SigningKeys`] of keys that this crate has, or
/// [`SchemeSecrets`](super::SchemeSecrets). Only these implement it.
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

/// A key of whatever algorithm a scheme has.
pub enum SchemeKey {
    Sha256(HmacSha256),
    Sha1(Hmac<Sha1>),
    Sha512(Hmac<Sha512>),
    #[cfg(feature = "ed25519")]
    Ed25519(Ed25519Key),
}

impl SchemeKey {
    pub(super) fn prepare(algorithm: Algorithm, key: &[u8]) -> Result<Self, SecretsErrorKind> {
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

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use zeroize::Zeroizing;

use super::Scheme;
#[cfg(feature = "ed25519")]
use super::builder::Algorithm;
use super::builder::KeyEncoding;
use super::keys::{Compares, SchemeKey};
use super::reading::{Sent, SignedContent};
use super::rules::Rules;
use crate::answer::Rejection;
use crate::secrets::{
    BASE64, BearerTokens, Label, Matched, PlainStore, Secret, SecretsErrorKind, Selected,
    SigningKeys, Store,
};

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
            true => Kept::Tokens(Arc::new(PlainStore::new(of_tenants))),
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

//! Where the credential is, and how it is written.

use std::iter;

use http::header::AUTHORIZATION;

use super::{Names, unread};
use crate::signing::Encoding;
use crate::signing::scheme::Credential;
use crate::signing::scheme::builder::{Algorithm, SchemeBuilder};
use crate::signing::scheme::error::SchemeErrorKind;
use crate::signing::scheme::rules::{Layout, Proof};

/// What separates pairs, unless the scheme says otherwise.
pub(super) const PAIRS_END_WITH: char = ',';

pub(super) fn token(credential: &Credential, names: &mut Names) -> Result<Proof, SchemeErrorKind> {
    unread(credential.pair.is_some(), "credential.pair")?;
    unread(credential.list.is_some(), "credential.list")?;
    unread(credential.encoding.is_some(), "credential.encoding")?;
    let prefix = credential.prefix.clone().unwrap_or_default();
    match credential {
        Credential {
            header: Some(name),
            bearer: false,
            query_which_logs_show: None,
            ..
        } => Ok(Proof::Token {
            header: names.add(name)?,
            prefix: prefix.into(),
        }),
        Credential {
            header: None,
            bearer: true,
            query_which_logs_show: None,
            ..
        } => {
            unread(!prefix.is_empty(), "credential.prefix")?;
            Ok(Proof::Bearer {
                header: names.add(AUTHORIZATION.as_str())?,
            })
        }
        Credential {
            header: None,
            bearer: false,
            query_which_logs_show: Some(name),
            ..
        } => {
            unread(!prefix.is_empty(), "credential.prefix")?;
            match name.is_empty() {
                true => Err(SchemeErrorKind::CredentialPlace),
                false => Ok(Proof::Query {
                    parameter: name.as_str().into(),
                }),
            }
        }
        _ => Err(SchemeErrorKind::CredentialPlace),
    }
}

pub(super) fn signature(
    draft: &SchemeBuilder,
    algorithm: Algorithm,
    credential: &Credential,
    names: &mut Names,
) -> Result<Proof, SchemeErrorKind> {
    if credential.bearer || credential.query_which_logs_show.is_some() {
        return Err(SchemeErrorKind::SignatureNotInHeader);
    }
    let name = credential
        .header
        .as_deref()
        .ok_or(SchemeErrorKind::CredentialPlace)?;
    let encoding = credential.encoding.ok_or(SchemeErrorKind::NoEncoding)?;
    let prefix: Box<str> = credential.prefix.clone().unwrap_or_default().into();
    let layout = match (&credential.pair, credential.list) {
        (Some(name), separator) => {
            unread(!prefix.is_empty(), "credential.prefix")?;
            let separator = separator.unwrap_or(PAIRS_END_WITH);
            if !is_pair(name, separator) || separator == '=' || is_within(encoding, separator) {
                return Err(SchemeErrorKind::Separator);
            }
            Layout::Pairs {
                separator,
                name: name.as_str().into(),
            }
        }
        (None, Some(separator)) => {
            // Only what precedes the signature itself: `v1,<base64>` in a list with spaces has a comma.
            if is_within(encoding, separator) || prefix.contains(separator) {
                return Err(SchemeErrorKind::Separator);
            }
            let length = length_of(algorithm);
            let kinds = iter::once((prefix, length)).chain(
                // A sender that signs with both.
                draft
                    .or_ed25519
                    .iter()
                    .map(|prefix| (prefix.as_str().into(), length_of(Algorithm::Ed25519))),
            );
            Layout::List {
                separator,
                kinds: kinds.collect(),
            }
        }
        (None, None) => Layout::Alone { prefix },
    };
    Ok(Proof::Signature {
        header: names.add(name)?,
        layout,
        encoding,
        length: length_of(algorithm),
    })
}

/// Whether a signature in this encoding can contain the separator, which would cut it in two.
fn is_within(encoding: Encoding, separator: char) -> bool {
    let is_of_base64 =
        encoding != Encoding::Hex && matches!(separator, '+' | '/' | '=' | '-' | '_');
    separator.is_ascii_alphanumeric() || is_of_base64
}

/// Whether a list can have a pair of this name: it is compared without the spaces around it.
pub(super) fn is_pair(name: &str, separator: char) -> bool {
    !name.is_empty() && name.trim_ascii() == name && !name.contains([separator, '='])
}

/// The length of a signature, in bytes.
fn length_of(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HmacSha1 => 20,
        Algorithm::HmacSha512 | Algorithm::Ed25519 => 64,
        Algorithm::HmacSha256 | Algorithm::Token => 32,
    }
}

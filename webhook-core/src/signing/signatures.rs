use std::fmt;
use std::iter;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use serde::Deserialize;

use crate::answer::Rejection;

/// Senders that use this alphabet mostly leave the padding out.
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A decoded signature: up to 64 bytes, as many as its algorithm has.
#[derive(Clone, Copy)]
pub(super) struct Signature {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl Signature {
    const LONGEST: usize = 64;

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The signatures of a request, decoded and not yet compared: at least one. While a key is rotated, a sender signs with
/// several.
///
/// ```
/// use webhook_core::Rejection;
/// use webhook_core::signing::{Encoding, Signatures};
///
/// let hex = "ab".repeat(32);
/// assert!(Signatures::one(&hex, Encoding::Hex).is_ok());
/// assert_eq!(Signatures::one("ab", Encoding::Hex).unwrap_err(), Rejection::CredentialMalformed);
///
/// // A list of `name=value`, as sent by Stripe and others.
/// let list = format!("t=1614265330,v1={hex},v0=ignored");
/// let (time, _signatures) = Signatures::with_time(&list, "t", "v1", Encoding::Hex)?;
/// assert_eq!(time, "1614265330");
/// # Ok::<(), Rejection>(())
/// ```
#[derive(Clone)]
pub struct Signatures {
    /// The first needs no allocation: most requests have only one.
    first: Signature,
    others: Vec<Signature>,
}

/// How a signature is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Encoding {
    /// Hex in either letter case.
    Hex,
    /// Padded base64 in the standard alphabet.
    Base64,
    /// Base64 in the alphabet for URLs, with or without padding.
    Base64Url,
}

impl Signatures {
    /// The most signatures that are read from a request. More would only cost time.
    pub const MAX: usize = 16;

    /// Decodes one signature.
    ///
    /// # Errors
    ///
    /// [`Rejection::CredentialMalformed`] for anything that does not decode to 32 bytes.
    pub fn one(text: &str, encoding: Encoding) -> Result<Self, Rejection> {
        Self::all(iter::once(text), encoding)
    }

    /// Decodes the first [`MAX`](Self::MAX) of these, 32 bytes each. One that does not decode matches no key, but still
    /// counts.
    ///
    /// # Errors
    ///
    /// [`Rejection::CredentialMissing`] if there is none, [`Rejection::CredentialMalformed`] if none decodes.
    pub fn all<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        encoding: Encoding,
    ) -> Result<Self, Rejection> {
        Self::read(texts.into_iter().map(|text| (text, 32)), encoding)
    }

    /// The same, for signatures of different algorithms: each with its length in bytes.
    pub(super) fn read<'a>(
        texts: impl Iterator<Item = (&'a str, usize)>,
        encoding: Encoding,
    ) -> Result<Self, Rejection> {
        let mut texts = texts.take(Self::MAX).peekable();
        if texts.peek().is_none() {
            return Err(Rejection::CredentialMissing);
        }
        let mut decoded = texts.filter_map(|(text, length)| encoding.decode(text, length));
        Ok(Self {
            first: decoded.next().ok_or(Rejection::CredentialMalformed)?,
            others: decoded.collect(),
        })
    }

    /// Reads a list such as `t=1614265330,v1=<signature>,v1=<signature>`, in any order, and returns the time as sent,
    /// because its characters are signed, not its value. Entries with other names are skipped.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all); [`Rejection::CredentialMissing`] without a time, [`Rejection::CredentialRepeated`] with two.
    pub fn with_time<'a>(
        list: &'a str,
        time: &str,
        signature: &str,
        encoding: Encoding,
    ) -> Result<(&'a str, Self), Rejection> {
        let mut times = named(list, time);
        let sent_at = times.next().ok_or(Rejection::CredentialMissing)?;
        if times.next().is_some() {
            return Err(Rejection::CredentialRepeated);
        }
        Ok((sent_at, Self::all(named(list, signature), encoding)?))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Signature> {
        iter::once(&self.first).chain(&self.others)
    }
}

impl Encoding {
    /// Decodes a text that must encode so many bytes, at most 64.
    fn decode(self, text: &str, length: usize) -> Option<Signature> {
        let mut bytes = [0; Signature::LONGEST];
        match self {
            Self::Hex => hex::decode_to_slice(text, bytes.get_mut(..length)?).ok()?,
            Self::Base64 => of_length(&STANDARD, text, &mut bytes, length)?,
            Self::Base64Url => of_length(&URL_SAFE, text, &mut bytes, length)?,
        }
        Some(Signature { bytes, length })
    }
}

/// Decodes base64 of exactly this many bytes.
fn of_length(
    base64: &impl Engine,
    text: &str,
    bytes: &mut [u8; Signature::LONGEST],
    length: usize,
) -> Option<()> {
    // The last group may encode up to two bytes more, and the decoder needs room for all of them.
    let mut decoded = [0; Signature::LONGEST + 2];
    let decoded_length = base64.decode_slice(text, &mut decoded).ok()?;
    let decoded = decoded.get(..length).filter(|_| decoded_length == length)?;
    bytes.get_mut(..length)?.copy_from_slice(decoded);
    Some(())
}

/// The values of the entries with this name.
fn named<'a>(list: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    list.split(',')
        .filter_map(|entry| entry.split_once('='))
        .filter(move |(other, _)| other.trim_ascii() == name)
        .map(|(_, value)| value.trim_ascii())
}

/// Shows how many there are: a signature is a credential.
impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signatures")
            .field("count", &self.iter().count())
            .finish_non_exhaustive()
    }
}

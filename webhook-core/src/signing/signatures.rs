use std::fmt;
use std::iter;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answer::Rejection;

/// A SHA-256 digest or an HMAC-SHA256.
pub(super) type Signature = [u8; 32];

/// The 32-byte signatures of a request, decoded and not yet compared: at least one. While a key is rotated, a sender
/// signs with several.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// Hex in either letter case.
    Hex,
    /// Padded base64 in the standard alphabet.
    Base64,
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

    /// Decodes the first [`MAX`](Self::MAX) of these. One that does not decode matches no key, but still counts.
    ///
    /// # Errors
    ///
    /// [`Rejection::CredentialMissing`] if there is none, [`Rejection::CredentialMalformed`] if none decodes.
    pub fn all<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        encoding: Encoding,
    ) -> Result<Self, Rejection> {
        let mut texts = texts.into_iter().take(Self::MAX).peekable();
        if texts.peek().is_none() {
            return Err(Rejection::CredentialMissing);
        }
        let mut decoded = texts.filter_map(|text| encoding.decode(text));
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
    fn decode(self, text: &str) -> Option<Signature> {
        match self {
            Self::Hex => {
                let mut signature = [0; 32];
                hex::decode_to_slice(text, &mut signature).ok()?;
                Some(signature)
            }
            Self::Base64 => {
                // 44 characters encode 31 to 33 bytes, and the decoder needs room for all of them.
                let mut decoded = [0; 33];
                let length = STANDARD.decode_slice(text, &mut decoded).ok()?;
                decoded.get(..length)?.try_into().ok()
            }
        }
    }
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

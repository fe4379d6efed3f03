//! The signatures that a request carries, decoded and not yet compared.

use std::iter;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Rejection;

/// An HMAC-SHA256.
pub(crate) type Signature = [u8; 32];

/// At least one signature. The first needs no allocation: most requests have one.
pub(crate) struct Signatures {
    first: Signature,
    others: Vec<Signature>,
}

impl Signatures {
    /// How many are read. While a key is rotated a sender signs with a few; more would only cost time.
    const MAX: usize = 16;

    /// Decodes the first [`MAX`](Self::MAX) of the encoded signatures. One that does not decode matches no key, and
    /// takes its place among them all the same.
    pub(crate) fn decode<'a>(
        encoded: impl Iterator<Item = &'a str>,
        decode: fn(&str) -> Option<Signature>,
    ) -> Result<Self, Rejection> {
        let mut encoded = encoded.take(Self::MAX).peekable();
        if encoded.peek().is_none() {
            return Err(Rejection::CredentialMissing);
        }
        let mut decoded = encoded.filter_map(decode);
        Ok(Self {
            first: decoded.next().ok_or(Rejection::CredentialMalformed)?,
            others: decoded.collect(),
        })
    }

    /// Reads the list that Stripe made common: `t=1614265330,v1=<hex>,v1=<hex>`, in any order. `time` is the name of
    /// its timestamp, which is returned as sent; entries of other names are skipped.
    pub(crate) fn with_time<'a>(list: &'a str, time: &str) -> Result<(&'a str, Self), Rejection> {
        let mut times = named(list, time);
        let sent_at = times.next().ok_or(Rejection::CredentialMissing)?;
        if times.next().is_some() {
            return Err(Rejection::CredentialRepeated);
        }
        Ok((sent_at, Self::decode(named(list, "v1"), from_hex)?))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Signature> {
        iter::once(&self.first).chain(&self.others)
    }
}

/// The values of the entries with this name.
fn named<'a>(list: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    list.split(',')
        .filter_map(|entry| entry.split_once('='))
        .filter(move |(other, _)| other.trim_ascii() == name)
        .map(|(_, value)| value.trim_ascii())
}

/// Hex in either letter case.
pub(crate) fn from_hex(text: &str) -> Option<Signature> {
    let mut signature = [0; 32];
    hex::decode_to_slice(text, &mut signature).ok()?;
    Some(signature)
}

/// Base64 of the standard alphabet, padded.
pub(crate) fn from_base64(text: &str) -> Option<Signature> {
    // 44 characters stand for 31 to 33 bytes, and the decoder wants room for all of them.
    let mut decoded = [0; 33];
    let length = STANDARD.decode_slice(text, &mut decoded).ok()?;
    decoded.get(..length)?.try_into().ok()
}

//! What a checked scheme reads from a request. This is the path of every delivery.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::content::{Piece, Source};
use super::rules::{Layout, Proof, Rules, TimePlace, TimeRule, is_named};
use crate::answer::Rejection;
use crate::head::{Head, HeaderField};
use crate::signing::{Encoding, Signatures, Verifies};

/// What a head has of a scheme.
pub(crate) struct Reading<'h> {
    pub(crate) sent: Sent<'h>,
    /// The time, unless it is in the body.
    pub(crate) time: Option<Duration>,
}

impl Reading<'_> {
    /// What was signed.
    #[inline]
    pub(crate) fn signed(self) -> Result<SignedContent, Rejection> {
        match self.sent {
            Sent::Signed(signed) => Ok(signed),
            Sent::Token(_) => Err(Rejection::CredentialMissing),
        }
    }
}

/// A credential, not yet compared.
pub enum Sent<'h> {
    Signed(SignedContent),
    Token(Cow<'h, [u8]>),
}

/// Signatures, and what they are over beside the body.
pub struct SignedContent {
    pub(crate) before: Box<str>,
    after: Box<str>,
    covers_body: bool,
    signatures: Signatures,
}

impl SignedContent {
    /// Whether the key has made one of the signatures.
    #[inline]
    pub(crate) fn is_by<K: Verifies>(&self, key: &K, body: &[u8]) -> bool {
        let body: &[u8] = if self.covers_body { body } else { &[] };
        key.has_signed(
            &[self.before.as_bytes(), body, self.after.as_bytes()],
            &self.signatures,
        )
    }
}

impl Rules {
    /// Finds all headers of the scheme in one scan.
    #[inline]
    pub(crate) fn fields<'h>(&self, head: &Head<'h>) -> [HeaderField<'h>; Self::MOST_HEADERS] {
        let mut found = [HeaderField::Absent; Self::MOST_HEADERS];
        head.find(&self.names, &mut found);
        found
    }

    /// Reads the credential and the time out of the headers that were found.
    #[inline]
    pub(crate) fn read<'h>(
        &self,
        head: &Head<'h>,
        fields: &[HeaderField<'h>],
    ) -> Result<Reading<'h>, Rejection> {
        let field = |at: usize| fields.get(at).copied().unwrap_or(HeaderField::Absent);
        let (header, layout, encoding, length) = match &self.proof {
            Proof::Signature {
                header,
                layout,
                encoding,
                length,
            } => (*header, layout, *encoding, *length),
            token => {
                return Ok(Reading {
                    sent: Sent::Token(token.token(head, field)?),
                    time: self.time(field, None)?.map(|(_, time)| time),
                });
            }
        };
        let sent = field(header).text()?;
        let pair = match &self.time {
            Some(TimeRule {
                place: TimePlace::Pair(name),
                ..
            }) => Some(layout.only_value(sent, name)?),
            _ => None,
        };
        let signatures = layout.signatures(sent, encoding, length)?;
        let time = self.time(field, pair)?;
        let text = time.as_ref().map(|(text, _)| *text);
        Ok(Reading {
            sent: Sent::Signed(SignedContent {
                before: written(&self.content.before, text, field)?,
                after: written(&self.content.after, text, field)?,
                covers_body: self.content.body,
                signatures,
            }),
            time: time.map(|(_, time)| time),
        })
    }

    /// The time as it was sent and what it means, unless it is in the body.
    #[inline]
    fn time<'h>(
        &self,
        field: impl Fn(usize) -> HeaderField<'h>,
        pair: Option<&'h str>,
    ) -> Result<Option<(&'h str, Duration)>, Rejection> {
        let Some(rule) = &self.time else {
            return Ok(None);
        };
        let text = match (&rule.place, pair) {
            (TimePlace::Body(_), _) => return Ok(None),
            (TimePlace::Pair(_), pair) => pair.ok_or(Rejection::CredentialMissing)?,
            (TimePlace::Header(at), _) => match field(*at).text() {
                Ok(text) => text,
                // Nobody vouches for it, so nobody is refused for it.
                Err(_) if !self.covers_time && self.tolerance.is_none() => return Ok(None),
                Err(rejection) => return Err(rejection),
            },
        };
        // Its characters are checked where it is read.
        if rule.form.length.is_some_and(|length| length != text.len()) {
            return Err(Rejection::CredentialMalformed);
        }
        match rule.unit.read(text) {
            Ok(time) => Ok(Some((text, time))),
            Err(_) if !self.covers_time && self.tolerance.is_none() => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

impl Proof {
    fn token<'h>(
        &self,
        head: &Head<'h>,
        field: impl Fn(usize) -> HeaderField<'h>,
    ) -> Result<Cow<'h, [u8]>, Rejection> {
        match self {
            Self::Token { header, prefix } => match field(*header) {
                HeaderField::Repeated => Err(Rejection::CredentialRepeated),
                HeaderField::Absent => Err(Rejection::CredentialMissing),
                HeaderField::Once(value) => value
                    .strip_prefix(prefix.as_bytes())
                    .map(Cow::Borrowed)
                    .ok_or(Rejection::CredentialMalformed),
            },
            Self::Bearer { header } => {
                let (scheme, token) = field(*header)
                    .text()?
                    .split_once(' ')
                    .ok_or(Rejection::CredentialMalformed)?;
                match scheme.eq_ignore_ascii_case("bearer") {
                    true => Ok(Cow::Borrowed(token.trim_ascii_start().as_bytes())),
                    false => Err(Rejection::CredentialMalformed),
                }
            }
            Self::Query { parameter } => {
                let query = head.query().unwrap_or_default().split('&');
                let mut values = query
                    .filter(|pair| is_named(pair, parameter))
                    .map(|pair| pair.split_once('=').unwrap_or_default().1);
                let value = values.next().ok_or(Rejection::CredentialMissing)?;
                match values.next() {
                    Some(_) => Err(Rejection::CredentialRepeated),
                    None => Ok(percent_decode_str(value).into()),
                }
            }
            Self::Signature { .. } => Err(Rejection::CredentialMissing),
        }
    }
}

impl Layout {
    #[inline]
    fn signatures(
        &self,
        sent: &str,
        encoding: Encoding,
        length: usize,
    ) -> Result<Signatures, Rejection> {
        match self {
            Self::Alone { prefix } => {
                let text = sent
                    .strip_prefix(&**prefix)
                    .ok_or(Rejection::CredentialMalformed)?;
                Signatures::read(std::iter::once((text, length)), encoding)
            }
            Self::Pairs { separator, name } => {
                let texts = pairs(sent, *separator, name).map(|text| (text, length));
                Signatures::read(texts, encoding)
            }
            Self::List { separator, kinds } => {
                let texts = sent.split(*separator).filter_map(|entry| {
                    let entry = entry.trim_ascii();
                    let mut kinds = kinds.iter();
                    kinds.find_map(|(prefix, length)| {
                        let text = entry.strip_prefix(&**prefix)?;
                        Some((text, *length))
                    })
                });
                Signatures::read(texts, encoding)
            }
        }
    }

    /// The value of the pair with this name, which occurs once.
    #[inline]
    fn only_value<'h>(&self, sent: &'h str, name: &str) -> Result<&'h str, Rejection> {
        let Self::Pairs { separator, .. } = self else {
            return Err(Rejection::CredentialMissing);
        };
        let mut values = pairs(sent, *separator, name);
        let value = values.next().ok_or(Rejection::CredentialMissing)?;
        match values.next() {
            Some(_) => Err(Rejection::CredentialRepeated),
            None => Ok(value),
        }
    }
}

/// The values of the pairs with this name.
fn pairs<'a>(list: &'a str, separator: char, name: &str) -> impl Iterator<Item = &'a str> {
    list.split(separator)
        .filter_map(|entry| entry.split_once('='))
        .filter(move |(other, _)| other.trim_ascii() == name)
        .map(|(_, value)| value.trim_ascii())
}

/// Writes the pieces of the signed content on one side of the body.
#[inline]
fn written<'h>(
    pieces: &[Piece],
    time: Option<&'h str>,
    field: impl Fn(usize) -> HeaderField<'h>,
) -> Result<Box<str>, Rejection> {
    if pieces.is_empty() {
        return Ok(Box::default());
    }
    let value = |source: &Source| match source {
        Source::Time => time.ok_or(Rejection::CredentialMissing),
        Source::Header(at) => field(*at).text(),
    };
    let mut length = 0;
    for piece in pieces {
        length += match piece {
            Piece::Literal(text) => text.len(),
            Piece::Value {
                source,
                form,
                ends_before,
            } => {
                let value = value(source)?;
                if *source != Source::Time {
                    form.check(value, *ends_before)?;
                }
                value.len()
            }
        };
    }
    let mut content = String::with_capacity(length);
    for piece in pieces {
        content.push_str(match piece {
            Piece::Literal(text) => text,
            Piece::Value { source, .. } => value(source)?,
        });
    }
    Ok(content.into_boxed_str())
}

//! Bodies of type `application/x-www-form-urlencoded`.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::percent_decode;
use serde::Serializer as _;

use crate::answer::{BodyError, BodyErrorKind};
use crate::head::HeaderField;

/// The most fields that a form may have.
const MAX_FIELDS: usize = 100;

/// The decoded fields of a form in order, each name once. A value may be any bytes until it is read as text.
pub(crate) struct Form<'a>(Vec<(Cow<'a, str>, Cow<'a, [u8]>)>);

impl<'a> Form<'a> {
    /// Whether this `Content-Type` declares a form.
    pub(crate) fn is_announced(content_type: HeaderField<'_>) -> bool {
        const FORM: &[u8] = b"application/x-www-form-urlencoded";

        match content_type {
            HeaderField::Once(value) if value.len() >= FORM.len() => value
                .split(|byte| *byte == b';')
                .next()
                .is_some_and(|essence| essence.trim_ascii().eq_ignore_ascii_case(FORM)),
            _ => false,
        }
    }

    pub(crate) fn read(body: &'a [u8]) -> Result<Self, BodyError> {
        let mut fields = Vec::<(Cow<'_, str>, Cow<'_, [u8]>)>::new();
        for field in body.split(|byte| *byte == b'&') {
            if field.is_empty() {
                continue;
            }
            if fields.len() == MAX_FIELDS {
                return Err(BodyErrorKind::TooManyFormFields.into());
            }
            let equals = field.iter().position(|byte| *byte == b'=');
            let (name, value) = match equals.and_then(|at| field.split_at_checked(at)) {
                Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
                None => (field, &[][..]),
            };
            let (name, value) = (text(decoded(name)?)?, decoded(value)?);
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(BodyErrorKind::RepeatedFormName.into());
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// The value of a field, if the form has it.
    pub(crate) fn into_value(self, name: &str) -> Option<Vec<u8>> {
        self.0
            .into_iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A JSON object of the fields in order, whose values are text.
    pub(crate) fn into_json(self) -> Result<Bytes, BodyError> {
        let fields = self
            .0
            .into_iter()
            .map(|(name, value)| Ok((name, text(value)?)))
            .collect::<Result<Vec<_>, BodyError>>()?;
        let mut json = Vec::with_capacity(256);
        serde_json::Serializer::new(&mut json)
            .collect_map(fields)
            .map_err(|_| BodyErrorKind::InvalidForm)?;
        Ok(json.into())
    }

    /// Whether the form has a field.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }
}

/// Decodes a name or a value. Most crates pass on broken escapes unchanged; this refuses them, so that two receivers
/// cannot read the same form differently.
fn decoded(encoded: &[u8]) -> Result<Cow<'_, [u8]>, BodyError> {
    let mut escapes = encoded.split(|byte| *byte == b'%');
    escapes.next();
    for rest in escapes {
        if !matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()) {
            return Err(BodyErrorKind::InvalidForm.into());
        }
    }
    if !encoded.contains(&b'+') {
        return Ok(percent_decode(encoded).into());
    }
    let spaced: Vec<u8> = encoded
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    Ok(percent_decode(&spaced).collect::<Vec<u8>>().into())
}

fn text(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, BodyError> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
    .ok_or(BodyErrorKind::InvalidForm.into())
}

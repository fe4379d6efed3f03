//! Bodies of type `application/x-www-form-urlencoded`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::{BodyError, BodyErrorKind, HeaderField};

/// How many fields a form may have.
const MAX_FIELDS: usize = 100;

/// The fields of a form, decoded, in order, each name once.
pub(crate) struct Form<'a>(Vec<Field<'a>>);

type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

impl<'a> Form<'a> {
    /// Whether this `Content-Type` announces a form.
    pub(crate) fn is_announced(content_type: HeaderField<'_>) -> bool {
        let HeaderField::Once(value) = content_type else {
            return false;
        };
        value
            .split(|byte| *byte == b';')
            .next()
            .is_some_and(|essence| {
                essence
                    .trim_ascii()
                    .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
            })
    }

    pub(crate) fn read(text: &'a str) -> Result<Self, BodyError> {
        let mut fields = Vec::<Field<'_>>::new();
        for field in text.split('&').filter(|field| !field.is_empty()) {
            if fields.len() == MAX_FIELDS {
                return Err(BodyErrorKind::TooManyFormFields.into());
            }
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let (name, value) = (form_text(name)?, form_text(value)?);
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(BodyErrorKind::RepeatedFormName.into());
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| &**value)
    }

    /// Names and values in order.
    pub(crate) fn into_fields(self) -> Vec<Field<'a>> {
        self.0
    }
}

/// Decodes a name or a value. The crates of the field pass broken escapes on as they are; here they are refused, so
/// that two receivers cannot read the same form differently.
fn form_text(text: &str) -> Result<Cow<'_, str>, BodyError> {
    let mut escapes = text.split('%');
    escapes.next();
    for rest in escapes {
        if !matches!(rest.as_bytes(), [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
        {
            return Err(BodyErrorKind::InvalidForm.into());
        }
    }
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced)
            .decode_utf8()
            .map_err(|_| BodyErrorKind::InvalidForm)?;
        return Ok(Cow::Owned(decoded.into_owned()));
    }
    percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| BodyErrorKind::InvalidForm.into())
}

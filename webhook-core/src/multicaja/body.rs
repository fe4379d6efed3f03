//! The two encodings of a body, and the JSON that acknowledges it.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::Serializer as _;

use crate::json;
use crate::{BodyError, BodyErrorKind, Head, HeaderField};

/// How many fields a form may have.
const MAX_FIELDS: usize = 100;

/// A body by its encoding.
pub(super) enum Encoded<'a> {
    Json(&'a str),
    Form(Form<'a>),
}

/// The fields of a form, decoded, in order, each name once.
pub(super) type Form<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Whether the `Content-Type` announces a form.
pub(super) fn announces_form(head: &Head<'_>) -> bool {
    let HeaderField::Once(value) = head.header("content-type") else {
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

impl<'a> Encoded<'a> {
    /// A body that begins with `{` is JSON whatever the `Content-Type` says: the sender has been seen to announce a
    /// form and send JSON. Otherwise it must be announced as a form.
    pub(super) fn read(body: &'a [u8], is_form: bool) -> Result<Self, BodyError> {
        let body = json::without_bom(body);
        let is_json = json::first_byte(body) == Some(b'{');
        if !is_json && !is_form {
            return Err(BodyErrorKind::UnsupportedMediaType.into());
        }
        let text = std::str::from_utf8(body).map_err(|_| BodyErrorKind::NotUtf8)?;
        if is_json {
            Ok(Self::Json(text))
        } else {
            form(text).map(Self::Form)
        }
    }
}

fn form(text: &str) -> Result<Form<'_>, BodyError> {
    let mut fields = Form::new();
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
    Ok(fields)
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

/// The body as the JSON that Klap expects back: JSON as received, a form as the object of its fields.
///
/// The body was accepted before; one that was not is answered with an empty object.
pub(super) fn as_json(body: &Bytes) -> Bytes {
    match Encoded::read(body, true) {
        Ok(Encoded::Form(fields)) => {
            let mut json = Vec::with_capacity(body.len() + 32);
            let mut serializer = serde_json::Serializer::new(&mut json);
            match serializer.collect_map(fields) {
                Ok(()) => json.into(),
                Err(_) => Bytes::from_static(b"{}"),
            }
        }
        Ok(Encoded::Json(_)) => body.clone(),
        Err(_) => Bytes::from_static(b"{}"),
    }
}

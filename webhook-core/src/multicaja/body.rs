//! The two encodings of a body, and the JSON that acknowledges it.

use bytes::Bytes;
use serde::Serializer as _;

use crate::form::Form;
use crate::json;
use crate::{BodyError, BodyErrorKind};

/// A body by its encoding.
pub(super) enum Encoded<'a> {
    Json(&'a str),
    Form(Form<'a>),
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
            Form::read(text).map(Self::Form)
        }
    }
}

/// The body as the JSON that Klap expects back: JSON as received, a form as the object of its fields.
///
/// The body was accepted before; one that was not is answered with an empty object.
pub(super) fn as_json(body: &Bytes) -> Bytes {
    match Encoded::read(body, true) {
        Ok(Encoded::Form(fields)) => {
            let mut json = Vec::with_capacity(body.len() + 32);
            let mut serializer = serde_json::Serializer::new(&mut json);
            match serializer.collect_map(fields.into_fields()) {
                Ok(()) => json.into(),
                Err(_) => Bytes::from_static(b"{}"),
            }
        }
        Ok(Encoded::Json(_)) => body.clone(),
        Err(_) => Bytes::from_static(b"{}"),
    }
}

//! The two encodings of a body.

use std::borrow::Cow;

use bytes::Bytes;

use crate::answer::{BodyError, BodyErrorKind};
use crate::parse::form::Form;
use crate::parse::json;
use crate::parse::repair::without_bom;

/// A body as the JSON that Klap expects back: JSON as received, a form as the object of its fields.
///
/// A body that begins with `{` is JSON whatever the `Content-Type` says, so that no order is lost to a wrong one.
/// Otherwise it must be declared as a form.
pub(super) fn as_json(body: &Bytes, is_form: bool) -> Result<Cow<'_, Bytes>, BodyError> {
    let text = without_bom(body);
    if json::first_byte(text) == Some(b'{') {
        return Ok(Cow::Borrowed(body));
    }
    if !is_form {
        return Err(BodyErrorKind::UnsupportedMediaType.into());
    }
    Form::read(text)?.into_json().map(Cow::Owned)
}

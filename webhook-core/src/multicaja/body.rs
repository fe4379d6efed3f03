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
    /// A body that begins with `{` is JSON whatever the `Content-Type` says, so that no order is lost to a wrong one.
    /// Otherwise it must be announced as a form.
    pub(super) fn read(body: &'a [u8], is_form: bool) -> Result<Self, BodyError> {
        let body = json::without_bom(body);
        let is_json = is_json(body);
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

/// The body of an accepted order as the JSON that Klap expects back: JSON as received, a form as the object of its
/// fields.
pub(super) fn as_json(body: &Bytes) -> Bytes {
    // Decided by the first byte, as when it was read: the text is not checked a second time.
    if is_json(json::without_bom(body)) {
        return body.clone();
    }
    let mut json = Vec::with_capacity(body.len() + 32);
    if let Ok(Encoded::Form(fields)) = Encoded::read(body, true)
        && serde_json::Serializer::new(&mut json)
            .collect_map(fields.into_fields())
            .is_ok()
    {
        return json.into();
    }
    // No accepted body comes here; Klap takes any JSON for received.
    Bytes::from_static(b"{}")
}

fn is_json(body: &[u8]) -> bool {
    json::first_byte(body) == Some(b'{')
}

use serde::de::DeserializeOwned;

use super::json_path;
use super::reserved::has_reserved_key;
use crate::answer::{BodyError, BodyErrorKind};

/// What the JSON of a delivery can decode to: any type of your own that derives `Deserialize` and `Clone`.
///
/// It is implemented for all such types; there is nothing to implement. [`Value`](crate::Value) takes any JSON.
///
/// A body that does not fit the type is answered as unacceptable, however authentic it is, and most senders repeat it:
/// describe the fields that you use, with `Option` for those that may be absent, and let the rest be ignored.
pub trait Payload: DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: DeserializeOwned + Clone + Send + Sync + 'static> Payload for T {}

/// Decodes the JSON of an authentic delivery to a type of the app. Every [`Provider`](crate::Provider) that leaves the
/// type to the app decodes with this.
///
/// ```
/// use webhook_core::provider::decode_json;
/// use webhook_core::{BodyErrorKind, Value};
///
/// assert_eq!(decode_json::<Vec<u8>>(b"[1, 2]"), Ok(vec![1, 2]));
///
/// let error = decode_json::<Vec<u8>>(b"[1, 256]").unwrap_err();
/// assert_eq!(error.to_string(), "the body does not fit the expected type, at line 1 column 7, in [1]");
///
/// // To serde_json this key is not a key.
/// let error = decode_json::<Value>(br#"{"$serde_json::private::RawValue":"[]"}"#).unwrap_err();
/// assert_eq!(error.kind, BodyErrorKind::ReservedKey);
/// ```
///
/// # Errors
///
/// Text that is not JSON in UTF-8 or does not fit the type, with line, column, and the path in the type;
/// [`BodyErrorKind::ReservedKey`].
pub fn decode_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, BodyError> {
    without_reserved_keys(json).and_then(decode)
}

/// Refuses keys that serde_json would not read as keys.
pub(crate) fn without_reserved_keys(json: &[u8]) -> Result<&[u8], BodyError> {
    if has_reserved_key(json) {
        return Err(BodyErrorKind::ReservedKey.into());
    }
    Ok(json)
}

/// The same for JSON that was searched for reserved keys already.
pub(crate) fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, BodyError> {
    let decoded = match std::str::from_utf8(json) {
        // Checked once: of a body in bytes serde_json checks each string by itself.
        Ok(text) => serde_json::from_str(text),
        // It may still be acceptable: what the type ignores is not looked at.
        Err(_) => serde_json::from_slice(json),
    };
    decoded.map_err(|error| BodyError {
        path: json_path::of_error::<T>(json),
        ..BodyError::from_json(&error)
    })
}

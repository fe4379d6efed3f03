use serde::de::DeserializeOwned;

use super::json_path;
use super::reserved::has_reserved_key;
use crate::answer::{BodyError, BodyErrorKind};

/// A type that the JSON of a delivery can decode to: any that derives `Deserialize` and `Clone`.
///
/// It is implemented for all such types. [`Value`](crate::Value) accepts any JSON.
///
/// A body that does not fit the type is refused even if it is authentic, and most senders repeat it: declare the
/// fields that you use, with `Option` for those that may be missing, and let serde ignore the rest.
pub trait Payload: DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: DeserializeOwned + Clone + Send + Sync + 'static> Payload for T {}

/// Decodes the JSON of an authentic delivery to the app's type. Every [`Provider`](crate::Provider) that leaves the
/// type to the app uses this.
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
/// // serde_json gives this key a special meaning.
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

/// Like [`decode_json`], for JSON that was already searched for reserved keys.
pub(crate) fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, BodyError> {
    let decoded = match std::str::from_utf8(json) {
        // Check UTF-8 once: given bytes, serde_json checks each string separately.
        Ok(text) => serde_json::from_str(text),
        // It may still be acceptable: what the type ignores is not checked.
        Err(_) => serde_json::from_slice(json),
    };
    decoded.map_err(|error| BodyError {
        path: json_path::of_error::<T>(json),
        ..BodyError::from_json(&error)
    })
}

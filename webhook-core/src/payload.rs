use serde::de::DeserializeOwned;

use crate::BodyError;

/// What the JSON of a delivery can decode to: any type of your own that derives `Deserialize` and `Clone`.
///
/// It is implemented for all such types; there is nothing to implement. [`Value`](crate::Value) takes any JSON.
///
/// A body that does not fit the type is answered as unacceptable, however authentic it is, and most senders repeat it:
/// describe the fields that you use, with `Option` for those that may be absent, and let the rest be ignored.
pub trait Payload: DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: DeserializeOwned + Clone + Send + Sync + 'static> Payload for T {}

/// Decodes the JSON of an authentic delivery.
pub(crate) fn decode<T: Payload>(json: &[u8]) -> Result<T, BodyError> {
    let decoded = match std::str::from_utf8(json) {
        // Checked once: of a body in bytes serde_json checks each string by itself.
        Ok(text) => serde_json::from_str(text),
        // It may still be acceptable: what the type ignores is not looked at.
        Err(_) => serde_json::from_slice(json),
    };
    decoded.map_err(|error| BodyError::from_json(&error))
}

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
    serde_json::from_slice(json).map_err(|error| BodyError::from_json(&error))
}

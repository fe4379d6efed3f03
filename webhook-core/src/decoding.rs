//! The one place where the body of an authentic delivery is decoded, for every sender.

use std::borrow::Cow;

use bytes::Bytes;

use crate::repair::repaired;
use crate::{BodyError, Provider};

/// The event, and the JSON that it was decoded from: of a damaged body the repaired text.
pub(crate) fn decode<'a, P: Provider>(
    provider: &P,
    facts: &mut P::Facts,
    body: &'a Bytes,
) -> Result<(P::Event, Cow<'a, Bytes>), BodyError> {
    let json = provider.json(facts, body)?;
    let decoded = provider.decode(facts, &json);
    let (event, repaired) = or_repaired(decoded, &json, |json| provider.decode(facts, json))?;
    Ok((event, repaired.map_or(json, Cow::Owned)))
}

/// Decodes once more where the JSON did not decode as it was received: refusing an authentic delivery for a detail of
/// its text would lose it. What decodes at once is not looked at again. Beside what was decoded, the repaired JSON if it
/// was decoded from that.
pub(crate) fn or_repaired<T>(
    decoded: Result<T, BodyError>,
    json: &[u8],
    decode: impl FnOnce(&Bytes) -> Result<T, BodyError>,
) -> Result<(T, Option<Bytes>), BodyError> {
    match decoded {
        Ok(decoded) => Ok((decoded, None)),
        Err(error) => again(error, json, decode),
    }
}

#[cold]
fn again<T>(
    error: BodyError,
    json: &[u8],
    decode: impl FnOnce(&Bytes) -> Result<T, BodyError>,
) -> Result<(T, Option<Bytes>), BodyError> {
    let json = repaired(json).ok_or(error)?;
    decode(&json).map(|decoded| (decoded, Some(json)))
}

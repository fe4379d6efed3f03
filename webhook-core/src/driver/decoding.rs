//! The one place where the body of an authentic delivery is decoded, for every sender.

use std::borrow::Cow;

use bytes::Bytes;

use crate::answer::BodyError;
use crate::parse::repair::or_repaired;
use crate::provider::{Decoded, Provider};

/// What the body decodes to, and the JSON that it was decoded from: of a damaged body the repaired text.
pub(super) fn decode<'a, P: Provider>(
    provider: &P,
    facts: &mut P::Facts,
    body: &'a Bytes,
) -> Result<(Decoded<P::Event>, Cow<'a, Bytes>), BodyError> {
    let json = provider.json(facts, body)?;
    let decoded = provider.decode(facts, &json);
    let (decoded, repaired) = or_repaired(decoded, &json, |json| provider.decode(facts, json))?;
    Ok((decoded, repaired.map_or(json, Cow::Owned)))
}

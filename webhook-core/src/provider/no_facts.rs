use serde::{Deserialize, Serialize};

/// The [`Facts`](super::Provider::Facts) of a sender whose events are all in the body: an empty JSON object, so that fields
/// can be added later and what was stored before still decodes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct NoFacts {}

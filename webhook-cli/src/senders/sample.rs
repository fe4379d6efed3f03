use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::Error;

/// A delivery as a sender sends it, with places for what is unique: see the files in `samples`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sample {
    /// Its name on the command line: what the sender calls the event, where that is a word.
    pub(crate) name: String,
    /// What it says, for a list.
    pub(crate) about: String,
    /// Headers beside the credential.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    event: Vec<Sample>,
}

impl Sample {
    /// A delivery of a sender of which nothing else is known.
    pub(crate) fn any() -> Self {
        Self {
            name: "test".to_owned(),
            about: "any JSON".to_owned(),
            headers: BTreeMap::new(),
            body: r#"{"id":"{{id}}","type":"test","created":{{created_s}}}"#.to_owned(),
        }
    }

    /// Reads a file with samples.
    pub(crate) fn read(text: &str) -> Result<Vec<Self>, Error> {
        let file: File = toml::from_str(text)
            .map_err(|error| Error::failed(format!("a file with samples is wrong: {error}")))?;
        Ok(file.event)
    }
}

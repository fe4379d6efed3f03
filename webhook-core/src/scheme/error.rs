use std::fmt;

use super::TopicError;
use crate::secrets::SecretsError;

/// Why [`SchemeProvider::new`](super::SchemeProvider::new) fails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemeProviderError {
    /// A secret is refused, or there is none.
    Secrets(SecretsError),
    /// The topic chooses the type, and the scheme does not prove its topic.
    Topic(TopicError),
}

impl fmt::Display for SchemeProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secrets(error) => error.fmt(f),
            Self::Topic(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SchemeProviderError {}

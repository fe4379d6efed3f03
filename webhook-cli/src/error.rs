use std::fmt;

/// Why a command could not do what it was asked to: what is wrong, then what to do. What a receiver answered is no error.
#[derive(Debug)]
pub(crate) struct Error(String);

impl Error {
    /// A mistake of the user.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Something that went wrong.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

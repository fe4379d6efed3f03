use std::fmt;
use std::io;

/// Why a receiver does not start. The message names the variable and the fix.
pub enum StartError {
    /// An environment variable.
    Setting(String),
    /// The system.
    Io(io::Error),
}

impl StartError {
    pub(crate) fn setting(variable: &str, mistake: impl fmt::Display) -> Self {
        Self::Setting(format!("{variable} {mistake}"))
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(message) => f.write_str(message),
            Self::Io(error) => error.fmt(f),
        }
    }
}

/// Shows the message: the runtime prints `Debug` when `main` returns an error.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {}

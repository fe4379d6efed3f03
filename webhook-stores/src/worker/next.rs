use std::error::Error;
use std::fmt;
use std::time::Duration;

/// When a delivery whose handler failed is handled again, if not by the worker's own pauses.
///
/// A tower service or axum handler puts it into the extensions of its response, where it counts unless the response says that
/// the delivery was received: in axum `(StatusCode::UNPROCESSABLE_ENTITY, Extension(Retry::Never))`. A function returns it in
/// its [`HandlerError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never: the delivery is dead until someone acts.
    Never,
    /// After this time. The attempt counts.
    After(Duration),
}

/// Why a function could not handle a delivery. Any error becomes one with `?`.
///
/// ```
/// use std::time::Duration;
/// use webhook_stores::{HandlerError, Retry};
///
/// fn find(reference: &str) -> Result<u64, HandlerError> {
///     let number = reference.parse()?;
///     match number {
///         0 => Err(HandlerError::new("there is no invoice 0").retry(Retry::Never)),
///         _ => Ok(number),
///     }
/// }
///
/// assert!(find("x").unwrap_err().to_string().contains("invalid digit"));
/// ```
///
/// The text is stored beside the delivery, for the operator.
pub struct HandlerError {
    cause: Box<dyn Error + Send + Sync>,
    retry: Option<Retry>,
}

impl HandlerError {
    /// An error with this text, or for this cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        Self { cause, retry: None }
    }

    /// Says when the delivery is handled again.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    pub(super) fn when(&self) -> Option<Retry> {
        self.retry
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

/// The cause, and what caused that.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)?;
        let mut cause = self.cause.source();
        while let Some(deeper) = cause {
            write!(f, ": {deeper}")?;
            cause = deeper.source();
        }
        Ok(())
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerError")
            .field("cause", &self.cause)
            .field("retry", &self.retry)
            .finish()
    }
}

/// Which attempt to handle a delivery this is: in the extensions of the request that a worker calls a service with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt(pub(super) u32);

impl Attempt {
    /// The number, from 1. An attempt whose process died counts.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// What an attempt came to.
#[derive(Debug)]
pub(super) enum Verdict {
    Done,
    Failed {
        why: String,
        retry: Option<Retry>,
    },
    /// The app lacks something that the handler needs.
    Misconfigured(String),
}

use std::error::Error;
use std::fmt;

/// A store that could not do what it was asked for.
///
/// ```
/// use webhook_core::guarantee::StoreError;
///
/// let error = StoreError::new("store a delivery", "the disk is full");
/// assert_eq!(error.to_string(), "cannot store a delivery: the disk is full");
/// ```
#[derive(Debug)]
pub struct StoreError {
    tried: &'static str,
    cause: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// What the store tried, as in "cannot …", and why that failed. Neither may contain anything of a delivery's body.
    pub fn new(tried: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        Self { tried, cause }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.tried, self.cause)?;
        let mut cause = self.cause.source();
        while let Some(deeper) = cause {
            write!(f, ": {deeper}")?;
            cause = deeper.source();
        }
        Ok(())
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

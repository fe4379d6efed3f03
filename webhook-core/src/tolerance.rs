use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Provider, Rejection};

/// How far a signed timestamp may lie from now, in either direction: 300 seconds unless set.
///
/// It bounds how long a captured request can be replayed; what it lets through can still be replayed within it.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use webhook_core::{Rejection, Tolerance};
///
/// let mut tolerance = Tolerance::default();
/// tolerance.set_clock(|| UNIX_EPOCH + Duration::from_secs(1_614_265_330));
///
/// assert_eq!(tolerance.check(Duration::from_secs(1_614_265_030)), Ok(()));
/// assert_eq!(
///     tolerance.check(Duration::from_secs(1_614_265_029)),
///     Err(Rejection::TimestampOutsideTolerance),
/// );
/// ```
#[derive(Clone)]
pub struct Tolerance {
    within: Duration,
    clock: Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>,
}

impl Tolerance {
    /// What the specification of Standard Webhooks and the libraries of Stripe take: 300 seconds.
    pub const DEFAULT: Duration = Duration::from_secs(300);

    /// Every timestamp passes until [`set`](Self::set) says otherwise, for a sender that repeats deliveries without
    /// signing them anew.
    pub fn unlimited() -> Self {
        Self {
            within: Duration::MAX,
            clock: None,
        }
    }

    /// Sets how far a timestamp may lie from now. [`Duration::MAX`] lets every one pass.
    pub fn set(&mut self, within: Duration) {
        self.within = within;
    }

    /// Replaces the system's clock, for tests.
    pub fn set_clock(&mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) {
        self.clock = Some(Arc::new(now));
    }

    /// Checks a timestamp, given as the time since 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    ///
    /// [`Rejection::TimestampOutsideTolerance`].
    pub fn check(&self, unix_time: Duration) -> Result<(), Rejection> {
        let now = self
            .clock
            .as_ref()
            .map_or_else(SystemTime::now, |now| now());
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        if now.abs_diff(unix_time) > self.within {
            return Err(Rejection::TimestampOutsideTolerance);
        }
        Ok(())
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            within: Self::DEFAULT,
            clock: None,
        }
    }
}

impl fmt::Debug for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tolerance")
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

/// A sender that signs the time of each delivery.
pub trait Timestamped: Provider + Clone {
    /// How far that time may lie from now.
    fn tolerance_mut(&mut self) -> &mut Tolerance;
}

/// Reads a timestamp: ASCII digits and nothing else.
pub(crate) fn unix_time(text: &str) -> Result<u64, Rejection> {
    // `parse` would take a sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rejection::CredentialMalformed);
    }
    text.parse().map_err(|_| Rejection::CredentialMalformed)
}

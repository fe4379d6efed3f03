use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::answer::Rejection;

/// Five minutes, as in the Standard Webhooks specification and in Stripe's libraries.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// What signed times are compared with: the system's clock, unless a test sets one.
///
/// A tolerance bounds how long a captured request can be replayed; within it, it still can.
#[derive(Clone, Default)]
pub(crate) struct Clock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    pub(crate) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    /// Checks a signed time, given as the time since 1970-01-01 00:00 UTC. No tolerance accepts any time; if there is one,
    /// a missing time is refused.
    pub(crate) fn check(
        &self,
        tolerance: Option<Duration>,
        unix_time: Option<Duration>,
    ) -> Result<(), Rejection> {
        let Some(within) = tolerance else {
            return Ok(());
        };
        let now = self.0.as_ref().map_or_else(SystemTime::now, |now| now());
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        match unix_time {
            Some(time) if now.abs_diff(time) <= within => Ok(()),
            _ => Err(Rejection::TimestampOutsideTolerance),
        }
    }
}

/// Parses a time in seconds (or milliseconds, depending on the sender) since 1970: ASCII digits and nothing else.
///
/// # Errors
///
/// [`Rejection::CredentialMalformed`].
pub fn unix_time(text: &str) -> Result<u64, Rejection> {
    // `parse` would accept a sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rejection::CredentialMalformed);
    }
    text.parse().map_err(|_| Rejection::CredentialMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tolerance_is_exact_both_ways_and_a_missing_time_is_refused() {
        let clock = Clock::new(|| UNIX_EPOCH + Duration::from_secs(1_614_265_330));
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (within, time, passes) in [
            (Some(300), seconds(1_614_265_030), true),
            (Some(300), seconds(1_614_265_029), false),
            (Some(300), seconds(1_614_265_630), true),
            (Some(300), seconds(1_614_265_631), false),
            (Some(300), None, false),
            (Some(0), seconds(1_614_265_330), true),
            (Some(u64::MAX), seconds(u64::MAX), true),
            (None, seconds(0), true),
            (None, None, true),
        ] {
            let checked = clock.check(within.map(Duration::from_secs), time);
            assert_eq!(checked.is_ok(), passes, "{within:?} {time:?}");
        }
    }
}

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::answer::Rejection;

/// Five minutes, as in the Standard Webhooks specification and in Stripe's libraries.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// How far a signed timestamp may be from now, in either direction.
///
/// It limits how long a captured request can be replayed; until then, replays pass.
#[derive(Clone)]
pub(crate) struct Tolerance {
    /// `None` accepts any time.
    pub(crate) within: Option<Duration>,
    pub(crate) clock: Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>,
}

impl Tolerance {
    /// Checks a timestamp, given as the time since 1970-01-01 00:00 UTC. If there is a tolerance, a missing time is refused.
    pub(crate) fn check(&self, unix_time: Option<Duration>) -> Result<(), Rejection> {
        let Some(within) = self.within else {
            return Ok(());
        };
        let now = self
            .clock
            .as_ref()
            .map_or_else(SystemTime::now, |now| now());
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        match unix_time {
            Some(time) if now.abs_diff(time) <= within => Ok(()),
            _ => Err(Rejection::TimestampOutsideTolerance),
        }
    }
}

impl fmt::Debug for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.within, f)
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
        let tolerance = |within: Option<u64>| Tolerance {
            within: within.map(Duration::from_secs),
            clock: Some(Arc::new(|| UNIX_EPOCH + Duration::from_secs(1_614_265_330))),
        };
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
            let checked = tolerance(within).check(time);
            assert_eq!(checked.is_ok(), passes, "{within:?} {time:?}");
        }
    }
}

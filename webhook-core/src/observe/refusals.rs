use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::answer::Rejection;

/// The refusals of one layer and its clones that an operator has to know about: a server with a wrong secret must not look
/// like one that nobody calls, and strangers must not fill the log.
#[derive(Default)]
pub(super) struct Window {
    warned_at: Option<Instant>,
    counts: Vec<Refusal>,
}

struct Refusal {
    rejection: Rejection,
    remedy: &'static str,
    count: u64,
}

/// What is due to be said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Summary {
    /// How many there were since this was said last, the one at hand among them.
    pub(super) count: u64,
    /// The most frequent of their reasons.
    pub(super) most: Rejection,
    /// What can be done about that.
    pub(super) remedy: &'static str,
}

impl Window {
    /// How long nothing more is said.
    const QUIET: Duration = Duration::from_secs(60);

    /// Counts one more. The first after a quiet minute is said at once.
    fn count(
        &mut self,
        now: Instant,
        rejection: &Rejection,
        remedy: &'static str,
    ) -> Option<Summary> {
        let known = self.counts.iter_mut().find(|it| it.rejection == *rejection);
        match known {
            Some(refusal) => refusal.count += 1,
            None => self.counts.push(Refusal {
                rejection: rejection.clone(),
                remedy,
                count: 1,
            }),
        }
        let is_quiet = self
            .warned_at
            .is_some_and(|warned| now.saturating_duration_since(warned) < Self::QUIET);
        if is_quiet {
            return None;
        }
        self.warned_at = Some(now);
        let count = self.counts.iter().map(|refusal| refusal.count).sum();
        let most = self.counts.drain(..).max_by_key(|refusal| refusal.count)?;
        Some(Summary {
            count,
            most: most.rejection,
            remedy: most.remedy,
        })
    }
}

/// One window for each warning, so that none hides the other.
#[derive(Default)]
pub(super) struct Refusals {
    credentials: Mutex<Window>,
    unverifiable: Mutex<Window>,
}

impl Refusals {
    #[cold]
    pub(super) fn count(
        &self,
        now: Instant,
        rejection: &Rejection,
        remedy: &'static str,
    ) -> Option<Summary> {
        let window = match rejection {
            Rejection::Unverifiable => &self.unverifiable,
            _ => &self.credentials,
        };
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        window.count(now, rejection, remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_after_a_quiet_minute_is_said_at_once_and_then_one_summary_a_minute() {
        use Rejection::{CredentialMismatch, TimestampOutsideTolerance};
        let refusals = Refusals::default();
        let start = Instant::now();
        let at = |seconds, rejection: &Rejection| {
            let summary = refusals.count(start + Duration::from_secs(seconds), rejection, "");
            summary.map(|summary| (summary.count, summary.most))
        };
        assert_eq!(at(0, &CredentialMismatch), Some((1, CredentialMismatch)));
        assert_eq!(at(1, &CredentialMismatch), None);
        assert_eq!(at(30, &TimestampOutsideTolerance), None);
        assert_eq!(at(59, &TimestampOutsideTolerance), None);
        // A warning of another kind has a minute of its own.
        let unverifiable = Rejection::Unverifiable;
        assert_eq!(at(59, &unverifiable), Some((1, unverifiable.clone())));
        assert_eq!(
            at(60, &TimestampOutsideTolerance),
            Some((4, TimestampOutsideTolerance))
        );
        assert_eq!(at(61, &CredentialMismatch), None);
        assert_eq!(
            at(1_000, &CredentialMismatch),
            Some((2, CredentialMismatch))
        );
    }
}

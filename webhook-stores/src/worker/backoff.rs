use std::sync::Arc;
use std::time::Duration;

/// The pauses between attempts.
#[derive(Clone, Debug)]
pub(super) struct Backoff(Arc<[Duration]>);

impl Backoff {
    pub(super) fn new(pauses: impl IntoIterator<Item = Duration>) -> Self {
        Self(pauses.into_iter().collect())
    }

    /// How many attempts there are.
    pub(super) fn attempts(&self) -> u32 {
        u32::try_from(self.0.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// The pause after this attempt, from 1, a fifth longer or shorter at most. `None` after the last.
    pub(super) fn after(&self, attempt: u32) -> Option<Duration> {
        let at = usize::try_from(attempt).ok()?.checked_sub(1)?;
        let pause = self.0.get(at)?;
        Some(pause.mul_f64(0.8 + 0.4 * fastrand::f64()))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        let early = [1, 5, 30, 2 * 60, 10 * 60, 30 * 60];
        let hourly = [60 * 60; 5];
        Self::new(early.into_iter().chain(hourly).map(Duration::from_secs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_attempts_take_about_six_hours() {
        let backoff = Backoff::default();
        assert_eq!(backoff.attempts(), 12);
        let pauses: Vec<_> = (1..12).map(|it| backoff.after(it).unwrap()).collect();
        let total: Duration = pauses.iter().sum();
        assert!(
            (4.5..7.0).contains(&(total.as_secs_f64() / 3600.0)),
            "{total:?}"
        );
        assert!((0.8..=1.2).contains(&pauses[0].as_secs_f64()), "{pauses:?}");
        assert_eq!(backoff.after(12), None);
        assert_eq!(backoff.after(0), None);
    }
}

use std::time::Duration;

use http::StatusCode;

use super::{TfEvent, TusFacturas};
use crate::answer::Received;
use crate::provider::{Attempt, Timing};

impl TusFacturas {
    /// The six attempts of a delivery: a first one that waits 20 s, then others that wait 5 s each, 5 min, 30 min, 3
    /// h, 6 h and 12 h after the previous one; 21 h 35 min in total. After that the sender never tries again. It
    /// disables an endpoint that has been down for more than 24 hours until someone re-enables it. Only status 200
    /// counts as received.
    ///
    /// Source: the webhook pages of the TusFacturasAPP developer documentation.
    pub const TIMING: Timing = Timing::new(
        &[
            attempt(0, 20),
            attempt(5, 5),
            attempt(30, 5),
            attempt(3 * 60, 5),
            attempt(6 * 60, 5),
            attempt(12 * 60, 5),
        ],
        "TusFacturasAPP developer documentation, webhook pages",
    )
    .received(Received::Only(&[StatusCode::OK]))
    .if_never_received(
        "TusFacturas never sends it again, and drops an endpoint that is down for more than 24 hours",
    );
}

const fn attempt(minutes_after_previous: u64, seconds_for_answer: u64) -> Attempt {
    Attempt::after(Duration::from_secs(minutes_after_previous * 60))
        .waiting(Duration::from_secs(seconds_for_answer))
}

/// Where an attempt probably is in the [schedule](TusFacturas::TIMING):
/// [`TfEvent::estimate_if_intento_counts_from_one`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TfScheduleEstimate {
    /// How long the sender waits for the answer to this attempt.
    pub waits_for_answer: Duration,
    /// How long after this attempt the next one comes; `None` if this is the last.
    pub next_attempt_after: Option<Duration>,
    /// How long after this attempt the last one comes; zero if this is the last.
    pub last_attempt_after: Duration,
}

impl TfEvent {
    /// Where this attempt is in the sender's schedule, **if** `intento` 1 is the first row of it.
    ///
    /// The sender does not document which `intento` belongs to which row, and every published example has 1. Counting
    /// from one is the likely reading, not a fact: use the estimate to plan, not to decide that an event is lost.
    ///
    /// `None` if `intento` is missing, 0, or past the six rows.
    ///
    /// ```
    /// use std::time::Duration;
    /// use webhook_core::tusfacturas::{TfEvent, TfEvento};
    ///
    /// let mut event = TfEvent::new(TfEvento::Emitido);
    /// assert_eq!(event.estimate_if_intento_counts_from_one(), None);
    ///
    /// event.intento = Some(1);
    /// let estimate = event.estimate_if_intento_counts_from_one().unwrap();
    /// assert_eq!(estimate.waits_for_answer, Duration::from_secs(20));
    /// assert_eq!(estimate.next_attempt_after, Some(Duration::from_secs(5 * 60)));
    /// assert_eq!(estimate.last_attempt_after, Duration::from_secs((21 * 60 + 35) * 60));
    /// ```
    pub fn estimate_if_intento_counts_from_one(&self) -> Option<TfScheduleEstimate> {
        let row = usize::try_from(self.intento?.checked_sub(1)?).ok()?;
        let attempts = TusFacturas::TIMING.attempts;
        let this = attempts.get(row)?;
        let later = attempts.get(row + 1..)?;
        Some(TfScheduleEstimate {
            waits_for_answer: this.waits_for_answer?,
            next_attempt_after: later.first().map(|next| next.after_previous),
            last_attempt_after: later.iter().map(|attempt| attempt.after_previous).sum(),
        })
    }
}

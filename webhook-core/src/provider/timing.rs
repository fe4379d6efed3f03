use std::time::Duration;

use crate::answer::Received;

/// When a sender delivers, how long it waits for the answer, and what it counts as received: data from its documentation.
///
/// ```
/// use std::time::Duration;
/// use webhook_core::tusfacturas::TusFacturas;
///
/// assert_eq!(TusFacturas::TIMING.longest_wait(), Some(Duration::from_secs(20)));
/// assert_eq!(TusFacturas::TIMING.horizon(), Some(Duration::from_secs((21 * 60 + 35) * 60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// The attempts of one delivery, as far as the sender documents them; empty if it does not.
    pub attempts: &'static [Attempt],
    /// How long after the first attempt the last one comes, where the attempts do not say it: [`horizon`](Self::horizon).
    pub documented_horizon: Option<Duration>,
    /// What counts as received.
    pub received: Received,
    /// What becomes of a delivery that was never received, in a sentence for the operator. Empty if that is not known.
    pub if_never_received: &'static str,
    /// Where this is documented: sender and title of the page. Empty if it is not.
    pub source: &'static str,
}

/// One attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// How long after the previous attempt it is made; zero for the first.
    pub after_previous: Duration,
    /// How long the sender waits for the answer; `None` if it does not say.
    pub waits_for_answer: Option<Duration>,
}

impl Timing {
    /// Nothing is documented. Any 2xx counts as received.
    pub const UNDOCUMENTED: Self = Self {
        attempts: &[],
        documented_horizon: None,
        received: Received::Success,
        if_never_received: "",
        source: "",
    };

    /// Attempts, and the page that documents them.
    pub const fn new(attempts: &'static [Attempt], source: &'static str) -> Self {
        Self {
            attempts,
            source,
            ..Self::UNDOCUMENTED
        }
    }

    /// What counts as received, if that is not any 2xx.
    pub const fn received(mut self, received: Received) -> Self {
        self.received = received;
        self
    }

    /// What becomes of a delivery that was never received, in a sentence that begins with the sender's name.
    pub const fn if_never_received(mut self, consequence: &'static str) -> Self {
        self.if_never_received = consequence;
        self
    }

    /// How long after the first attempt the last one comes, if the attempts are not all documented.
    pub const fn within(mut self, horizon: Duration) -> Self {
        self.documented_horizon = Some(horizon);
        self
    }

    /// The longest time that the sender waits for an answer.
    pub fn longest_wait(&self) -> Option<Duration> {
        let waits = self.attempts.iter().filter_map(|it| it.waits_for_answer);
        waits.max()
    }

    /// How long after the first attempt another one can come; for GitHub, how long a delivery can be repeated by hand.
    /// `None` if nothing is documented; zero if one attempt is, and no repeats.
    pub fn horizon(&self) -> Option<Duration> {
        let documented = self.attempts.iter().map(|it| it.after_previous).sum();
        self.documented_horizon
            .or((!self.attempts.is_empty()).then_some(documented))
    }
}

impl Timing {
    /// How long after the head of a request its answer should be sent: the longest time that the sender waits, less a second
    /// or a fifth, whichever is less. `None` if nothing is documented.
    pub fn answer_by(&self) -> Option<Duration> {
        let wait = self.longest_wait()?;
        Some(wait - Duration::from_secs(1).min(wait / 5))
    }

    /// How long the ids of handled deliveries should be remembered: a day longer than the sender can repeat one, and 7 days
    /// at least.
    pub fn keep_ids(&self) -> Duration {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let horizon = self.horizon().unwrap_or_default();
        horizon.saturating_add(DAY).max(7 * DAY)
    }
}

impl Attempt {
    /// An attempt so long after the previous one. How long the sender waits for its answer is not documented.
    pub const fn after(previous: Duration) -> Self {
        Self {
            after_previous: previous,
            waits_for_answer: None,
        }
    }

    /// The same, whose answer the sender waits for this long.
    pub const fn waiting(mut self, for_answer: Duration) -> Self {
        self.waits_for_answer = Some(for_answer);
        self
    }
}

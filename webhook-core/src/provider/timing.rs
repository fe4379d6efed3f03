use std::time::Duration;

use http::{HeaderMap, StatusCode};

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
    /// How it tries again beyond the attempts.
    pub repeats: Repeats,
    /// The answers after which no other attempt comes: [`stopped_by`](Self::stopped_by).
    pub stops: &'static [Stop],
    /// Whether the next attempt comes no sooner than `Retry-After` in an answer says.
    pub honors_retry_after: bool,
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

/// How a sender tries again beyond the attempts whose times it documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeats {
    /// The attempts are all that it documents.
    Undocumented,
    /// By itself, at times that it does not document exactly: a sentence that begins with the sender's name.
    Roughly(&'static str),
    /// Not by itself: someone has to ask for it.
    ByHand,
    /// Not at all.
    Never,
}

/// An answer after which a sender does not try again, whatever its schedule says.
///
/// ```
/// use webhook_core::Provider;
/// use webhook_core::driver::Verifier;
/// use webhook_core::http::{HeaderMap, StatusCode};
/// use webhook_core::slack::Slack;
///
/// let timing = Verifier::<Slack>::try_new("s3cr3t")?.provider().timing();
/// let mut headers = HeaderMap::new();
/// assert_eq!(timing.stopped_by(StatusCode::INTERNAL_SERVER_ERROR, &headers), None);
/// headers.insert("x-slack-no-retry", "1".parse().unwrap());
/// assert!(timing.stopped_by(StatusCode::INTERNAL_SERVER_ERROR, &headers).is_some());
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stop {
    /// What the sender looks at.
    pub at: StopAt,
    /// What it does beside, in a sentence for the operator. Empty if nothing is documented.
    pub consequence: &'static str,
}

/// What a sender looks at to learn that it should not try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopAt {
    /// This status.
    Status(StatusCode),
    /// A header of this name, with this value.
    Header(&'static str, &'static str),
}

impl Timing {
    /// Nothing is documented. Any 2xx counts as received.
    pub const UNDOCUMENTED: Self = Self {
        attempts: &[],
        documented_horizon: None,
        repeats: Repeats::Undocumented,
        stops: &[],
        honors_retry_after: false,
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

    /// How it tries again beyond the attempts.
    pub const fn repeats(mut self, repeats: Repeats) -> Self {
        self.repeats = repeats;
        self
    }

    /// The answers after which no other attempt comes.
    pub const fn stops(mut self, stops: &'static [Stop]) -> Self {
        self.stops = stops;
        self
    }

    /// The next attempt comes no sooner than `Retry-After` in an answer says.
    pub const fn honoring_retry_after(mut self) -> Self {
        self.honors_retry_after = true;
        self
    }

    /// Why no other attempt comes after an answer with this status and these headers, if that is documented.
    pub fn stopped_by(&self, status: StatusCode, headers: &HeaderMap) -> Option<Stop> {
        let mut stops = self.stops.iter();
        let stop = stops.find(|stop| match stop.at {
            StopAt::Status(other) => other == status,
            StopAt::Header(name, value) => headers.get_all(name).iter().any(|it| it == value),
        });
        stop.copied()
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

impl Stop {
    /// An answer with this status.
    pub const fn status(status: StatusCode) -> Self {
        Self {
            at: StopAt::Status(status),
            consequence: "",
        }
    }

    /// An answer with a header of this name, in lower case, and this value.
    pub const fn header(name: &'static str, value: &'static str) -> Self {
        Self {
            at: StopAt::Header(name, value),
            consequence: "",
        }
    }

    /// The same, with what the sender does beside.
    pub const fn consequence(mut self, consequence: &'static str) -> Self {
        self.consequence = consequence;
        self
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

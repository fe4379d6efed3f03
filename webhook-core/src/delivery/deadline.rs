use std::time::{Duration, Instant};

/// When the sender of a delivery stops waiting for its answer.
///
/// A layer that hands the handler over to a task of its own puts it into the extensions of the request, if there is a limit.
/// What cannot be undone, such as delivering the goods of a sale, should not begin when little is left: after the deadline
/// the sender was told that the delivery failed, and at Klap that is the reversal of the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline at this time.
    pub fn at(time: Instant) -> Self {
        Self(time)
    }

    /// The time.
    pub fn instant(self) -> Instant {
        self.0
    }

    /// The time that is left, zero once it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }
}

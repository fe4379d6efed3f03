use super::Bounds;
use super::verdict::Verdict;

/// How much is in the file: all, of it what nobody has proven, and of that what was refused.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) all: Count,
    pub(super) unproven: Count,
    pub(super) refused: Count,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) deliveries: u64,
    pub(super) bytes: u64,
}

impl Counts {
    /// Counts so many deliveries more.
    pub(super) fn add(&mut self, verdict: Verdict, deliveries: u64, bytes: u64) {
        for count in self.of(verdict) {
            count.deliveries += deliveries;
            count.bytes += bytes;
        }
    }

    /// Counts one less.
    pub(super) fn remove(&mut self, verdict: Verdict, bytes: u64) {
        for count in self.of(verdict) {
            count.deliveries = count.deliveries.saturating_sub(1);
            count.bytes = count.bytes.saturating_sub(bytes);
        }
    }

    fn of(&mut self, verdict: Verdict) -> impl Iterator<Item = &mut Count> {
        let unproven = (!verdict.is_proven()).then_some(&mut self.unproven);
        let refused = verdict.is_refused().then_some(&mut self.refused);
        std::iter::once(&mut self.all)
            .chain(unproven)
            .chain(refused)
    }
}

impl Count {
    pub(super) fn is_above(self, bounds: Bounds) -> bool {
        self.deliveries > bounds.deliveries || self.bytes > bounds.bytes
    }
}

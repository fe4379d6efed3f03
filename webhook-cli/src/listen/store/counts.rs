use super::Bounds;

/// How much is in the file, all and of it what was refused.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) all: Count,
    pub(super) refused: Count,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) deliveries: u64,
    pub(super) bytes: u64,
}

impl Count {
    pub(super) fn is_above(self, bounds: Bounds) -> bool {
        self.deliveries > bounds.deliveries || self.bytes > bounds.bytes
    }

    pub(super) fn add(&mut self, bytes: u64) {
        self.deliveries += 1;
        self.bytes += bytes;
    }

    pub(super) fn remove(&mut self, bytes: u64) {
        self.deliveries = self.deliveries.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

//! What was tried, which is all that is said where no cause is found.

/// How many changes were tried, by what they change.
#[derive(Debug, Default)]
pub(super) struct Tried {
    groups: Vec<Attempts>,
    /// Whether the work has reached its limit before the end.
    pub(super) was_limited: bool,
}

#[derive(Debug)]
struct Attempts {
    group: Group,
    count: usize,
    /// Each kind once, in the order in which they were tried.
    kinds: Vec<String>,
    /// Whether two changes were tried together.
    has_pairs: bool,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Header,
    Secret,
    SignedIds,
    Body,
}

impl Tried {
    /// Counts an attempt of one kind, or of two at once.
    pub(super) fn add(&mut self, group: Group, kinds: &[String]) {
        let at = self.groups.iter().position(|it| it.group == group);
        if at.is_none() {
            self.groups.push(Attempts {
                group,
                count: 0,
                kinds: Vec::new(),
                has_pairs: false,
            });
        }
        let at = at.unwrap_or(self.groups.len() - 1);
        let Some(attempts) = self.groups.get_mut(at) else {
            return;
        };
        attempts.count += 1;
        attempts.has_pairs |= kinds.len() > 1;
        for kind in kinds {
            if !attempts.kinds.contains(kind) {
                attempts.kinds.push(kind.clone());
            }
        }
    }

    /// Whether changes of this group were tried.
    pub(super) fn has(&self, group: Group) -> bool {
        self.groups.iter().any(|it| it.group == group)
    }

    /// How many changes were tried.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.groups.iter().map(|it| it.count).sum()
    }

    /// What was tried, a line each, with the limit of the work in bytes.
    pub(super) fn lines(&self, work: u64) -> Vec<String> {
        let limit = self.was_limited.then(|| {
            format!(
                "not more: the limit of {} GiB of work is reached, because the body is long",
                work / (1024 * 1024 * 1024)
            )
        });
        self.groups
            .iter()
            .map(Attempts::line)
            .chain(limit)
            .collect()
    }
}

impl Attempts {
    fn line(&self) -> String {
        let subject = match self.group {
            Group::Header => "the headers of the credential: ",
            Group::Secret => "other spellings of the secret: ",
            Group::SignedIds => "the ids that are signed: ",
            Group::Body => "the body ",
        };
        let kinds = self.kinds.join(", ");
        let pairs = match self.has_pairs {
            true => "; and two of these at once",
            false => "",
        };
        format!("{subject}{kinds}{pairs} ({})", self.count)
    }
}

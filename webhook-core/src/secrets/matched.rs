use super::Label;

/// The proof that a credential matched one of the configured secrets, with the label of that secret.
///
/// Only the `find` of [`Selected`](super::Selected) creates one.
#[derive(Clone, Debug)]
#[must_use = "a match that is dropped authenticates nothing"]
pub struct Matched {
    label: Option<Label>,
}

impl Matched {
    pub(super) fn new(label: Option<Label>) -> Self {
        Self { label }
    }

    /// The label of the secret that matched, if it has one.
    pub fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    pub(crate) fn into_label(self) -> Option<Label> {
        self.label
    }
}

use super::Label;

/// The proof that a credential matched one of the configured secrets, with the label of that secret.
///
/// Only the `find` of [`Selected`](super::Selected) creates one.
#[derive(Debug)]
#[must_use = "a match that is dropped authenticates nothing"]
pub struct Matched {
    label: Option<Label>,
    is_tenant: bool,
}

impl Matched {
    pub(super) fn new(label: Option<Label>, is_tenant: bool) -> Self {
        Self { label, is_tenant }
    }

    /// The label of the secret that matched, if it has one.
    pub fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    /// The label, and whether it names a tenant.
    pub(crate) fn into_parts(self) -> (Option<Label>, bool) {
        (self.label, self.is_tenant)
    }
}

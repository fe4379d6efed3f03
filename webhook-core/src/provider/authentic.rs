use crate::secrets::{Label, Matched};

/// What [`Provider::authenticate`](super::Provider::authenticate) returns: the facts of a delivery whose credential
/// matched.
///
/// It takes a [`Matched`], so a sender that forgets to compare does not compile:
///
/// ```compile_fail
/// use webhook_core::provider::Authentic;
///
/// let authentic = Authentic::new((), "facts");
/// ```
#[derive(Debug)]
#[must_use = "only what is returned is decoded"]
pub struct Authentic<F> {
    pub(crate) label: Option<Label>,
    pub(crate) is_tenant: bool,
    pub(crate) facts: F,
    pub(crate) proven: bool,
}

impl<F> Authentic<F> {
    /// Facts under the secret that matched.
    pub fn new(matched: Matched, facts: F) -> Self {
        let (label, is_tenant) = matched.into_parts();
        Self {
            label,
            is_tenant,
            facts,
            proven: true,
        }
    }

    /// The facts.
    pub fn facts(&self) -> &F {
        &self.facts
    }

    /// Whether a secret matched; otherwise the request [proves nothing](Self::nothing_proven).
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// Facts of a request that **proves nothing**, for an endpoint that the sender does not authenticate. Anyone can
    /// send it, and its event type has to say so.
    pub fn nothing_proven(facts: F) -> Self {
        Self {
            label: None,
            is_tenant: false,
            facts,
            proven: false,
        }
    }
}

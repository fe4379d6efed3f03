use crate::Label;

/// The proof that a credential matched one of the configured secrets, with the label of that secret.
///
/// Only the look-ups make one: [`BearerTokens::find`](crate::BearerTokens::find) and
/// [`PrivateKeys::find`](crate::PrivateKeys::find).
#[derive(Clone, Debug)]
#[must_use = "a match that is thrown away authenticates nothing"]
pub struct Matched {
    label: Option<Label>,
}

impl Matched {
    pub(crate) fn new(label: Option<Label>) -> Self {
        Self { label }
    }

    /// The label of the secret that matched, if it has one.
    pub fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }
}

/// What [`Provider::authenticate`](crate::Provider::authenticate) returns: the facts of a delivery whose credential
/// matched.
///
/// It takes a [`Matched`], so a sender that forgets to compare does not compile:
///
/// ```compile_fail
/// use webhook_core::Authentic;
///
/// let authentic = Authentic::new((), "facts");
/// ```
#[derive(Clone, Debug)]
#[must_use = "only what is returned is decoded"]
pub struct Authentic<F> {
    pub(crate) label: Option<Label>,
    pub(crate) facts: F,
    pub(crate) proven: bool,
}

impl<F> Authentic<F> {
    /// Facts under the secret that matched.
    pub fn new(matched: Matched, facts: F) -> Self {
        Self {
            label: matched.label,
            facts,
            proven: true,
        }
    }

    /// Facts of a request that **proves nothing**, for an endpoint that the sender does not authenticate. Anyone can
    /// send it, and its event type has to say so.
    pub fn nothing_proven(facts: F) -> Self {
        Self {
            label: None,
            facts,
            proven: false,
        }
    }
}

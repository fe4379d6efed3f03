//! What is written about a request.

mod json;
mod text;

use webhook_core::{Rejection, Secret};

use super::capture::Captured;
use super::examination::{Finding, Outcome, Reason};
use super::moment::Moment;
use super::search::WORK;
use super::tried::Tried;
use crate::senders::Sender;

/// What is written about a request.
pub(super) struct Report<'a> {
    pub(super) sender: &'a Sender,
    pub(super) captured: &'a Captured,
    pub(super) secrets: &'a [Secret],
    pub(super) finding: &'a Finding,
    pub(super) moment: Moment,
}

impl Report<'_> {
    /// The label of a secret by its number, from 1.
    fn label(&self, number: usize) -> Option<&str> {
        let secret = self.secrets.get(number.checked_sub(1)?)?;
        Some(secret.label()?.as_str())
    }

    /// Why it is not authentic, in words.
    fn reason(&self, reason: &Reason) -> String {
        match reason {
            Reason::Unfit(error) => format!("{error}, so no receiver can have this secret"),
            Reason::Missing(words) | Reason::Repeated(words) => words.clone(),
            Reason::Rejection(rejection) => rejection.to_string(),
        }
    }

    /// Whether the request itself shows the reason, so that there is nothing to find out.
    fn is_readable(&self, reason: &Reason) -> bool {
        !matches!(
            reason,
            Reason::Rejection(Rejection::CredentialMismatch | Rejection::CredentialMalformed)
        )
    }

    /// Whether its time is as authentic as the rest.
    fn has_proven_time(&self) -> bool {
        match &self.finding.outcome {
            Outcome::Authentic { .. } => true,
            Outcome::Refused { diagnosis, .. } => diagnosis.is_some(),
            _ => false,
        }
    }

    fn notes(&self) -> impl Iterator<Item = &String> {
        self.captured.notes.iter().chain(&self.finding.notes)
    }
}

/// What was tried, a line each.
fn tried_lines(tried: &Tried) -> Vec<String> {
    tried.lines(WORK)
}

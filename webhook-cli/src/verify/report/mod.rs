//! What is written about a request.

mod json;
mod text;

use http::HeaderName;
use webhook_core::{Rejection, Secret};

use super::capture::Captured;
use super::examination::{Finding, Outcome, Reason};
use super::moment::Moment;
use super::search::{Group, Tried, WORK};
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
            Reason::Rejection(Rejection::CredentialMissing) => match &self.absent()[..] {
                [] => Rejection::CredentialMissing.to_string(),
                [one] => format!("it has no header {one}"),
                several => format!("it has none of the headers {}", several.join(", ")),
            },
            Reason::Rejection(rejection) => rejection.to_string(),
        }
    }

    /// The headers of a credential that it does not have.
    fn absent(&self) -> Vec<String> {
        let headers = self.captured.request.headers();
        let is_absent = |name: &HeaderName| headers.get(name).is_none_or(|value| value.is_empty());
        let names = self.sender.facts().credential_headers;
        let absent = names.iter().filter(|name| is_absent(name));
        absent.map(HeaderName::to_string).collect()
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
    let lines = tried.counts.iter().map(|(group, count)| {
        let what = match group {
            Group::Header => "the header of the credential joined, taken apart, or only one of several",
            Group::Secret => "other spellings of the secret: prefix, base64, hex, case, line end, quotes, entities",
            Group::SignedIds => "x-request-id left out or taken from another header, data.id in another case or from the body",
            Group::Body => {
                "the body minified, re-indented, re-escaped, with other line ends, with or without the last one and a byte order \
                 mark, and any two of these"
            }
        };
        format!("{what} ({count})")
    });
    let limit = tried.was_limited.then(|| {
        format!(
            "not more: the limit of {} GiB of work is reached, because the body is long",
            WORK / (1024 * 1024 * 1024)
        )
    });
    lines.chain(limit).collect()
}

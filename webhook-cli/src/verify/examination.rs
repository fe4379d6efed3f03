//! Finds out whether a request is authentic, and otherwise which change would make it so.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use webhook_core::{Rejection, RejectionClass, Secret};

use super::capture::Captured;
use super::change::Diagnosis;
use super::missing;
use super::repeated;
use super::search::{Fit, Search};
use super::tried::Tried;
use crate::error::Error;
use crate::senders::{Judge, Sender, Unproven, Verdict};

/// What was found out about a request.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    /// The time that the request has, and whether the rest of it is authentic.
    pub(super) time: Option<SystemTime>,
    /// How far the sender's time may lie from a receiver's clock.
    pub(super) tolerance: Option<Duration>,
    /// What is wrong with the configuration, in a sentence each.
    pub(super) notes: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// The credential matches the secret of this number, from 1; a receiver makes that of it.
    Authentic { secret: usize, verdict: Verdict },
    /// There is nothing in it that could prove who sent it.
    ProvesNothing { verdict: Verdict },
    /// A handshake without a signature, whose token is right.
    Handshake,
    /// It is not authentic as it is.
    Refused {
        reason: Reason,
        /// What can be done about it, unless the diagnosis says more.
        remedy: &'static str,
        diagnosis: Option<Box<Diagnosis>>,
        tried: Tried,
    },
}

/// Why a request is not authentic.
#[derive(Debug)]
pub(super) enum Reason {
    /// A receiver refuses it.
    Rejection(Rejection),
    /// A receiver refuses it for want of a credential, and this is what it lacks.
    Missing(String),
    /// A receiver refuses it since these headers are there more than once.
    Repeated(String),
    /// No receiver can have this secret.
    Unfit(String),
}

/// Examines a request with the secrets that its receiver has, within so much work.
pub(super) fn examine(
    sender: &Sender,
    captured: &Captured,
    secrets: &[Secret],
    work: u64,
) -> Result<Finding, Error> {
    let request = &captured.request;
    let mut search = Search::new(sender, captured, secrets, work);
    let (judge, notes) = match search.judge()? {
        Fit::Judge(judge, notes) => (judge, notes),
        Fit::None(error) => {
            // It may be the right one, in the wrong spelling.
            let Some((diagnosis, judge)) = search.with_other_spelling(request) else {
                return Err(error);
            };
            let reason = Reason::Unfit(error.to_string());
            return Ok(refused(
                search,
                request,
                reason,
                Some(diagnosis),
                &*judge,
                Vec::new(),
            ));
        }
    };
    let time = judge.claimed_time(request);
    let verdict = judge.judge(request, time.unwrap_or_else(SystemTime::now));
    let outcome = match judge.proof(request) {
        Ok(true) => Outcome::Authentic {
            secret: search.number(request).unwrap_or(1),
            verdict,
        },
        Ok(false) => Outcome::ProvesNothing { verdict },
        Err(_) if matches!(verdict, Verdict::Greeted(_)) => Outcome::Handshake,
        Err(unproven) => {
            let first = match verdict {
                // A receiver looks at these before the credential.
                Verdict::Refused { rejection, .. } if is_first(&rejection) => Some(rejection),
                _ => None,
            };
            let found = match &first {
                Some(_) => None,
                None => search.cause(&*judge, &unproven),
            };
            let reason = match first {
                Some(rejection) => Reason::Rejection(rejection),
                None if matches!(unproven.rejection, Rejection::CredentialMissing) => {
                    Reason::Missing(missing::words(sender, &*judge, request, &unproven))
                }
                None => match repeated_words(&unproven, &*judge, request, found.is_some()) {
                    Some(words) => Reason::Repeated(words),
                    None => Reason::Rejection(unproven.rejection),
                },
            };
            return Ok(match found {
                Some((diagnosis, right)) => {
                    let right = right.as_deref().unwrap_or(&*judge);
                    refused(search, request, reason, Some(diagnosis), right, notes)
                }
                None => refused(search, request, reason, None, &*judge, notes),
            });
        }
    };
    Ok(Finding {
        outcome,
        time,
        tolerance: judge.tolerance(),
        notes,
    })
}

/// Which headers are there more than once, if that is why it is refused. A diagnosis names them by itself.
fn repeated_words(
    unproven: &Unproven,
    judge: &dyn Judge,
    request: &Request<Bytes>,
    is_explained: bool,
) -> Option<String> {
    let is_repeated = matches!(unproven.rejection, Rejection::CredentialRepeated);
    (is_repeated && !is_explained)
        .then(|| repeated::words(judge, request))
        .flatten()
}

/// Whether a rejection is about what comes before any credential.
fn is_first(rejection: &Rejection) -> bool {
    use RejectionClass::{Endpoint, Handshake, Method, Unverifiable};

    matches!(
        rejection.class(),
        Endpoint | Handshake | Method | Unverifiable
    )
}

/// The time is that of the authentic request, if there is one.
fn refused(
    search: Search<'_>,
    request: &Request<Bytes>,
    reason: Reason,
    diagnosis: Option<Diagnosis>,
    judge: &dyn Judge,
    notes: Vec<String>,
) -> Finding {
    let request = diagnosis.as_ref().map_or(request, |it| &it.request);
    let remedy = match &reason {
        Reason::Rejection(rejection) => judge.remedy(rejection),
        Reason::Missing(_) => judge.remedy(&Rejection::CredentialMissing),
        Reason::Repeated(_) => judge.remedy(&Rejection::CredentialRepeated),
        Reason::Unfit(_) => "",
    };
    Finding {
        time: judge.claimed_time(request),
        tolerance: judge.tolerance(),
        outcome: Outcome::Refused {
            reason,
            remedy,
            diagnosis: diagnosis.map(Box::new),
            tried: search.tried(),
        },
        notes,
    }
}

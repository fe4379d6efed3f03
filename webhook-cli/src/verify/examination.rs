//! Finds out whether a request is authentic, and otherwise which change would make it so.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use webhook_core::{Rejection, RejectionClass, Secret};

use super::capture::Captured;
use super::change::{Change, Diagnosis, body, header, signed_ids, spelling};
use crate::error::Error;
use crate::senders::{Judge, Sender, Unproven, Verdict};

/// How many bytes are hashed to find a cause, all attempts together.
pub(super) const WORK: u64 = 2 * 1024 * 1024 * 1024;
/// What an attempt costs beside the body.
const WORK_OF_HEAD: u64 = 4 * 1024;

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
        diagnosis: Option<Diagnosis>,
        tried: Tried,
    },
}

/// Why a request is not authentic.
#[derive(Debug)]
pub(super) enum Reason {
    /// A receiver refuses it.
    Rejection(Rejection),
    /// No receiver can have this secret.
    Unfit(String),
}

/// How many changes were tried, by what they change.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) counts: Vec<(Group, usize)>,
    /// Whether the work has reached its limit before the end.
    pub(super) was_limited: bool,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Header,
    Secret,
    SignedIds,
    Body,
}

/// Examines a request with the secrets that its receiver has, within so much work.
pub(super) fn examine(
    sender: &Sender,
    captured: &Captured,
    secrets: &[Secret],
    work: u64,
) -> Result<Finding, Error> {
    let request = &captured.request;
    let mut search = Search {
        sender,
        captured,
        secrets,
        work,
        tried: Tried::default(),
    };
    let (judge, notes) = match search.judge()? {
        Fit::Judge(judge, notes) => (judge, notes),
        Fit::None(error) => {
            // It may be the right one, in the wrong spelling.
            let Some((diagnosis, judge)) = search.other_spelling(request) else {
                return Err(error);
            };
            let reason = Reason::Unfit(error.to_string());
            return Ok(search.refused(reason, Some(diagnosis), &*judge, Vec::new()));
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
            let found = match first {
                Some(_) => None,
                None => search.cause(&*judge, &unproven),
            };
            let reason = Reason::Rejection(first.unwrap_or(unproven.rejection));
            return Ok(match found {
                Some((diagnosis, right)) => {
                    let right = right.as_deref().unwrap_or(&*judge);
                    search.refused(reason, Some(diagnosis), right, notes)
                }
                None => search.refused(reason, None, &*judge, notes),
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

/// Whether a rejection is about what comes before any credential.
fn is_first(rejection: &Rejection) -> bool {
    use RejectionClass::{Endpoint, Handshake, Method, Unverifiable};

    matches!(
        rejection.class(),
        Endpoint | Handshake | Method | Unverifiable
    )
}

/// What the secrets are good for.
enum Fit {
    /// Some or all are secrets of this sender; what is wrong with the others.
    Judge(Box<dyn Judge>, Vec<String>),
    /// None is.
    None(Error),
}

struct Search<'a> {
    sender: &'a Sender,
    captured: &'a Captured,
    secrets: &'a [Secret],
    work: u64,
    tried: Tried,
}

impl Search<'_> {
    fn judge(&self) -> Result<Fit, Error> {
        let error = match self.sender.judge(self.secrets.to_vec()) {
            Ok(judge) => return Ok(Fit::Judge(judge, Vec::new())),
            Err(error) => error,
        };
        let mut fit = Vec::new();
        let mut notes = Vec::new();
        for (at, secret) in self.secrets.iter().enumerate() {
            match self.sender.judge(vec![secret.clone()]) {
                Ok(_) => fit.push(secret.clone()),
                Err(error) => notes.push(format!("secret {} is not used: {error}", at + 1)),
            }
        }
        if fit.is_empty() {
            return Ok(Fit::None(error));
        }
        if fit.len() == self.secrets.len() {
            return Err(error);
        }
        Ok(Fit::Judge(self.sender.judge(fit)?, notes))
    }

    /// The first change that makes the request authentic, with the judge if it is not the one with the configured secrets.
    fn cause(
        &mut self,
        judge: &dyn Judge,
        unproven: &Unproven,
    ) -> Option<(Diagnosis, Option<Box<dyn Judge>>)> {
        let captured = self.captured;
        let request = &captured.request;
        let mut names = self.sender.facts().credential_headers;
        let signs_ids = self.sender.name == signed_ids::SENDER;
        if signs_ids {
            names.push(signed_ids::REQUEST_ID.clone());
        }
        let of_headers = header::changes(captured, &names);
        if let Some(found) = self.first(Group::Header, of_headers, judge) {
            return Some((found, None));
        }
        let is_compared = matches!(unproven.rejection, Rejection::CredentialMismatch);
        if is_compared && let Some((found, judge)) = self.other_spelling(request) {
            return Some((found, Some(judge)));
        }
        if signs_ids {
            let of_ids = signed_ids::changes(request);
            if let Some(found) = self.first(Group::SignedIds, of_ids, judge) {
                return Some((found, None));
            }
        }
        if unproven.in_head {
            return None;
        }
        let found = self.first(Group::Body, body::changes(request), judge)?;
        Some((found, None))
    }

    fn first(
        &mut self,
        group: Group,
        changes: impl IntoIterator<Item = Change>,
        judge: &dyn Judge,
    ) -> Option<Diagnosis> {
        for change in changes {
            if !self.may_try(group, &change.request, self.secrets.len()) {
                return None;
            }
            if matches!(judge.proof(&change.request), Ok(true)) {
                let secret = self.number(&change.request);
                return Some(change.shown(secret));
            }
        }
        None
    }

    fn other_spelling(&mut self, request: &Request<Bytes>) -> Option<(Diagnosis, Box<dyn Judge>)> {
        for spelling in spelling::spellings(self.secrets) {
            let Ok(judge) = self.sender.judge(vec![spelling.secret]) else {
                continue;
            };
            if !self.may_try(Group::Secret, request, 1) {
                return None;
            }
            if matches!(judge.proof(request), Ok(true)) {
                let which = match spelling.number {
                    Some(number) if self.secrets.len() > 1 => format!("secret {number}"),
                    Some(_) => "the secret".to_owned(),
                    None => "the secrets as one,".to_owned(),
                };
                let diagnosis = Diagnosis {
                    causes: vec!["secret_spelling"],
                    happened: "the secret is spelled in another way than the sender's".to_owned(),
                    undone: format!("{which} {}", spelling.how),
                    advice: "configure the receiver with the secret as its sender uses it, or enter it again where the sender has it",
                    request: request.clone(),
                    secret: spelling.number,
                };
                return Some((diagnosis, judge));
            }
        }
        None
    }

    /// The secret that a request is authentic with, from 1.
    fn number(&self, request: &Request<Bytes>) -> Option<usize> {
        let is_right = |secret: &Secret| {
            let judge = self.sender.judge(vec![secret.clone()]);
            judge.is_ok_and(|judge| matches!(judge.proof(request), Ok(true)))
        };
        let at = self.secrets.iter().position(is_right);
        at.map(|at| at + 1)
    }

    fn may_try(&mut self, group: Group, request: &Request<Bytes>, secrets: usize) -> bool {
        let bytes = request.body().len() as u64 + WORK_OF_HEAD;
        let Some(left) = self.work.checked_sub(bytes.saturating_mul(secrets as u64)) else {
            self.tried.was_limited = true;
            return false;
        };
        self.work = left;
        match self.tried.counts.last_mut() {
            Some((last, count)) if *last == group => *count += 1,
            _ => self.tried.counts.push((group, 1)),
        }
        true
    }

    /// The time is that of the authentic request, if there is one.
    fn refused(
        self,
        reason: Reason,
        diagnosis: Option<Diagnosis>,
        judge: &dyn Judge,
        notes: Vec<String>,
    ) -> Finding {
        let request = match &diagnosis {
            Some(diagnosis) => &diagnosis.request,
            None => &self.captured.request,
        };
        Finding {
            time: judge.claimed_time(request),
            tolerance: judge.tolerance(),
            outcome: Outcome::Refused {
                reason,
                diagnosis,
                tried: self.tried,
            },
            notes,
        }
    }
}

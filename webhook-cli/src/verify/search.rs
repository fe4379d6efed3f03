//! Tries what may have happened to a request, until it is authentic.

use bytes::Bytes;
use http::Request;
use webhook_core::{Rejection, Secret};

use super::capture::Captured;
use super::change::spelling::{Spelling, spellings};
use super::change::{Change, Diagnosis, body, header, signed_ids};
use super::patience::Patience;
use super::repeated;
use super::tried::{Group, Tried};
use crate::error::Error;
use crate::senders::{Judge, Sender, Unproven};

/// How many bytes are hashed to find a cause, all attempts together.
pub(super) const WORK: u64 = 4 * 1024 * 1024 * 1024;
/// What an attempt costs beside the body.
const WORK_OF_HEAD: u64 = 4 * 1024;

/// What the secrets are good for.
pub(super) enum Fit {
    /// Some or all are secrets of this sender; what is wrong with the others.
    Judge(Box<dyn Judge>, Vec<String>),
    /// None is.
    None(Error),
}

pub(super) struct Search<'a> {
    sender: &'a Sender,
    captured: &'a Captured,
    secrets: &'a [Secret],
    /// How many bytes may still be hashed.
    work: u64,
    tried: Tried,
    patience: Patience,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        sender: &'a Sender,
        captured: &'a Captured,
        secrets: &'a [Secret],
        work: u64,
    ) -> Self {
        Self {
            sender,
            captured,
            secrets,
            work,
            tried: Tried::default(),
            patience: Patience::new(),
        }
    }

    /// What judges as a receiver with these secrets would.
    pub(super) fn judge(&self) -> Result<Fit, Error> {
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
    pub(super) fn cause(
        &mut self,
        judge: &dyn Judge,
        unproven: &Unproven,
    ) -> Option<(Diagnosis, Option<Box<dyn Judge>>)> {
        let captured = self.captured;
        let request = &captured.request;
        let mut names = self.sender.facts().credential_headers;
        let signs_ids = self.sender.particulars.signs_ids;
        if signs_ids {
            names.push(signed_ids::REQUEST_ID.clone());
        }
        for name in repeated::read_once(judge, request) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let is_compared = matches!(unproven.rejection, Rejection::CredentialMismatch);
        let (of_lists, others) = match is_compared {
            true => self.spellings(),
            false => (Vec::new(), Vec::new()),
        };
        // A header with a comma is what a token with a comma looks like, too.
        if let Some((found, judge)) = self.other_spelling(request, of_lists) {
            return Some((found, Some(judge)));
        }
        let of_headers = header::changes(captured, &names);
        if let Some(found) = self.first(Group::Header, of_headers, judge) {
            return Some((found, None));
        }
        if let Some((found, judge)) = self.other_spelling(request, others) {
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
            if !self.may_try(&change.request, self.secrets.len()) {
                return None;
            }
            self.tried.add(group, &change.tried);
            if matches!(judge.proof(&change.request), Ok(true)) {
                let secret = self.number(&change.request);
                return Some(change.shown(secret));
            }
        }
        None
    }

    /// Whether a request is authentic with one of the secrets in another spelling.
    pub(super) fn with_other_spelling(
        &mut self,
        request: &Request<Bytes>,
    ) -> Option<(Diagnosis, Box<dyn Judge>)> {
        let (of_lists, others) = self.spellings();
        self.other_spelling(request, of_lists.into_iter().chain(others))
    }

    /// Those that a list of secrets was not split in, and the others.
    fn spellings(&self) -> (Vec<Spelling>, Vec<Spelling>) {
        let prefixes = self.sender.secret_prefixes();
        let all = spellings(self.secrets, &prefixes);
        all.into_iter().partition(|it| it.is_of_list)
    }

    fn other_spelling(
        &mut self,
        request: &Request<Bytes>,
        spellings: impl IntoIterator<Item = Spelling>,
    ) -> Option<(Diagnosis, Box<dyn Judge>)> {
        for spelling in spellings {
            let Ok(judge) = self.sender.judge(vec![spelling.secret.clone()]) else {
                continue;
            };
            if !self.may_try(request, 1) {
                return None;
            }
            self.tried
                .add(Group::Secret, std::slice::from_ref(&spelling.tried));
            if matches!(judge.proof(request), Ok(true)) {
                let diagnosis = spelling.shown(request, self.secrets.len());
                return Some((diagnosis, judge));
            }
        }
        None
    }

    /// The secret that a request is authentic with, from 1.
    pub(super) fn number(&self, request: &Request<Bytes>) -> Option<usize> {
        let is_right = |secret: &Secret| {
            let judge = self.sender.judge(vec![secret.clone()]);
            judge.is_ok_and(|judge| matches!(judge.proof(request), Ok(true)))
        };
        let at = self.secrets.iter().position(is_right);
        at.map(|at| at + 1)
    }

    fn may_try(&mut self, request: &Request<Bytes>, secrets: usize) -> bool {
        let bytes = request.body().len() as u64 + WORK_OF_HEAD;
        let Some(left) = self.work.checked_sub(bytes.saturating_mul(secrets as u64)) else {
            self.tried.was_limited = true;
            return false;
        };
        self.work = left;
        self.patience.ask();
        true
    }

    /// How much was tried.
    pub(super) fn tried(self) -> Tried {
        self.tried
    }
}

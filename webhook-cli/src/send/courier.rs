use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, Request};
use webhook_core::{Reply, Secret};

use super::Args;
use super::report::Attempted;
use super::wait::wait;
use crate::conclusion::Conclusion;
use crate::error::Error;
use crate::net::{Exchange, Failure, Patience, Target, exchange};
use crate::senders::{Draft, Facts, Judge, Sender, Verdict};

/// What became of a delivery.
pub(super) struct Sent {
    pub(super) received: bool,
    /// How long its last answer took.
    pub(super) took: Duration,
}

/// Makes the attempts of deliveries.
pub(super) struct Courier<'a> {
    pub(super) args: &'a Args,
    pub(super) sender: &'a Sender,
    pub(super) facts: Facts,
    target: Target,
    secret: Option<Secret>,
    judge: Box<dyn Judge>,
    are_handshakes: bool,
}

impl<'a> Courier<'a> {
    pub(super) fn new(
        args: &'a Args,
        sender: &'a Sender,
        target: Target,
        secret: Option<Secret>,
    ) -> Result<Self, Error> {
        let configured = secret.iter().map(|it| sender.configured_secret(it));
        let judge = sender.judge(configured.collect::<Result<_, _>>()?)?;
        Ok(Self {
            args,
            sender,
            facts: sender.facts(),
            target,
            secret,
            judge,
            are_handshakes: false,
        })
    }

    /// The same, for handshakes if this is one: their answers are judged in another way.
    pub(super) fn for_handshakes_like(self, draft: &Draft) -> Result<Self, Error> {
        let now = SystemTime::now();
        let request = self.signed(draft, now)?;
        let are_handshakes = matches!(self.judge.judge(&request, now), Verdict::Greeted(_));
        Ok(Self {
            are_handshakes,
            ..self
        })
    }

    /// Whether a receiver with the same secret would find that a draft proves who sent it.
    pub(super) fn is_proven(&self, draft: &Draft) -> Result<bool, Error> {
        let request = self.signed(draft, SystemTime::now())?;
        Ok(self.judge.proof(&request).is_ok())
    }

    /// The request to the path that the sender itself would use.
    fn signed(&self, draft: &Draft, at: SystemTime) -> Result<Request<Bytes>, Error> {
        self.sender.sign(draft, at, self.secret.as_ref())
    }

    /// Makes one attempt, or with `--follow` all that the sender would.
    pub(super) async fn deliver(&self, draft: &Draft) -> Result<Sent, Error> {
        let mut draft = draft.clone();
        let mut attempt = 0;
        loop {
            let (conclusion, exchange) = self.attempt(&draft, attempt).await?;
            let next = conclusion.retries.first().filter(|_| self.args.follow);
            let Some(after) = next else {
                return Ok(Sent {
                    received: conclusion.received,
                    took: exchange.took,
                });
            };
            attempt += 1;
            draft = self.retried(draft, attempt, &exchange);
            let attempts = self.facts.timing.attempts.len();
            wait(*after, self.args.speed, (attempt + 1, attempts)).await;
        }
    }

    /// The draft with the headers of this retry, for senders that have some.
    fn retried(&self, draft: Draft, number: usize, before: &Exchange) -> Draft {
        let Some(names) = self.sender.particulars.retry else {
            return draft;
        };
        let values = [number.to_string(), reason(before).to_owned()];
        let named = names.map(HeaderName::from_static).into_iter().zip(values);
        let is_users = |name: &HeaderName| self.args.headers.iter().any(|(own, _)| own == name);
        let added = named.filter(|(name, _)| !is_users(name));
        added.fold(draft, |draft, (name, value)| draft.with_header(name, value))
    }

    async fn attempt(&self, draft: &Draft, number: usize) -> Result<(Conclusion, Exchange), Error> {
        let now = SystemTime::now();
        let mut request = self.signed(draft, now)?;
        let handshake = self.handshake(&request, now);
        self.target.apply(&mut request)?;
        let exchange = exchange(&self.target, request.clone(), self.patience(number)).await;
        let conclusion = match handshake {
            Some(reply) => Conclusion::of_handshake(&reply, &exchange),
            None => Conclusion::of(&self.facts.timing, number, &exchange),
        };
        let attempted = Attempted {
            sender: self.sender,
            draft,
            number,
            url: &self.args.url,
            hidden: (!self.args.reveal).then_some(&*self.facts.credential_headers),
            secret: self.secret.as_ref().filter(|_| !self.args.reveal),
            request: &request,
            exchange: &exchange,
            conclusion: &conclusion,
        };
        let is_first_of_one = self.args.repeat == 1 && number == 0;
        match (self.args.json, is_first_of_one) {
            (true, _) => attempted.json()?,
            (false, true) => attempted.in_full()?,
            (false, false) => attempted.in_a_line()?,
        }
        Ok((conclusion, exchange))
    }

    /// What a handshake is to be answered with.
    fn handshake(&self, request: &Request<Bytes>, at: SystemTime) -> Option<Reply> {
        if !self.are_handshakes {
            return None;
        }
        match self.judge.judge(request, at) {
            Verdict::Greeted(reply) => Some(reply),
            _ => None,
        }
    }

    /// How long an attempt waits: as the sender, unless it is told to hang up before that.
    fn patience(&self, number: usize) -> Patience {
        let attempt = self.facts.timing.attempts.get(number);
        let waits = attempt.and_then(|it| it.waits_for_answer);
        match (self.args.hang_up_after, waits) {
            (Some(after), Some(waits)) if waits <= after => Patience::Until(waits),
            (Some(after), _) => Patience::HangUp(after),
            (None, _) => Patience::Until(self.facts.wait(number)),
        }
    }
}

/// Why an attempt failed, in Slack's words ("The Events API", retries).
fn reason(exchange: &Exchange) -> &'static str {
    match &exchange.result {
        Ok(_) => "http_error",
        Err(Failure::TooLate(_) | Failure::HungUp(_)) => "http_timeout",
        Err(Failure::NotConnected(_)) => "connection_failed",
        Err(_) => "unknown_error",
    }
}

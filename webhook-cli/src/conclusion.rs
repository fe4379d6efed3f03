use std::time::Duration;

use http::header::CONTENT_TYPE;
use webhook_core::answer::Received;
use webhook_core::provider::Timing;

use crate::net::{Answer, Exchange, Failure, LONGEST_ANSWER};
use crate::show::{length, printable};

/// What a sender makes of an answer, by its own documentation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conclusion {
    /// Whether it counts the delivery as received.
    pub(crate) received: bool,
    /// Why it does, or does not.
    pub(crate) why: String,
    /// The attempts that follow, each after the one before.
    pub(crate) retries: Vec<Duration>,
    /// What it does then, if it has not received it.
    pub(crate) then: String,
}

impl Conclusion {
    /// Of the answer to the attempt of this number, from 0.
    pub(crate) fn of(timing: &Timing, attempt: usize, exchange: &Exchange) -> Self {
        let why_not = match &exchange.result {
            Ok(answer) => match why_not(timing.received, answer) {
                Some(why) => why,
                None => {
                    return Self {
                        received: true,
                        why: format!("the sender counts {}", rule(timing.received)),
                        retries: Vec::new(),
                        then: String::new(),
                    };
                }
            },
            Err(Failure::TooLate(wait)) => {
                format!("the sender waits {} and no longer", length(*wait))
            }
            Err(failure) => failure.to_string(),
        };
        let later = timing.attempts.get(attempt + 1..).unwrap_or_default();
        let retries: Vec<_> = later.iter().map(|it| it.after_previous).collect();
        let then = then(timing, !retries.is_empty());
        Self {
            received: false,
            why: why_not,
            retries,
            then,
        }
    }

    /// The same in a few lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        if self.received {
            return vec![format!("received: {}", self.why)];
        }
        let mut lines = vec![format!("NOT received: {}", self.why)];
        if !self.retries.is_empty() {
            let waits: Vec<_> = self.retries.iter().map(|it| when(*it)).collect();
            lines.push(format!("the sender tries again: {}", waits.join(", then ")));
        }
        if !self.then.is_empty() {
            lines.push(self.then.clone());
        }
        lines
    }
}

/// When an attempt comes after the one before it.
pub(crate) fn when(after: Duration) -> String {
    match after.is_zero() {
        true => "at once".to_owned(),
        false => format!("in {}", length(after)),
    }
}

fn why_not(received: Received, answer: &Answer) -> Option<String> {
    let status = answer.status;
    if !received.counts(status) {
        return Some(format!(
            "the sender counts {}, and this is {status}",
            rule(received)
        ));
    }
    let content_type = answer
        .headers
        .get(CONTENT_TYPE)
        .map(|value| value.as_bytes());
    let counts = received.counts_response(status, content_type, &answer.body);
    (!counts).then(|| {
        let found = match content_type {
            None => "has no Content-Type".to_owned(),
            Some(_) if answer.body.is_empty() => "is empty".to_owned(),
            Some(_) if answer.body.len() >= LONGEST_ANSWER => {
                format!("is longer than the {LONGEST_ANSWER} bytes that this command reads")
            }
            Some(named) if received.counts_response(status, Some(named), b"{}") => {
                "says that it is JSON and is not".to_owned()
            }
            Some(named) => format!("is {}", printable(&String::from_utf8_lossy(named))),
        };
        format!(
            "the sender counts {}, and this body {found}",
            rule(received)
        )
    })
}

/// What a sender counts as received.
pub(crate) fn rule(received: Received) -> String {
    match received {
        Received::SuccessWithJson => "a 2xx with a JSON body".to_owned(),
        Received::UpTo(last) => format!("200 to {}", last.as_u16()),
        Received::Only(statuses) => {
            let statuses: Vec<_> = statuses.iter().map(|it| it.as_u16().to_string()).collect();
            format!("only {}", statuses.join(" and "))
        }
        _ => "any 2xx".to_owned(),
    }
}

/// What becomes of a delivery that is not received.
fn then(timing: &Timing, has_retries: bool) -> String {
    let again = match (timing.documented_horizon, timing.attempts) {
        _ if has_retries => None,
        (None, []) => Some("whether the sender tries again is not documented".to_owned()),
        (Some(horizon), _) => Some(format!(
            "another attempt can come within {}",
            length(horizon)
        )),
        (None, _) => None,
    };
    match (again, timing.if_never_received) {
        (Some(again), "") => again,
        (Some(again), then) => format!("{again}; {then}"),
        (None, then) if has_retries && !then.is_empty() => format!("after that, {then}"),
        (None, then) => then.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senders::Senders;

    fn lines(sender: &str) -> Vec<String> {
        let exchange = Exchange {
            took: Duration::ZERO,
            result: Err(Failure::Broken("it hung up".to_owned())),
        };
        let senders = Senders::load(None).unwrap();
        let timing = senders.find(sender).unwrap().facts().timing;
        Conclusion::of(&timing, 0, &exchange).lines()
    }

    #[test]
    fn what_is_said_of_other_attempts_does_not_contradict_itself() {
        assert_eq!(
            lines("slack")[1],
            "the sender tries again: at once, then in 1 min, then in 5 min"
        );
        assert_eq!(
            lines("github")[1],
            "another attempt can come within 3 d; GitHub repeats nothing by itself: redeliver it by hand within 3 days"
        );
    }
}

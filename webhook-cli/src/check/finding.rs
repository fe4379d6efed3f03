use std::time::Duration;

use http::StatusCode;
use webhook_core::Reply;
use webhook_core::answer::Received;

use super::case::{By, Case, Grade};
use super::kit::Kit;
use super::sent::{Sent, conclusion};
use crate::conclusion::{Conclusion, is_greeting, rule};
use crate::net::{Exchange, Failure};
use crate::senders::Verdict;
use crate::show::length;

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The receiver does the right thing.
    Right,
    /// It does not, and this is the damage.
    Fault(String),
    /// It does something else than the sender asks for, which does little damage or none.
    Note(String),
    /// What was answered does not show it.
    CannotTell(String),
    /// It was not tried.
    Skipped(String),
}

/// A line of the result.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) sent: String,
    pub(super) answered: String,
    pub(super) should_be: String,
    pub(super) took: Option<Duration>,
    pub(super) finding: Finding,
}

impl Row {
    /// Of what was not tried.
    pub(super) fn skipped(case: &Case, why: String) -> Self {
        Self {
            name: case.name.to_string(),
            sent: case.sent.to_string(),
            answered: String::new(),
            should_be: String::new(),
            took: None,
            finding: Finding::Skipped(why),
        }
    }

    /// Of what came back.
    pub(super) fn of(kit: &Kit<'_>, case: &Case, verdict: &Verdict, sent: Sent) -> Self {
        let Sent { exchange, found } = sent;
        if exchange.result.is_ok() {
            let _known_already = kit.has_answered.set(());
        }
        let plain = match verdict {
            Verdict::Authentic(_) => taken(kit, case, &exchange),
            Verdict::Greeted(reply) => greeted(kit, reply, case, &exchange),
            Verdict::Refused { reply, .. } => refused(kit, case, reply, &exchange),
        };
        let finding = match (plain, found) {
            // What was answered is wrong in any case.
            (wrong @ Finding::Fault(_), None | Some(Finding::Right | Finding::Note(_))) => wrong,
            (_, Some(found)) => found,
            (plain, None) => plain,
        };
        Self {
            name: case.name.to_string(),
            sent: case.sent.to_string(),
            answered: answered(&exchange),
            should_be: should_be(kit, verdict),
            took: Some(exchange.took),
            finding,
        }
    }
}

fn answered(exchange: &Exchange) -> String {
    match &exchange.result {
        Ok(answer) => answer.status.as_u16().to_string(),
        Err(Failure::Broken(_)) => "closed".to_owned(),
        Err(Failure::TooLate(_) | Failure::HungUp(_)) => "nothing".to_owned(),
        Err(Failure::NotConnected(_)) => "no connection".to_owned(),
        Err(Failure::TooLong) => "too much".to_owned(),
    }
}

fn should_be(kit: &Kit<'_>, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Authentic(_) => match kit.facts.timing.received {
            Received::Only(_) => rule(kit.facts.timing.received).replace("only ", ""),
            received => rule(received).replace("a 2xx", "2xx").replace("any ", ""),
        },
        Verdict::Greeted(reply) => format!("{}, as the handshake asks", reply.status.as_u16()),
        Verdict::Refused { reply, .. } => match reply.status.is_success() {
            true => format!("{}, and nothing done", reply.status.as_u16()),
            false => format!("refused, as with {}", reply.status.as_u16()),
        },
    }
}

/// Of a delivery that the receiver must take.
fn taken(kit: &Kit<'_>, case: &Case, exchange: &Exchange) -> Finding {
    let concluded = conclusion(kit, exchange);
    let why_not = (!concluded.received).then(|| concluded.why.clone());
    let is_first = kit.first_not_received.set(why_not.clone()).is_ok();
    if concluded.received {
        let waits = kit.facts.timing.attempts.iter();
        let shortest = waits.filter_map(|it| it.waits_for_answer).min();
        // Otherwise the time is partly this command's.
        let is_too_long = |shortest: &Duration| case.by == By::Itself && exchange.took > *shortest;
        return match shortest.filter(is_too_long) {
            Some(shortest) => Finding::Note(format!(
                "it took {}; later attempts wait {} only",
                length(exchange.took),
                length(shortest)
            )),
            None => Finding::Right,
        };
    }
    if let Err(Failure::NotConnected(_)) = &exchange.result {
        return gone(kit);
    }
    let status = exchange.result.as_ref().ok().map(|answer| answer.status);
    if !is_first && status == Some(StatusCode::TOO_MANY_REQUESTS) {
        let limited =
            "it answers 429: it may count what comes from one address, and all of this does"
                .to_owned();
        return Finding::CannotTell(limited);
    }
    if !is_first && kit.first_not_received.get() == Some(&why_not) {
        let hidden =
            "it got what an authentic delivery gets, which is not received either".to_owned();
        return Finding::CannotTell(hidden);
    }
    graded(
        kit,
        case,
        format!("{}: {}", concluded.why, consequence(kit, case, &concluded)),
    )
}

/// What becomes of what the receiver does not take.
fn consequence(kit: &Kit<'_>, case: &Case, concluded: &Conclusion) -> String {
    if (case.wrong_is)(kit) == Grade::Note {
        return case.damage.to_owned();
    }
    let timing = &kit.facts.timing;
    let repeats = match timing.horizon().filter(|_| !concluded.retries.is_empty()) {
        Some(horizon) => format!("the sender repeats it for {}", length(horizon)),
        None => String::new(),
    };
    let then = timing.if_never_received.to_owned();
    let parts = [case.damage.to_owned(), repeats, then];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

/// Of a handshake, which must be answered as the sender asks.
fn greeted(kit: &Kit<'_>, reply: &Reply, case: &Case, exchange: &Exchange) -> Finding {
    match &exchange.result {
        Ok(answer) if is_greeting(reply, answer) => Finding::Right,
        Err(Failure::NotConnected(_)) => gone(kit),
        _ => graded(
            kit,
            case,
            "the sender does not accept this URL, and delivers nothing".to_owned(),
        ),
    }
}

/// Of what the receiver must not take.
fn refused(kit: &Kit<'_>, case: &Case, reply: &Reply, exchange: &Exchange) -> Finding {
    let answer = match &exchange.result {
        Ok(answer) => answer,
        Err(Failure::NotConnected(_)) => return gone(kit),
        Err(Failure::TooLate(_)) if case.by == By::Cut => {
            return Finding::Note("it neither answers nor closes the connection".to_owned());
        }
        Err(Failure::TooLate(wait)) => {
            return Finding::Fault(format!(
                "it does not answer within {}: strangers hold its connections as long as they like",
                length(*wait)
            ));
        }
        Err(Failure::Broken(_)) if case.by == By::Itself && !case.may_close => {
            let silent = "it closes the connection and answers nothing: look into its log for what a stranger can make fail";
            return Finding::Note(silent.to_owned());
        }
        Err(_) => return Finding::Right,
    };
    if reply.status.is_success() {
        return Finding::Right;
    }
    let counts = kit.facts.timing.received.counts(answer.status);
    if counts || answer.status.is_success() {
        return graded(kit, case, case.damage.to_owned());
    }
    if answer.status == StatusCode::TOO_MANY_REQUESTS && answer.status != reply.status {
        let limited = "it answers 429, as it may now answer whatever comes".to_owned();
        return Finding::CannotTell(limited);
    }
    let is_unasked = |status: StatusCode| {
        status.is_server_error()
            && status != StatusCode::NOT_IMPLEMENTED
            && !reply.status.is_server_error()
    };
    match is_unasked(answer.status) {
        true => Finding::Note(format!(
            "{} says that the receiver failed: look into its log for what a stranger can make fail",
            answer.status
        )),
        false => Finding::Right,
    }
}

fn gone(kit: &Kit<'_>) -> Finding {
    match kit.has_answered.get() {
        Some(()) => Finding::Fault(
            "the receiver does not listen any more: strangers can stop it".to_owned(),
        ),
        None => Finding::CannotTell("the receiver has answered nothing so far".to_owned()),
    }
}

fn graded(kit: &Kit<'_>, case: &Case, what: String) -> Finding {
    match (case.wrong_is)(kit) {
        Grade::Fault => Finding::Fault(what),
        Grade::Note => Finding::Note(what),
    }
}

//! The log: one event for each delivery through `tracing`, or through `log` where `tracing` forwards to it.

use std::time::{Duration, Instant};

use log::LevelFilter;
use tracing::Level;

use super::refusals::{Refusals, Summary};
use super::{Escaped, Observer, Outcome, Verdict};
use crate::answer::{Rejection, RejectionClass};

/// The target of every event.
const TARGET: &str = "webhook";

/// Writes each outcome to the log.
#[derive(Default)]
pub(super) struct Log {
    refusals: Refusals,
}

impl Observer for Log {
    /// Whether a warning would reach anyone: a subscriber of `tracing`, or where there is none a logger of `log`, to which
    /// `tracing` forwards with its feature `log`.
    fn listens(&self) -> bool {
        tracing::enabled!(target: TARGET, Level::WARN)
            || (!tracing::dispatcher::has_been_set() && log::max_level() >= LevelFilter::Warn)
    }

    fn observe(&self, outcome: &Outcome<'_>) {
        match outcome.verdict {
            Verdict::Refused {
                rejection,
                with_credential,
                remedy,
            } => {
                refused(outcome, rejection);
                if is_worth_a_warning(rejection, with_credential)
                    && let Some(summary) = self.refusals.count(Instant::now(), rejection, remedy)
                {
                    warn(outcome.sender, &summary);
                }
            }
            Verdict::Undecodable { rejection } => undecodable(outcome, rejection),
            Verdict::Greeted { status } => greeted(outcome, status.as_u16()),
            Verdict::Ignored { status, topic } => ignored(outcome, status.as_u16(), topic),
            _ => delivered(outcome),
        }
    }
}

/// At debug level, so that strangers cannot fill the log.
fn refused(outcome: &Outcome<'_>, rejection: &Rejection) {
    tracing::debug!(
        target: TARGET,
        sender = outcome.sender,
        outcome = outcome.name(),
        body_bytes = outcome.body_bytes,
        micros = micros(outcome.elapsed),
        "webhook refused: {rejection}"
    );
}

fn is_worth_a_warning(rejection: &Rejection, with_credential: bool) -> bool {
    match rejection.class() {
        RejectionClass::Unverifiable => true,
        RejectionClass::Credential => with_credential,
        _ => with_credential && *rejection == Rejection::EndpointUnnamed,
    }
}

fn warn(sender: &str, summary: &Summary) {
    let Summary {
        count,
        most,
        remedy,
    } = summary;
    if *most == Rejection::Unverifiable {
        tracing::warn!(
            target: TARGET,
            sender,
            outcome = most.name(),
            count,
            "webhooks that nobody can verify and no handler gets, since the last such warning: {most}; {remedy}"
        );
    } else {
        tracing::warn!(
            target: TARGET,
            sender,
            outcome = most.name(),
            count,
            "webhooks with a credential refused since the last such warning, mostly because {most}; {remedy}"
        );
    }
}

/// Its sender is known, so the app has to learn of it: its type does not fit what is sent.
fn undecodable(outcome: &Outcome<'_>, rejection: &Rejection) {
    let error = match rejection {
        Rejection::Body(error) => Some(error),
        _ => None,
    };
    tracing::warn!(
        target: TARGET,
        sender = outcome.sender,
        outcome = outcome.name(),
        label = outcome.label.map(|label| label.as_str()),
        line = error.map(|error| error.line),
        column = error.map(|error| error.column),
        path = error.map(|error| &*error.path),
        body_bytes = outcome.body_bytes,
        micros = micros(outcome.elapsed),
        "webhook authentic, but refused: {rejection}"
    );
}

fn greeted(outcome: &Outcome<'_>, status: u16) {
    tracing::debug!(
        target: TARGET,
        sender = outcome.sender,
        outcome = outcome.name(),
        status,
        micros = micros(outcome.elapsed),
        "webhook handshake answered"
    );
}

fn ignored(outcome: &Outcome<'_>, status: u16, topic: Option<Escaped<'_>>) {
    tracing::info!(
        target: TARGET,
        sender = outcome.sender,
        outcome = outcome.name(),
        label = outcome.label.map(|label| label.as_str()),
        topic = topic.map(tracing::field::display),
        body_bytes = outcome.body_bytes,
        status,
        micros = micros(outcome.elapsed),
        "webhook of a kind that this app does not handle, acknowledged"
    );
}

macro_rules! emit {
    ($level:ident, $outcome:expr, $message:literal $(, $field:ident = $value:expr)*) => {
        tracing::$level!(
            target: TARGET,
            sender = $outcome.sender,
            outcome = $outcome.name(),
            kind = $outcome.kind,
            label = $outcome.label.map(|label| label.as_str()),
            id = $outcome.id.map(tracing::field::display),
            body_bytes = $outcome.body_bytes,
            $($field = $value,)*
            micros = micros($outcome.elapsed),
            $message
        )
    };
}

/// An authentic delivery that was accepted.
fn delivered(outcome: &Outcome<'_>) {
    match outcome.verdict {
        Verdict::Received {
            status,
            was_not_json,
        } => {
            if was_not_json {
                tracing::warn!(
                    target: TARGET,
                    sender = outcome.sender,
                    kind = outcome.kind,
                    "the handler's answer is not JSON, which this sender counts as a failure: \
                     the acknowledgement was sent instead"
                );
            }
            let status = status.as_u16();
            emit!(info, outcome, "webhook received", status = status);
        }
        Verdict::Declined { status } => emit!(
            warn,
            outcome,
            "webhook authentic, but the sender counts the handler's answer as a failure",
            status = status.as_u16()
        ),
        Verdict::HandlerFailed {
            status,
            handler_status,
        } => emit!(
            warn,
            outcome,
            "webhook authentic, but the handler failed",
            status = status.as_u16(),
            handler_status = handler_status.as_u16()
        ),
        Verdict::Panicked => emit!(warn, outcome, "webhook authentic, but the handler panicked"),
        Verdict::Unanswered => emit!(
            warn,
            outcome,
            "webhook authentic, but the handler did not answer: it was dropped, since the sender hung up or a time \
             limit passed, or it failed without a response"
        ),
        Verdict::Late { status } => emit!(
            warn,
            outcome,
            "webhook authentic, but late: its sender was told to repeat it, and a handler at work goes on",
            status = status.as_u16()
        ),
        Verdict::FinishedLate {
            handler_status,
            received,
        } => emit!(
            warn,
            outcome,
            "the handler of a webhook ended after its sender had stopped waiting",
            handler_status = handler_status.as_u16(),
            received = received
        ),
        Verdict::Duplicate { status } => emit!(
            info,
            outcome,
            "webhook known already, acknowledged again",
            status = status.as_u16()
        ),
        Verdict::InProgress { status } => emit!(
            info,
            outcome,
            "webhook is being handled, its sender was told to repeat it",
            status = status.as_u16()
        ),
        Verdict::Stored { status } => {
            emit!(info, outcome, "webhook stored", status = status.as_u16());
        }
        Verdict::StoreFailed { status, error } => emit!(
            error,
            outcome,
            "webhook authentic, but its store failed, its sender was told to repeat it",
            status = status.as_u16(),
            error = tracing::field::display(error)
        ),
        Verdict::Overloaded { status } => emit!(
            warn,
            outcome,
            "webhook authentic, but too many are being handled, or the server stops: its sender was told to repeat it",
            status = status.as_u16()
        ),
        Verdict::Greeted { .. }
        | Verdict::Ignored { .. }
        | Verdict::Undecodable { .. }
        | Verdict::Refused { .. } => {}
    }
}

fn micros(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

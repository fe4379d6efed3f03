use std::thread;
use std::time::Instant;

use log::LevelFilter;
use tracing::Level;

use super::refusals::{Refusals, Summary};
use super::{Ended, Stage};
use crate::{Label, Provider, Rejection, RejectionClass};

/// The target of every event.
const TARGET: &str = "webhook";

/// Measures a delivery from its head on, if anyone listens.
#[derive(Debug)]
pub(crate) struct Watch(Option<Instant>);

impl Watch {
    pub(crate) fn start() -> Self {
        Self(has_listener().then(Instant::now))
    }

    pub(crate) fn listens(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn refused<P: Provider>(
        &self,
        provider: &P,
        refusals: &Refusals,
        rejection: &Rejection,
        stage: Stage<'_>,
    ) {
        let Some(started) = self.0 else {
            return;
        };
        let bytes = match stage {
            Stage::Head { .. } => None,
            Stage::Body { bytes } => bytes,
            Stage::Authentic { label, bytes } => {
                return undecodable(P::NAME, started, rejection, label, bytes);
            }
        };
        // At debug level, so that strangers cannot fill the log.
        tracing::debug!(
            target: TARGET,
            sender = P::NAME,
            outcome = rejection.name(),
            body_bytes = bytes,
            micros = micros(started),
            "webhook refused: {rejection}"
        );
        if is_worth_a_warning(rejection, stage)
            && let Some(summary) = refusals.count(Instant::now(), rejection)
        {
            warn(provider, &summary);
        }
    }

    pub(crate) fn accepted<P: Provider>(
        self,
        provider: &P,
        event: &P::Event,
        key: Option<&Label>,
        body_bytes: usize,
    ) -> Observation {
        Observation(self.0.map(|started| {
            Box::new(Record {
                started,
                sender: P::NAME,
                kind: provider.kind(event),
                key: key.cloned(),
                body_bytes,
            })
        }))
    }
}

/// Whether a warning would reach anyone: a subscriber of `tracing`, or where there is none a logger of `log`, to which
/// `tracing` forwards with its feature `log`.
fn has_listener() -> bool {
    tracing::enabled!(target: TARGET, Level::WARN)
        || (!tracing::dispatcher::has_been_set() && log::max_level() >= LevelFilter::Warn)
}

/// A request without any credential is a scanner's.
fn is_worth_a_warning(rejection: &Rejection, stage: Stage<'_>) -> bool {
    let with_credential = !matches!(
        stage,
        Stage::Head {
            with_credential: false
        }
    );
    match rejection.class() {
        RejectionClass::Unverifiable => true,
        RejectionClass::Credential => with_credential,
        _ => with_credential && *rejection == Rejection::EndpointUnnamed,
    }
}

#[cold]
fn warn<P: Provider>(provider: &P, Summary { count, most }: &Summary) {
    let remedy = provider.remedy(most);
    if *most == Rejection::Unverifiable {
        tracing::warn!(
            target: TARGET,
            sender = P::NAME,
            outcome = most.name(),
            count,
            "webhooks that nobody can verify, handed to no handler, since the last such warning: {most}; {remedy}"
        );
    } else {
        tracing::warn!(
            target: TARGET,
            sender = P::NAME,
            outcome = most.name(),
            count,
            "webhooks with a credential refused since the last such warning, mostly because {most}; {remedy}"
        );
    }
}

/// Its sender is known, so the app has to learn of it: its type and what is sent do not fit.
#[cold]
fn undecodable(
    sender: &'static str,
    started: Instant,
    rejection: &Rejection,
    label: Option<&Label>,
    body_bytes: usize,
) {
    let error = match rejection {
        Rejection::Body(error) => Some(error),
        _ => None,
    };
    tracing::warn!(
        target: TARGET,
        sender,
        outcome = rejection.name(),
        key = label.map(Label::as_str),
        line = error.map(|error| error.line),
        column = error.map(|error| error.column),
        path = error.map(|error| &*error.path),
        body_bytes,
        micros = micros(started),
        "webhook authentic, but refused: {rejection}"
    );
}

fn micros(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// An accepted delivery that awaits the handler's answer. Boxed, since it travels through every step of a layer and is
/// empty where nobody listens.
#[derive(Debug)]
pub(crate) struct Observation(Option<Box<Record>>);

#[derive(Debug)]
struct Record {
    started: Instant,
    sender: &'static str,
    kind: &'static str,
    key: Option<Label>,
    body_bytes: usize,
}

impl Observation {
    #[inline]
    pub(crate) fn answered(mut self, ended: Ended) {
        if let Some(record) = self.0.take() {
            record.answered(&ended);
        }
    }
}

impl Drop for Observation {
    /// Nothing else would say that the event may be lost.
    #[inline]
    fn drop(&mut self) {
        if let Some(record) = self.0.take() {
            record.dropped();
        }
    }
}

macro_rules! emit {
    ($level:ident, $record:expr, $outcome:expr, $message:literal $(, $field:ident = $value:expr)*) => {
        tracing::$level!(
            target: TARGET,
            sender = $record.sender,
            outcome = $outcome,
            kind = $record.kind,
            key = $record.key.as_deref(),
            body_bytes = $record.body_bytes,
            $($field = $value,)*
            micros = micros($record.started),
            $message
        )
    };
}

/// Out of the way of a delivery that nobody listens to: the code of an event is long.
impl Record {
    #[cold]
    fn answered(&self, ended: &Ended) {
        let status = ended.sent.as_u16();
        if ended.was_not_json {
            tracing::warn!(
                target: TARGET,
                sender = self.sender,
                kind = self.kind,
                "the handler's answer is not JSON, which this sender counts as a failure: \
                 the acknowledgement was sent instead"
            );
        }
        if ended.status.is_server_error() {
            emit!(
                warn,
                self,
                "handler_failed",
                "webhook authentic, but the handler failed",
                status = status,
                handler_status = ended.status.as_u16()
            );
        } else if ended.received {
            emit!(info, self, "received", "webhook received", status = status);
        } else {
            emit!(
                warn,
                self,
                "declined",
                "webhook authentic, but the sender counts the handler's answer as a failure",
                status = status
            );
        }
    }

    #[cold]
    fn dropped(&self) {
        if thread::panicking() {
            emit!(
                warn,
                self,
                "panicked",
                "webhook authentic, but the handler panicked"
            );
        } else {
            emit!(
                warn,
                self,
                "unanswered",
                "webhook authentic, but the handler did not answer: it was dropped, since the sender hung up or a time \
                 limit passed, or it failed without a response"
            );
        }
    }
}

use std::time::Duration;

use http::StatusCode;

use super::Escaped;
use crate::answer::Rejection;
use crate::delivery::DeliveryId;
use crate::guarantee::StoreError;
use crate::secrets::Label;

/// How a delivery ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Outcome<'a> {
    /// The name of the sender, such as `stripe`.
    pub sender: &'a str,
    /// How it ended.
    pub verdict: Verdict<'a>,
    /// The kind of the event, one of a few names for each sender. `None` if there is no event.
    pub kind: Option<&'a str>,
    /// The label of the secret that matched.
    pub label: Option<&'a Label>,
    /// The sender's id of the delivery, if an observer [reads it](super::Observer::reads_id). It is text of the request: show
    /// it with its `Display`, which escapes and cuts it.
    pub id: Option<&'a DeliveryId>,
    /// The length of the body. `None` if it was not read to its end, or if only the head counted.
    pub body_bytes: Option<usize>,
    /// Whether the layer was to handle each delivery once and this one has no id for it, so that a repeat would not be
    /// recognized.
    pub unrecognizable: bool,
    /// The time since the head of the request arrived.
    pub elapsed: Duration,
}

/// The ways in which a delivery can end.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Verdict<'a> {
    /// The sender counts what was sent as received.
    Received {
        /// The status that was sent.
        status: StatusCode,
        /// Whether the handler's answer was replaced because it was not JSON, which this sender asks for.
        was_not_json: bool,
    },
    /// The handler answered something that this sender counts as a failure.
    Declined {
        /// The status that was sent.
        status: StatusCode,
    },
    /// The handler answered with a 5xx, also if the failure was acknowledged.
    HandlerFailed {
        /// The status that was sent.
        status: StatusCode,
        /// The status of the handler's answer.
        handler_status: StatusCode,
    },
    /// The handler panicked.
    Panicked,
    /// The handler was dropped before it answered, since the sender hung up or a time limit passed; or it failed without a
    /// response.
    Unanswered,
    /// The deadline passed before the handler answered: the sender was told to repeat the delivery, and the handler goes on.
    Late {
        /// The status that was sent.
        status: StatusCode,
    },
    /// The handler ended after the sender had been told that it was late, or had hung up.
    FinishedLate {
        /// The status of the handler's answer, which nobody got.
        handler_status: StatusCode,
        /// Whether the sender would have counted it as received.
        received: bool,
    },
    /// The delivery was handled before, or is in the inbox already, and was acknowledged without the handler.
    Duplicate {
        /// The status that was sent.
        status: StatusCode,
    },
    /// The delivery is being handled: the sender was told to repeat it.
    InProgress {
        /// The status that was sent.
        status: StatusCode,
    },
    /// The delivery is in the inbox, and was acknowledged.
    Stored {
        /// The status that was sent.
        status: StatusCode,
    },
    /// The store could not be asked, or not in time: the sender was told to repeat the delivery.
    StoreFailed {
        /// The status that was sent.
        status: StatusCode,
        /// What the store says.
        error: &'a StoreError,
    },
    /// As many deliveries are being handled as the app permits: the sender was told to repeat this one.
    Overloaded {
        /// The status that was sent.
        status: StatusCode,
    },
    /// A handshake, which the layer answered by itself.
    Greeted {
        /// The status that was sent.
        status: StatusCode,
    },
    /// The delivery is authentic, and of a kind that the app has no type for: it was acknowledged without the handler.
    Ignored {
        /// The status that was sent.
        status: StatusCode,
        /// What the sender calls the kind. It is text of the request: show it, and make no label of a metric of it.
        topic: Option<Escaped<'a>>,
    },
    /// The delivery is authentic, and its body does not decode. It was refused.
    Undecodable {
        /// What is wrong with the body, and where.
        rejection: &'a Rejection,
    },
    /// The request was refused before it was known to be authentic.
    Refused {
        /// Why.
        rejection: &'a Rejection,
        /// Whether it had a header that a credential of this sender comes in. A request without is usually a scanner's.
        with_credential: bool,
        /// What the operator can do about requests that are refused for this reason.
        remedy: &'static str,
    },
}

impl Outcome<'_> {
    /// A short stable name: `received`, `declined`, `handler_failed`, `panicked`, `unanswered`, `late`, `finished_late`,
    /// `duplicate`, `in_progress`, `stored`, `store_failed`, `overloaded`, `greeted`, `ignored`, or that
    /// of the [rejection](Rejection::name).
    pub fn name(&self) -> &'static str {
        match self.verdict {
            Verdict::Received { .. } => "received",
            Verdict::Declined { .. } => "declined",
            Verdict::HandlerFailed { .. } => "handler_failed",
            Verdict::Panicked => "panicked",
            Verdict::Unanswered => "unanswered",
            Verdict::Late { .. } => "late",
            Verdict::FinishedLate { .. } => "finished_late",
            Verdict::Duplicate { .. } => "duplicate",
            Verdict::InProgress { .. } => "in_progress",
            Verdict::Stored { .. } => "stored",
            Verdict::StoreFailed { .. } => "store_failed",
            Verdict::Overloaded { .. } => "overloaded",
            Verdict::Greeted { .. } => "greeted",
            Verdict::Ignored { .. } => "ignored",
            Verdict::Undecodable { rejection } | Verdict::Refused { rejection, .. } => {
                rejection.name()
            }
        }
    }
}

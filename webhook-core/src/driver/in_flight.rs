use std::fmt;
use std::mem;

use http::StatusCode;

use crate::answer::{Acknowledgement, Answer, Applied};
use crate::observe::{Ended, Observation};

/// A delivery that was accepted and is not answered yet: the sender's rule, and what the observers are told.
///
/// An adapter carries it beside the handler's future, wherever that goes, and answers with it once. Dropped without an
/// answer, it tells them that the handler was dropped, or that it panicked.
#[must_use = "dropped, it reports that the handler did not answer"]
pub struct InFlight {
    rule: Acknowledgement,
    observation: Observation,
}

impl InFlight {
    pub(crate) fn new(rule: Acknowledgement, observation: Observation) -> Self {
        Self { rule, observation }
    }

    /// The sender's rule for the answer.
    pub fn rule(&self) -> &Acknowledgement {
        &self.rule
    }

    /// Applies the sender's rule to the handler's answer, and tells the observers. `content_type` is its
    /// `Content-Type`; `without_body` says that it is known to have no body.
    ///
    /// | the handler's answer | what the sender gets |
    /// |---|---|
    /// | 2xx without a body: 204, 205, or known to be empty | the acknowledgement |
    /// | 2xx that is not JSON, if the sender wants JSON | the acknowledgement, and a warning in the log |
    /// | 2xx that the sender does not count as received | the same with a status that it counts |
    /// | 5xx, if the app acknowledges failures | the acknowledgement for failures |
    /// | anything else | as it is |
    pub fn answer(
        self,
        status: StatusCode,
        content_type: Option<&[u8]>,
        without_body: bool,
    ) -> Answer {
        let Applied {
            answer,
            received,
            was_not_json,
        } = self.rule.apply(status, content_type, without_body);
        let sent = match &answer {
            Answer::Pass => status,
            Answer::SetStatus(status) => *status,
            Answer::Replace(reply) => reply.status,
        };
        self.observation.answered(Ended {
            status,
            sent,
            received,
            was_not_json,
        });
        answer
    }

    /// Runs one poll of the handler. If it panics, the observers are told so, even if a layer above catches the panic: the
    /// future is then dropped later, and nothing would tell it from a sender that hung up.
    pub fn reporting_panics<R>(in_flight: &mut Option<Self>, poll: impl FnOnce() -> R) -> R {
        /// Dropped only by an unwinding stack.
        struct OnPanic<'a>(&'a mut Option<InFlight>);

        impl Drop for OnPanic<'_> {
            fn drop(&mut self) {
                drop(self.0.take());
            }
        }

        let guard = OnPanic(in_flight);
        let polled = poll();
        mem::forget(guard);
        polled
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight")
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

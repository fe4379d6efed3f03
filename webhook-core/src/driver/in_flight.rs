use std::fmt;
use std::mem;
use std::sync::Arc;

use http::StatusCode;

use crate::answer::{Acknowledgement, Answer, Applied, Reply};
use crate::guarantee::StoreError;
use crate::observe::{Ended, Observation, Verdict};

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
        self.conclude(status, content_type, without_body).answer
    }

    /// Does as [`answer`](Self::answer), and also says whether the delivery was handled.
    #[inline]
    pub fn conclude(
        self,
        status: StatusCode,
        content_type: Option<&[u8]>,
        without_body: bool,
    ) -> Conclusion {
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
        Conclusion {
            answer,
            handled: received && !status.is_server_error(),
        }
    }

    /// The deadline has passed while the handler runs: returns what the sender is told, and tells the observers. They are told
    /// again when the handler ends.
    pub fn late(&mut self) -> Reply {
        let reply = Reply::try_again();
        self.observation.late(reply.status);
        reply
    }

    /// The sender has hung up, and the handler runs on.
    pub fn nobody_waits(&mut self) {
        self.observation.nobody_waits();
    }

    /// The layer should handle each delivery once, and this one has no id for that.
    pub fn unrecognizable(&mut self) {
        self.observation.unrecognizable();
    }

    /// Answers a delivery whose handler was not started, since too little time was left.
    pub fn too_late(self) -> Reply {
        self.try_again(|status| Verdict::Late { status })
    }

    /// Answers a delivery whose handler was not started, since too many are running.
    pub fn overloaded(self) -> Reply {
        self.try_again(|status| Verdict::Overloaded { status })
    }

    /// Answers a delivery that is being handled.
    pub fn in_progress(self) -> Reply {
        self.try_again(|status| Verdict::InProgress { status })
    }

    /// Answers a delivery whose store could not be asked.
    pub fn store_failed(self, error: &StoreError) -> Reply {
        self.try_again(|status| Verdict::StoreFailed { status, error })
    }

    /// Acknowledges a delivery that was handled before.
    pub fn duplicate(self) -> Reply {
        self.acknowledge(|status| Verdict::Duplicate { status })
    }

    /// Acknowledges a delivery that is in the inbox.
    pub fn stored(self) -> Reply {
        self.acknowledge(|status| Verdict::Stored { status })
    }

    fn acknowledge(self, verdict: impl FnOnce(StatusCode) -> Verdict<'static>) -> Reply {
        let reply = self.rule.reply();
        self.observation.settled(verdict(reply.status));
        reply
    }

    fn try_again<'a>(self, verdict: impl FnOnce(StatusCode) -> Verdict<'a>) -> Reply {
        let reply = Reply::try_again();
        self.observation.settled(verdict(reply.status));
        reply
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

/// In the extensions of a handler's response: the app lacks what the handler asks for, such as the layer of its sender, so
/// that no repeat would help before the app is changed.
///
/// It shows what is lacking, for the operator.
#[derive(Clone, Debug)]
pub struct Misconfigured(Arc<str>);

impl Misconfigured {
    /// What is lacking.
    pub fn new(lacking: impl fmt::Display) -> Self {
        Self(lacking.to_string().into())
    }
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the sender is answered, and what that means for the delivery.
#[derive(Debug)]
#[non_exhaustive]
pub struct Conclusion {
    /// What happens to the handler's response.
    pub answer: Answer,
    /// Whether the delivery was handled: the sender counts the answer as received, and it is not the acknowledgement of a
    /// failure.
    pub handled: bool,
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight")
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

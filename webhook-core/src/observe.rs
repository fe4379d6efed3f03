//! One log event per delivery, emitted here so that no adapter can forget it. Without the feature `tracing` all of
//! this is empty.

#[cfg(feature = "tracing")]
pub(crate) use with_tracing::{Observation, Watch};
#[cfg(not(feature = "tracing"))]
pub(crate) use without::{Observation, Watch};

#[cfg(feature = "tracing")]
mod with_tracing {
    use std::time::Instant;

    use http::StatusCode;
    use tracing::Level;

    use crate::{Label, Provider, Rejection};

    /// The target of every event.
    const TARGET: &str = "webhook";

    /// Measures a delivery from its head on, if anyone listens.
    #[derive(Debug)]
    pub(crate) struct Watch(Option<Instant>);

    impl Watch {
        pub(crate) fn start() -> Self {
            Self(tracing::enabled!(target: TARGET, Level::WARN).then(Instant::now))
        }

        /// At debug level, so that strangers cannot fill the log.
        pub(crate) fn refused(&self, sender: &str, rejection: &Rejection, body: Option<usize>) {
            tracing::debug!(
                target: TARGET,
                sender,
                outcome = rejection.name(),
                body_bytes = body,
                micros = self.0.map(micros),
                "webhook refused: {rejection}"
            );
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

    fn micros(started: Instant) -> u64 {
        u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// An accepted delivery that awaits the handler's answer. Boxed, since it travels through every step of a layer and
    /// is empty where nobody listens.
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

    macro_rules! emit {
        ($level:ident, $record:expr, $outcome:expr, $status:expr, $message:literal) => {
            tracing::$level!(
                target: TARGET,
                sender = $record.sender,
                outcome = $outcome,
                kind = $record.kind,
                key = $record.key.as_deref(),
                body_bytes = $record.body_bytes,
                status = $status,
                micros = micros($record.started),
                $message
            )
        };
    }

    impl Observation {
        pub(crate) fn none() -> Self {
            Self(None)
        }

        #[inline]
        pub(crate) fn answered(mut self, status: StatusCode) {
            if let Some(record) = self.0.take() {
                record.answered(status);
            }
        }

        pub(crate) fn replaced_answer(&self) {
            if let Some(record) = &self.0 {
                tracing::warn!(
                    target: TARGET,
                    sender = record.sender,
                    kind = record.kind,
                    "the handler's answer is not JSON, which this sender takes for a failure: \
                     the acknowledgement was sent instead"
                );
            }
        }
    }

    impl Drop for Observation {
        /// The handler was dropped before it answered (the sender hung up, or a timeout above fired), or it failed
        /// without a response: the event may be lost, and nothing else would say so.
        #[inline]
        fn drop(&mut self) {
            if let Some(record) = self.0.take() {
                record.unanswered();
            }
        }
    }

    /// Out of the way of a delivery that nobody listens to: the code of an event is long.
    impl Record {
        #[cold]
        fn answered(&self, status: StatusCode) {
            let code = Some(status.as_u16());
            if status.is_server_error() {
                emit!(
                    warn,
                    self,
                    "handler_failed",
                    code,
                    "webhook delivered, and the handler failed"
                );
            } else {
                emit!(info, self, "accepted", code, "webhook delivered");
            }
        }

        #[cold]
        fn unanswered(&self) {
            emit!(
                warn,
                self,
                "unanswered",
                None::<u16>,
                "webhook delivered, and the handler did not answer"
            );
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod without {
    use http::StatusCode;

    use crate::{Label, Provider, Rejection};

    #[derive(Debug)]
    pub(crate) struct Watch;

    impl Watch {
        pub(crate) fn start() -> Self {
            Self
        }

        pub(crate) fn refused(&self, _: &str, _: &Rejection, _: Option<usize>) {}

        pub(crate) fn accepted<P: Provider>(
            self,
            _: &P,
            _: &P::Event,
            _: Option<&Label>,
            _: usize,
        ) -> Observation {
            Observation
        }
    }

    #[derive(Debug)]
    pub(crate) struct Observation;

    impl Observation {
        pub(crate) fn none() -> Self {
            Self
        }

        pub(crate) fn answered(self, _: StatusCode) {}

        pub(crate) fn replaced_answer(&self) {}
    }
}

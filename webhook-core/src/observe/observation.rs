use std::sync::Arc;
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use http::StatusCode;

use super::{Observer, Outcome, Verdict};
use crate::answer::Rejection;
use crate::delivery::DeliveryId;
use crate::provider::Provider;
use crate::secrets::Label;

/// The observers of one verifier and its clones.
#[derive(Clone)]
pub(crate) struct Observers(Arc<[Arc<dyn Observer>]>);

impl Observers {
    pub(crate) fn with(&self, observer: impl Observer) -> Self {
        let added: Arc<dyn Observer> = Arc::new(observer);
        Self(self.0.iter().cloned().chain([added]).collect())
    }

    fn tell(&self, outcome: &Outcome<'_>) {
        for observer in self.0.iter().filter(|observer| observer.listens()) {
            observer.observe(outcome);
        }
    }

    fn read_ids(&self) -> bool {
        let mut listening = self.0.iter().filter(|observer| observer.listens());
        listening.any(|observer| observer.reads_id())
    }
}

/// The log, if there is one.
impl Default for Observers {
    fn default() -> Self {
        let observers: [Arc<dyn Observer>; _] = [
            #[cfg(feature = "tracing")]
            Arc::new(super::log::Log::default()),
        ];
        Self(observers.into())
    }
}

/// How far a request came before it was refused.
#[derive(Clone, Copy)]
pub(crate) enum Stage<'a> {
    /// Its head was judged. Whether it has a header that a credential of this sender comes in.
    Head { with_credential: bool },
    /// Its body was read, or could not be.
    Body {
        with_credential: bool,
        bytes: Option<usize>,
    },
    /// Its credential matched the secret with this label.
    Authentic {
        label: Option<&'a Label>,
        bytes: usize,
    },
}

/// Measures a delivery from its head on, if anyone listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch(Option<Instant>);

impl Watch {
    #[inline]
    pub(crate) fn start(observers: &Observers) -> Self {
        let listens = observers.0.iter().any(|observer| observer.listens());
        Self(listens.then(Instant::now))
    }

    pub(crate) fn listens(self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn refused<P: Provider>(
        self,
        observers: &Observers,
        provider: &P,
        rejection: &Rejection,
        stage: Stage<'_>,
    ) {
        let Some(started) = self.0 else {
            return;
        };
        let refused = |with_credential| Verdict::Refused {
            rejection,
            with_credential,
            remedy: provider.remedy(rejection),
        };
        let (verdict, label, body_bytes) = match stage {
            Stage::Head { with_credential } => (refused(with_credential), None, None),
            Stage::Body {
                with_credential,
                bytes,
            } => (refused(with_credential), None, bytes),
            Stage::Authentic { label, bytes } => {
                (Verdict::Undecodable { rejection }, label, Some(bytes))
            }
        };
        observers.tell(&Outcome {
            sender: provider.name(),
            verdict,
            kind: None,
            label,
            id: None,
            body_bytes,
            unrecognizable: false,
            elapsed: started.elapsed(),
        });
    }

    /// A request that is neither refused nor given to the handler.
    pub(crate) fn answered<P: Provider>(
        self,
        observers: &Observers,
        provider: &P,
        verdict: Verdict<'_>,
        (label, body_bytes): (Option<&Label>, Option<usize>),
    ) {
        let Some(started) = self.0 else {
            return;
        };
        observers.tell(&Outcome {
            sender: provider.name(),
            verdict,
            kind: None,
            label,
            id: None,
            body_bytes,
            unrecognizable: false,
            elapsed: started.elapsed(),
        });
    }

    pub(crate) fn accepted<P: Provider>(
        self,
        observers: &Observers,
        provider: &P,
        event: &P::Event,
        label: Option<&Label>,
        body: &Bytes,
    ) -> Observation {
        Observation(self.0.map(|started| {
            Box::new(Record {
                observers: observers.clone(),
                started,
                sender: provider.name().into(),
                kind: provider.kind(event).into(),
                label: label.cloned(),
                id: observers
                    .read_ids()
                    .then(|| provider.id(event, body))
                    .flatten(),
                body_bytes: body.len(),
                unrecognizable: false,
                late: false,
            })
        }))
    }
}

/// An accepted delivery that awaits the handler's answer. Boxed, since it travels through every step of a layer and is
/// empty if nobody listens.
pub(crate) struct Observation(Option<Box<Record>>);

struct Record {
    observers: Observers,
    started: Instant,
    sender: Box<str>,
    kind: Box<str>,
    label: Option<Label>,
    id: Option<DeliveryId>,
    body_bytes: usize,
    unrecognizable: bool,
    /// The sender does not wait for the answer anymore.
    late: bool,
}

/// How the handler's answer went out.
pub(crate) struct Ended {
    /// The status of the handler's answer.
    pub(crate) status: StatusCode,
    /// The status that was sent.
    pub(crate) sent: StatusCode,
    /// Whether the sender counts what was sent as received.
    pub(crate) received: bool,
    /// Whether a success was replaced because this sender wants JSON.
    pub(crate) was_not_json: bool,
}

impl Observation {
    #[inline]
    pub(crate) fn answered(mut self, ended: Ended) {
        if let Some(record) = self.0.take() {
            record.answered(&ended);
        }
    }

    /// A layer answered in the handler's place.
    pub(crate) fn settled(mut self, verdict: Verdict<'_>) {
        if let Some(record) = self.0.take() {
            record.tell(verdict);
        }
    }

    /// The sender was told that the handler is late.
    pub(crate) fn late(&mut self, status: StatusCode) {
        if let Some(record) = &mut self.0 {
            record.tell(Verdict::Late { status });
            record.late = true;
        }
    }

    /// The sender has hung up.
    pub(crate) fn nobody_waits(&mut self) {
        if let Some(record) = &mut self.0 {
            record.late = true;
        }
    }

    pub(crate) fn unrecognizable(&mut self) {
        if let Some(record) = &mut self.0 {
            record.unrecognizable = true;
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

/// Out of the way of a delivery that nobody listens to.
impl Record {
    #[cold]
    fn answered(&self, ended: &Ended) {
        let status = ended.sent;
        self.tell(if self.late {
            Verdict::FinishedLate {
                handler_status: ended.status,
                received: ended.received && !ended.status.is_server_error(),
            }
        } else if ended.status.is_server_error() {
            Verdict::HandlerFailed {
                status,
                handler_status: ended.status,
            }
        } else if ended.received {
            Verdict::Received {
                status,
                was_not_json: ended.was_not_json,
            }
        } else {
            Verdict::Declined { status }
        });
    }

    #[cold]
    fn dropped(&self) {
        self.tell(match thread::panicking() {
            true => Verdict::Panicked,
            false => Verdict::Unanswered,
        });
    }

    fn tell(&self, verdict: Verdict<'_>) {
        self.observers.tell(&Outcome {
            sender: &self.sender,
            verdict,
            kind: Some(&self.kind),
            label: self.label.as_ref(),
            id: self.id.as_ref(),
            body_bytes: Some(self.body_bytes),
            unrecognizable: self.unrecognizable,
            elapsed: self.started.elapsed(),
        });
    }
}

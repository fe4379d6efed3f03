//! What happens to a delivery in its task, for every framework.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};
use webhook_core::driver::InFlight;
use webhook_core::{Deadline, Reply};

use super::tasks::Place;
#[cfg(feature = "once")]
use crate::once::claim::{Claimed, Claiming, Held};

/// An authentic delivery that has a task of its own.
pub struct Course {
    pub(crate) place: Place,
    pub(crate) in_flight: InFlight,
    pub(crate) deadline: Option<Deadline>,
    #[cfg(feature = "once")]
    pub(crate) claiming: Option<Box<Claiming>>,
}

/// What is sent to the future that waits for the answer.
pub enum Sent<A> {
    /// The answer as it is for the sender: the handler's, or that of a delivery whose handler was not started.
    Answer(A),
    /// The answer while the handler has the request, and goes on.
    Reply(Reply),
    /// The handler panicked: the panic goes on where the handler was called from.
    Panicked(Box<dyn Any + Send>),
}

impl Course {
    /// Starts the handler once the delivery is claimed, and runs it to its end, whether the sender waits or not.
    ///
    /// `answer_instead` makes the answer if it is not started; `conclude` applies the sender's rule to its output, and says
    /// whether the delivery was handled.
    ///
    /// Both futures are boxed, because spawning a task moves its future several times. What is in the captured variables is
    /// not there a second time, as the arguments of an `async fn` are.
    pub fn run<R, F: Future, A>(
        self,
        request: R,
        start: impl FnOnce(R) -> F,
        answers: oneshot::Sender<Sent<A>>,
        answer_instead: impl FnOnce(R, Reply) -> A,
        conclude: impl FnOnce(InFlight, F::Output) -> (A, bool),
    ) -> Pin<Box<impl Future<Output = ()>>> {
        let Self {
            place,
            in_flight,
            deadline,
            #[cfg(feature = "once")]
            claiming,
        } = self;
        let mut answers = Answers(Some(answers));
        Box::pin(async move {
            #[cfg(feature = "once")]
            let claimed = match claiming {
                Some(claiming) => claiming.claim(deadline).await,
                None => Claimed::NotAsked,
            };
            #[cfg(feature = "once")]
            let (held, in_flight) = match claimed.or_reply(in_flight) {
                Ok(claimed) => claimed,
                Err(reply) => return answers.finish(answer_instead(request, reply), place),
            };
            if deadline.is_some_and(Deadline::has_passed) {
                #[cfg(feature = "once")]
                let unsettled = match held {
                    Some(held) => held.settle(false, None).await,
                    None => None,
                };
                let answer = answer_instead(request, in_flight.too_late());
                answers.send(Some(Sent::Answer(answer)));
                #[cfg(feature = "once")]
                if let Some(unsettled) = unsettled {
                    unsettled.settle_in_the_end().await;
                }
                return place.finish();
            }

            let mut running = Running {
                in_flight: Some(in_flight),
                deadline: Deadlined::new(deadline),
                #[cfg(feature = "once")]
                held: held.as_ref(),
                lease: None,
            };
            // Declared last: if the task is dropped, what the handler holds goes before the claim.
            let mut handler = Box::pin(start(request));
            let ended = poll_fn(|cx| running.poll(handler.as_mut(), &mut answers, cx)).await;
            drop(handler);
            let in_flight = running.in_flight.take();
            drop(running);
            let (sent, handled) = match (ended, in_flight) {
                (Ok(output), Some(mut in_flight)) => {
                    if answers.nobody_waits() {
                        in_flight.nobody_waits();
                    }
                    let (answer, handled) = conclude(in_flight, output);
                    (Some(Sent::Answer(answer)), handled)
                }
                (Err(panic), _) => (Some(Sent::Panicked(panic)), false),
                (Ok(_), None) => (None, false),
            };
            #[cfg(feature = "once")]
            {
                // A repeat that comes right after the answer should find the delivery handled.
                let unsettled = match held {
                    Some(held) => held.settle(handled, deadline).await,
                    None => None,
                };
                answers.send(sent);
                if let Some(unsettled) = unsettled {
                    unsettled.settle_in_the_end().await;
                }
            }
            #[cfg(not(feature = "once"))]
            {
                let _ = handled;
                answers.send(sent);
            }
            place.finish();
        })
    }
}

/// A handler at work.
struct Running<'a> {
    in_flight: Option<InFlight>,
    deadline: Deadlined,
    /// The claim, until the handler turns out not to be ready at once.
    #[cfg(feature = "once")]
    held: Option<&'a Held>,
    /// What keeps the claim from then on.
    lease: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
}

impl Running<'_> {
    /// Is ready with the handler's output, or its panic.
    fn poll<F: Future, A>(
        &mut self,
        handler: Pin<&mut F>,
        answers: &mut Answers<A>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<F::Output, Box<dyn Any + Send>>> {
        // Before the handler, once they are armed: a handler that uses up the task's budget in tokio would leave them none.
        let is_late = self.deadline.poll(cx);
        if let Some(lease) = &mut self.lease
            && lease.as_mut().poll(cx).is_ready()
        {
            self.lease = None;
        }
        let in_flight = &mut self.in_flight;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            InFlight::reporting_panics(in_flight, || handler.poll(cx))
        }));
        match polled {
            Ok(Poll::Ready(output)) => return Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {}
            Err(panic) => return Poll::Ready(Err(panic)),
        }
        #[cfg(feature = "once")]
        if let Some(held) = self.held.take() {
            let mut lease = held.renewal();
            // It sets its timer.
            if lease.as_mut().poll(cx).is_pending() {
                self.lease = Some(lease);
            }
        }
        if (is_late || self.deadline.arm(cx))
            && let Some(in_flight) = &mut self.in_flight
        {
            answers.send(Some(Sent::Reply(in_flight.late())));
        }
        Poll::Pending
    }
}

/// A timer that is set only when the handler turns out not to be ready at once.
enum Deadlined {
    Never,
    At(Deadline),
    Armed(Pin<Box<Sleep>>),
}

impl Deadlined {
    fn new(deadline: Option<Deadline>) -> Self {
        deadline.map_or(Self::Never, Self::At)
    }

    /// Whether the deadline has passed, which is said once.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let Self::Armed(timer) = self else {
            return false;
        };
        let has_passed = timer.as_mut().poll(cx).is_ready();
        if has_passed {
            *self = Self::Never;
        }
        has_passed
    }

    fn arm(&mut self, cx: &mut Context<'_>) -> bool {
        let Self::At(deadline) = *self else {
            return false;
        };
        *self = Self::Armed(Box::pin(sleep_until(deadline.instant().into())));
        self.poll(cx)
    }
}

/// Where the one answer goes.
struct Answers<A>(Option<oneshot::Sender<Sent<A>>>);

impl<A> Answers<A> {
    fn nobody_waits(&self) -> bool {
        self.0.as_ref().is_some_and(oneshot::Sender::is_closed)
    }

    fn send(&mut self, sent: Option<Sent<A>>) {
        if let Some(sent) = sent
            && let Some(answers) = self.0.take()
        {
            let _hung_up = answers.send(sent);
        }
    }

    #[cfg(feature = "once")]
    fn finish(mut self, answer: A, place: Place) {
        self.send(Some(Sent::Answer(answer)));
        place.finish();
    }
}

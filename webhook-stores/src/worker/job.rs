//! One attempt to handle a delivery.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use webhook_core::guarantee::{Ending, Job};
use webhook_tower::__lease::{self, LONGEST};

use super::handler::Handler;
use super::next::{Retry, Verdict};
use super::{Settings, Store};

/// How long a delivery waits that the app is not configured for.
const MISCONFIGURED: Duration = Duration::from_secs(30);

/// Handles a delivery and records how that ended.
pub(super) async fn attempt(
    store: Arc<dyn Store>,
    handler: Arc<dyn Handler>,
    job: Job,
    settings: Settings,
) {
    let ending = match job.attempt > settings.backoff.attempts() {
        // It was taken again because no attempt ended.
        true => Ending::Dead {
            why: "no attempt ended: the process died in each, or was stopped".into(),
        },
        false => {
            let verdict = handled(&store, &*handler, &job, &settings).await;
            ending(&job, verdict, &settings)
        }
    };
    settings.told.tell(&job, &ending);
    record(&store, &job, ending, settings.lease).await;
}

/// Tries until the end is recorded, or until someone else has the delivery. That it is to be handled again need not be
/// recorded once its lease has run out.
async fn record(store: &Arc<dyn Store>, job: &Job, ending: Ending, lease: Duration) {
    let row = job.ticket.row;
    let began = Instant::now();
    let mut pause = Duration::from_millis(100);
    let mut may_be_recorded = false;
    loop {
        match store.finish(job.ticket, ending.clone()).await {
            Ok(true) => return,
            Ok(false) => {
                if !may_be_recorded {
                    tracing::warn!(
                        target: "webhook",
                        row,
                        "the lease of a delivery ran out while it was handled, so that it is handled again"
                    );
                }
                return;
            }
            Err(error) => tracing::warn!(
                target: "webhook",
                row,
                "the end of an attempt is not recorded yet: {error}"
            ),
        }
        may_be_recorded = true;
        if began.elapsed() > lease * 2 && !matches!(ending, Ending::Done) {
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// Runs the handler, and renews the lease meanwhile.
async fn handled(
    store: &Arc<dyn Store>,
    handler: &dyn Handler,
    job: &Job,
    settings: &Settings,
) -> Verdict {
    let mut running = handler.handle(job);
    let renew = || store.renew(job.ticket, settings.lease);
    let mut renewing = Box::pin(__lease::keep(settings.lease, renew));
    let mut renews = true;
    let attempt = poll_fn(|cx| {
        // Before the handler: one that uses up the task's budget in tokio would leave the timer none.
        if renews && renewing.as_mut().poll(cx).is_ready() {
            renews = false;
        }
        match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx))) {
            Ok(polled) => polled,
            Err(_) => Poll::Ready(Verdict::Failed {
                why: "the handler panicked".to_owned(),
                retry: None,
            }),
        }
    });
    let limit = settings.attempt_within;
    timeout(limit, attempt)
        .await
        .unwrap_or_else(|_| Verdict::Failed {
            why: format!("the handler did not end within {limit:?}"),
            retry: None,
        })
}

fn ending(job: &Job, verdict: Verdict, settings: &Settings) -> Ending {
    let (why, retry) = match verdict {
        Verdict::Done => return Ending::Done,
        Verdict::Misconfigured(why) => {
            return Ending::Again {
                after: MISCONFIGURED,
                counts: false,
                why: storable(&why),
            };
        }
        Verdict::Failed { why, retry } => (storable(&why), retry),
    };
    let planned = settings.backoff.after(job.attempt);
    match (retry, planned) {
        (Some(Retry::Never), _) | (_, None) => Ending::Dead { why },
        (Some(Retry::After(after)), Some(_)) => Ending::Again {
            after: after.min(LONGEST),
            counts: true,
            why,
        },
        (None, Some(after)) => Ending::Again {
            after,
            counts: true,
            why,
        },
    }
}

/// Without NUL, which PostgreSQL does not store, and not longer than an operator reads.
fn storable(why: &str) -> Box<str> {
    why.chars()
        .filter(|character| *character != '\0')
        .take(2000)
        .collect::<String>()
        .into()
}

/// What the log is told beside the outcome of the handler.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// When it was told that the app lacks something.
    misconfigured: Mutex<Option<Instant>>,
}

impl Told {
    fn tell(&self, job: &Job, ending: &Ending) {
        let delivery = &job.delivery;
        let (sender, endpoint) = (delivery.sender(), delivery.endpoint());
        let (row, attempt, id) = (job.ticket.row, job.attempt, delivery.id());
        match ending {
            Ending::Again {
                counts: true,
                after,
                why,
            } => tracing::warn!(
                target: "webhook",
                sender, endpoint, row, attempt, id,
                "a delivery in the inbox was not handled, and is tried again in {after:.1?}: {why}"
            ),
            Ending::Again { why, .. } if self.is_due() => tracing::error!(
                target: "webhook",
                sender, endpoint, row, id,
                "the app lacks what the handler of deliveries in the inbox needs, which wait, such as this one: {why}"
            ),
            Ending::Dead { why } => tracing::error!(
                target: "webhook",
                sender, endpoint, row, attempt, id,
                "a delivery in the inbox is dead until someone acts: {why}"
            ),
            _ => {}
        }
    }

    /// Once a minute, since each delivery that waits would say it.
    fn is_due(&self) -> bool {
        let mut told = self
            .misconfigured
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_due = told.is_none_or(|at| at.elapsed() > Duration::from_secs(60));
        if is_due {
            *told = Some(Instant::now());
        }
        is_due
    }
}

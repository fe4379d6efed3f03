//! One attempt to handle a delivery.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{interval, sleep};
use webhook_core::guarantee::{Ending, Job};

use super::handler::Handler;
use super::next::{Retry, Verdict};
use super::{Settings, Store};

/// How long a delivery waits that the app is not configured for.
const MISCONFIGURED: Duration = Duration::from_secs(30);

/// The longest wait that a handler can ask for.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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
            let verdict = handled(&store, &*handler, &job, settings.lease).await;
            ending(&job, verdict, &settings)
        }
    };
    tell(&job, &ending);
    record(&store, &job, ending).await;
}

/// Tries until the end is recorded, or until someone else has the delivery.
async fn record(store: &Arc<dyn Store>, job: &Job, ending: Ending) {
    let row = job.ticket.row;
    let mut pause = Duration::from_millis(100);
    loop {
        match store.finish(job.ticket, ending.clone()).await {
            Ok(true) => return,
            Ok(false) => {
                tracing::warn!(
                    target: "webhook",
                    row,
                    "the lease of a delivery ran out while it was handled, so that it is handled again"
                );
                return;
            }
            Err(error) => tracing::warn!(
                target: "webhook",
                row,
                "the end of an attempt is not recorded yet: {error}"
            ),
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
    lease: Duration,
) -> Verdict {
    let mut running = handler.handle(job);
    let mut renewing = Box::pin(async {
        let mut ticks = interval(lease / 3);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            // A failure may pass before the lease ends; a lease that is lost stays so.
            if let Ok(false) = store.renew(job.ticket, lease).await {
                return;
            }
        }
    });
    let mut renews = true;
    poll_fn(|cx| {
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
    })
    .await
}

fn ending(job: &Job, verdict: Verdict, settings: &Settings) -> Ending {
    let (why, retry) = match verdict {
        Verdict::Done => return Ending::Done,
        Verdict::Unreadable(why) => {
            return Ending::Dead {
                why: storable(&why),
            };
        }
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

/// What the outcome of the handler does not say.
fn tell(job: &Job, ending: &Ending) {
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
        Ending::Again { why, .. } => tracing::error!(
            target: "webhook",
            sender, endpoint, row, id,
            "the app lacks what the handler of a delivery in the inbox needs, which waits: {why}"
        ),
        Ending::Dead { why } => tracing::error!(
            target: "webhook",
            sender, endpoint, row, attempt, id,
            "a delivery in the inbox is dead until someone acts: {why}"
        ),
        _ => {}
    }
}

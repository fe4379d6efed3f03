//! The course of a claim: made, renewed while the handler runs, and settled.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use webhook_core::driver::InFlight;
use webhook_core::guarantee::{Claim, OnceStore, StoreError, Token};
use webhook_core::{Deadline, Identity, Reply};

use crate::lease;

/// How long a store may take to claim a delivery, if its sender documents no deadline.
const SLOWEST_CLAIM: Duration = Duration::from_secs(10);

/// How long a store may take each time that it is asked to settle a claim whose answer was sent.
const SLOWEST_SETTLEMENT: Duration = Duration::from_secs(10);

/// How long an answer is held back so that a repeat right after it finds the delivery settled.
const SETTLE_BEFORE_ANSWER: Duration = Duration::from_secs(1);

/// A delivery that is to be claimed.
pub(crate) struct Claiming {
    pub(super) store: Arc<dyn OnceStore>,
    pub(super) identity: Identity,
    pub(super) lease: Duration,
    pub(super) keep: Duration,
    pub(super) run_when_store_fails: bool,
}

/// What became of the claim.
pub(crate) enum Claimed {
    /// The handler runs under this claim.
    Mine(Held),
    /// The handler runs without one: the delivery has no id for that, or the store failed and the app wants it all the same.
    NotAsked,
    Running,
    Done,
    Full,
    Failed(StoreError),
}

impl Claimed {
    /// The claim under which the handler runs, if there is one; or the answer, if it does not run.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub(crate) fn or_reply(self, in_flight: InFlight) -> Result<(Option<Held>, InFlight), Reply> {
        Err(match self {
            Self::Mine(held) => return Ok((Some(held), in_flight)),
            Self::NotAsked => return Ok((None, in_flight)),
            Self::Done => in_flight.duplicate(),
            Self::Running => in_flight.in_progress(),
            Self::Full => in_flight.overloaded(),
            Self::Failed(error) => in_flight.store_failed(&error),
        })
    }
}

impl Claiming {
    pub(crate) async fn claim(self: Box<Self>, deadline: Option<Deadline>) -> Claimed {
        let run_when_store_fails = self.run_when_store_fails;
        let limit = || match deadline.map(Deadline::remaining) {
            // The handler needs the other half.
            Some(remaining) if run_when_store_fails => remaining / 2,
            Some(remaining) => remaining,
            None => SLOWEST_CLAIM,
        };
        // The request is finished whatever happens here: a claim that comes too late is released.
        let mut asked = Box::pin(self.ask());
        let failed = match within(limit, asked.as_mut()).await {
            Ok(Ok(claimed)) => return claimed,
            Ok(Err(error)) => error,
            Err(limit) => {
                tokio::spawn(async move {
                    if let Ok(Claimed::Mine(held)) = asked.await {
                        held.release().await;
                    }
                });
                StoreError::new("claim a delivery", format!("no answer within {limit:?}"))
            }
        };
        if run_when_store_fails {
            #[cfg(feature = "tracing")]
            tracing::error!(
                target: "webhook",
                "a webhook is handled although it may have been before: {failed}"
            );
            return Claimed::NotAsked;
        }
        Claimed::Failed(failed)
    }

    async fn ask(self: Box<Self>) -> Result<Claimed, StoreError> {
        let asked = Instant::now();
        let claim = self.store.claim(&self.identity, self.lease).await?;
        Ok(match claim {
            Claim::First(token) => {
                let is_over = asked.elapsed() >= self.lease;
                let held = Held {
                    claim: Some((self, token)),
                    handled: false,
                };
                match is_over {
                    false => Claimed::Mine(held),
                    // Its lease has run out on the way: dropped, it is freed.
                    true => Claimed::Running,
                }
            }
            Claim::Done => Claimed::Done,
            Claim::Full => Claimed::Full,
            // A state that a later release of the core knows is not one in which the handler may run.
            _ => Claimed::Running,
        })
    }
}

/// What a store answers, or the limit, if it takes longer. One that answers at once, as in memory, gets no timer.
async fn within<F: Future>(
    limit: impl FnOnce() -> Duration,
    mut answer: Pin<&mut F>,
) -> Result<F::Output, Duration> {
    let at_once = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
    if let Poll::Ready(answer) = at_once {
        return Ok(answer);
    }
    let limit = limit();
    timeout(limit, answer).await.map_err(|_| limit)
}

/// A claim that is held. Dropped, it is freed, unless the delivery was handled, as far as there is a runtime to do so; if
/// there is none, its lease ends it.
pub(crate) struct Held {
    /// Taken when it is settled.
    claim: Option<(Box<Claiming>, Token)>,
    /// Whether the delivery was handled.
    handled: bool,
}

impl Held {
    /// Renews the lease until someone else holds the claim.
    pub(crate) fn renewal(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let Some((claiming, token)) = &self.claim else {
                return;
            };
            let renew = || {
                claiming
                    .store
                    .renew(&claiming.identity, *token, claiming.lease)
            };
            lease::keep(claiming.lease, renew).await;
        })
    }

    pub(crate) async fn release(self) {
        if let Some(unsettled) = self.settle(false, None).await {
            unsettled.settle_in_the_end().await;
        }
    }

    /// Records whether the delivery was handled. Returns the claim if the store did not do so at once, or before a deadline
    /// that has not passed yet.
    pub(crate) async fn settle(
        mut self,
        handled: bool,
        deadline: Option<Deadline>,
    ) -> Option<Self> {
        self.handled = handled;
        let (claiming, token) = self.claim.as_ref()?;
        let limit = || {
            deadline
                .map(Deadline::remaining)
                .filter(|remaining| !remaining.is_zero())
                .map_or(SETTLE_BEFORE_ANSWER, |it| it.min(SETTLE_BEFORE_ANSWER))
        };
        let settled = {
            let settling = pin!(claiming.settle(*token, handled));
            within(limit, settling).await
        };
        match settled {
            Ok(Ok(_)) => {
                self.claim = None;
                None
            }
            Ok(Err(_)) | Err(_) => Some(self),
        }
    }

    /// Tries to until the store does, or until someone else holds the claim. A claim that is to be freed is left alone once
    /// its lease has run out.
    pub(crate) async fn settle_in_the_end(mut self) {
        let handled = self.handled;
        let began = Instant::now();
        let mut pause = Duration::from_millis(100);
        while let Some((claiming, token)) = &self.claim {
            if !handled && began.elapsed() > claiming.lease {
                break;
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
            let settled = timeout(SLOWEST_SETTLEMENT, claiming.settle(*token, handled));
            if let Ok(Ok(_)) = settled.await {
                break;
            }
        }
        self.claim = None;
    }
}

impl Claiming {
    async fn settle(&self, token: Token, handled: bool) -> Result<bool, StoreError> {
        match handled {
            true => self.store.done(&self.identity, token, self.keep).await,
            false => self.store.release(&self.identity, token).await,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((claiming, token)) = self.claim.take()
            && let Ok(runtime) = Handle::try_current()
        {
            let handled = self.handled;
            runtime.spawn(async move { claiming.settle(token, handled).await.is_ok() });
        }
    }
}

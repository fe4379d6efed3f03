//! The course of a claim: made, renewed while the handler runs, and settled.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use webhook_core::guarantee::{Claim, OnceStore, StoreError, Token};
use webhook_core::{Deadline, Identity};

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
    /// The store failed, and the app wants the handler to run all the same.
    NotAsked,
    Running,
    Done,
    Full,
    Failed(StoreError),
}

impl Claiming {
    pub(crate) async fn claim(self, deadline: Option<Deadline>) -> Claimed {
        let run_when_store_fails = self.run_when_store_fails;
        let limit = match deadline.map(Deadline::remaining) {
            // The handler needs the other half.
            Some(remaining) if run_when_store_fails => remaining / 2,
            Some(remaining) => remaining,
            None => SLOWEST_CLAIM,
        };
        // The request is finished whatever happens here: a claim that comes too late is released.
        let mut asked = Box::pin(self.ask());
        let failed = match timeout(limit, &mut asked).await {
            Ok(Ok(claimed)) => return claimed,
            Ok(Err(error)) => error,
            Err(_) => {
                tokio::spawn(async move {
                    if let Ok(Claimed::Mine(held)) = asked.await {
                        held.release().await;
                    }
                });
                StoreError::new("claim a delivery", format!("no answer within {limit:?}"))
            }
        };
        if run_when_store_fails {
            return Claimed::NotAsked;
        }
        Claimed::Failed(failed)
    }

    async fn ask(self) -> Result<Claimed, StoreError> {
        let claim = self.store.claim(&self.identity, self.lease).await?;
        Ok(match claim {
            Claim::First(token) => Claimed::Mine(Held {
                claim: Some((self, token)),
                since: Instant::now(),
            }),
            Claim::Done => Claimed::Done,
            Claim::Full => Claimed::Full,
            // A state that a later release of the core knows is not one in which the handler may run.
            _ => Claimed::Running,
        })
    }
}

/// A claim that is held. Dropped, it is freed, as far as there is a runtime to do so; if there is none, its lease ends it.
pub(crate) struct Held {
    /// Taken when it is settled.
    claim: Option<(Claiming, Token)>,
    since: Instant,
}

impl Held {
    /// Renews the lease until someone else holds the claim.
    pub(crate) fn renewal(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let Some((claiming, token)) = &self.claim else {
                return;
            };
            let third = claiming.lease / 3;
            let mut renewals = interval_at(Instant::now() + third, third);
            renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                renewals.tick().await;
                let renewed = claiming
                    .store
                    .renew(&claiming.identity, *token, claiming.lease);
                // A failure, or no answer, may pass before the lease ends.
                if let Ok(Ok(false)) = timeout(third, renewed).await {
                    return;
                }
            }
        })
    }

    pub(crate) async fn release(self) {
        if let Some(unsettled) = self.settle(false, None).await {
            unsettled.settle_in_the_end(false).await;
        }
    }

    /// Records whether the delivery was handled. Returns the claim if the store did not do so at once, or before a deadline
    /// that has not passed yet.
    pub(crate) async fn settle(
        mut self,
        handled: bool,
        deadline: Option<Deadline>,
    ) -> Option<Self> {
        let (claiming, token) = self.claim.as_ref()?;
        let limit = deadline
            .map(Deadline::remaining)
            .filter(|remaining| !remaining.is_zero())
            .map_or(SETTLE_BEFORE_ANSWER, |it| it.min(SETTLE_BEFORE_ANSWER));
        match timeout(limit, claiming.settle(*token, handled)).await {
            Ok(Ok(_)) => {
                self.claim = None;
                None
            }
            Ok(Err(_)) | Err(_) => Some(self),
        }
    }

    /// Tries to until the store does, or until someone else holds the claim. A claim that is to be freed is left alone once
    /// its lease has run out.
    pub(crate) async fn settle_in_the_end(mut self, handled: bool) {
        let mut pause = Duration::from_millis(100);
        while let Some((claiming, token)) = &self.claim {
            if !handled && self.since.elapsed() > claiming.lease * 2 {
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
            runtime.spawn(async move { claiming.settle(token, false).await.is_ok() });
        }
    }
}

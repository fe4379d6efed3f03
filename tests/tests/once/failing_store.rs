//! A store that fails, does not answer, or answers late.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;
use webhook_core::Identity;
use webhook_core::guarantee::{Claim, OnceStore, StoreError, StoreFuture, Token};
use webhook_core::tusfacturas::TusFacturas;
use webhook_tower::{MemoryStore, Tasks};

use crate::subject::{Framework, Layers, Outcomes, Server, issued, request, verifier, wait_until};

/// What the store does with one call; it does as it should if nothing is planned.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Fails,
    /// Without having done anything.
    Hangs,
    /// It does as it should when the test lets it.
    IsLate,
    /// It does as it should, and keeps its thread until the deadline has passed.
    Blocks,
}

#[derive(Clone)]
struct Faulty(Arc<Shared>);

struct Shared {
    store: MemoryStore,
    claiming: Mutex<VecDeque<Fault>>,
    finishing: Mutex<VecDeque<Fault>>,
    gate: Semaphore,
}

impl Faulty {
    fn new() -> Self {
        Self(Arc::new(Shared {
            store: MemoryStore::new(),
            claiming: Mutex::default(),
            finishing: Mutex::default(),
            gate: Semaphore::new(0),
        }))
    }

    fn running(&self) -> bool {
        !format!("{:?}", self.0.store).contains("running: 0")
    }

    async fn suffer(&self, faults: &Mutex<VecDeque<Fault>>) -> Result<(), StoreError> {
        let fault = faults.lock().unwrap().pop_front();
        match fault {
            None => Ok(()),
            Some(Fault::Fails) => Err(StoreError::new("reach the store", "it is down")),
            Some(Fault::Hangs) => pending().await,
            Some(Fault::IsLate) => {
                self.0.gate.acquire().await.unwrap().forget();
                Ok(())
            }
            Some(Fault::Blocks) => {
                thread::sleep(2 * ANSWER_BY);
                Ok(())
            }
        }
    }
}

impl OnceStore for Faulty {
    fn claim<'a>(&'a self, identity: &'a Identity, lease: Duration) -> StoreFuture<'a, Claim> {
        Box::pin(async move {
            self.suffer(&self.0.claiming).await?;
            self.0.store.claim(identity, lease).await
        })
    }

    fn renew<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        lease: Duration,
    ) -> StoreFuture<'a, bool> {
        self.0.store.renew(identity, token, lease)
    }

    fn done<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        keep: Duration,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            self.suffer(&self.0.finishing).await?;
            self.0.store.done(identity, token, keep).await
        })
    }

    fn release<'a>(&'a self, identity: &'a Identity, token: Token) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            self.suffer(&self.0.finishing).await?;
            self.0.store.release(identity, token).await
        })
    }

    fn forget<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool> {
        self.0.store.forget(identity)
    }
}

struct Subject {
    store: Faulty,
    server: Server,
    outcomes: Outcomes,
    tasks: Tasks,
}

const ANSWER_BY: Duration = Duration::from_millis(300);

impl Subject {
    fn start(framework: Framework, answer_by: Duration, run_when_store_fails: bool) -> Self {
        let store = Faulty::new();
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<TusFacturas>(&outcomes).trust_unsigned_ids();
        let layers = Layers::once(&verifier, "invoices", store.clone(), &tasks);
        let layers = layers.answer_by(answer_by);
        let layers = match run_when_store_fails {
            true => layers.run_when_store_fails(),
            false => layers,
        };
        Self {
            store,
            server: Server::start(framework, layers),
            outcomes,
            tasks,
        }
    }

    #[track_caller]
    fn deliver(&self, hook_id: &str) -> (u16, String) {
        let answer = request(&issued(hook_id)).send(self.server.addr);
        (answer.status, self.outcomes.next(1).remove(0))
    }
}

fn answer(status: u16, told: &str) -> (u16, String) {
    (status, told.to_owned())
}

#[test]
fn a_claim_that_fails_is_answered_503_and_nothing_is_begun() {
    for framework in Framework::ALL {
        let subject = Subject::start(framework, ANSWER_BY, false);
        for fault in [Fault::Fails, Fault::Hangs, Fault::IsLate] {
            let case = format!("{framework:?}, {fault:?}");
            let hook_id = format!("{fault:?}");
            let started = subject.server.work.started();
            subject.store.0.claiming.lock().unwrap().push_back(fault);
            let told = subject.deliver(&hook_id);
            assert_eq!(told, answer(503, "store_failed"), "{case}");
            if let Fault::IsLate = fault {
                // The claim that arrives now is released, also if that takes two attempts.
                let fails = [Fault::Fails];
                subject.store.0.finishing.lock().unwrap().extend(fails);
                subject.store.0.gate.add_permits(1);
                wait_until(|| subject.store.0.finishing.lock().unwrap().len(), 0);
                wait_until(|| subject.store.running(), false);
            }
            assert_eq!(subject.server.work.started(), started, "{case}");
            let told = subject.deliver(&hook_id);
            assert_eq!(told, answer(200, "received"), "{case}");
            assert_eq!(subject.server.work.started(), started + 1, "{case}");
        }
        wait_until(|| subject.tasks.running(), 0);
    }
}

#[test]
fn an_app_may_run_its_handler_when_the_store_fails() {
    for framework in Framework::ALL {
        let subject = Subject::start(framework, 2 * ANSWER_BY, true);
        for fault in [Fault::Fails, Fault::Hangs, Fault::IsLate] {
            let case = format!("{framework:?}, {fault:?}");
            subject.store.0.claiming.lock().unwrap().push_back(fault);
            let told = subject.deliver("h1");
            assert_eq!(told, answer(200, "received"), "{case}");
        }
        subject.store.0.gate.add_permits(1);
        wait_until(|| subject.store.running(), false);
        assert_eq!(subject.server.work.started(), 3);
    }
}

#[test]
fn what_was_handled_is_recorded_as_soon_as_it_can_be() {
    use Fault::{Fails, Hangs};
    for framework in Framework::ALL {
        let subject = Subject::start(framework, Duration::from_secs(60), false);
        for (faults, end, next) in [
            (&[Fails][..], "200", "duplicate"),
            (&[Fails, Fails, Fails], "200", "duplicate"),
            (&[Hangs], "200", "duplicate"),
            (&[Fails, Fails], "404", "received"),
        ] {
            let case = format!("{framework:?}, {faults:?}, {end}");
            subject.server.work.plan([end]);
            subject.store.0.finishing.lock().unwrap().extend(faults);
            let (status, _) = subject.deliver(&case);
            assert_eq!(status.to_string(), end, "{case}");
            // Until then it looks as if it were being handled.
            assert_eq!(subject.deliver(&case), answer(503, "in_progress"), "{case}");
            assert_eq!(subject.tasks.running(), 1, "{case}");
            wait_until(|| subject.tasks.running(), 0);
            assert_eq!(subject.deliver(&case), answer(200, next), "{case}");
        }
    }
}

/// A store that has all the time of the lease keeps nobody waiting.
#[test]
fn an_answer_does_not_wait_for_the_store() {
    for framework in Framework::ALL {
        let subject = Subject::start(framework, ANSWER_BY, false);
        let blocks = Fault::Blocks;
        subject.store.0.claiming.lock().unwrap().push_back(blocks);
        let faults = [Fault::Hangs, Fault::Hangs];
        subject.store.0.finishing.lock().unwrap().extend(faults);
        assert_eq!(subject.deliver("h1"), answer(503, "late"), "{framework:?}");
        assert_eq!(subject.server.work.started(), 0, "{framework:?}");

        let subject = Subject::start(framework, Duration::from_secs(60), false);
        subject.server.work.plan(["500"]);
        let faults = [Fault::Hangs, Fault::Hangs];
        subject.store.0.finishing.lock().unwrap().extend(faults);
        assert_eq!(subject.deliver("h1"), answer(500, "handler_failed"));
    }
}

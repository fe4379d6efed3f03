//! Claims whose holder does not renew them, and one that does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use webhook_core::guarantee::{Claim, OnceStore, StoreFuture, Token};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{DeliveryId, Identity};
use webhook_tests::client::Connection;
use webhook_tower::{MemoryStore, Tasks};

use crate::subject::{Framework, Layers, Outcomes, Server, issued, request, verifier, wait_until};

const LEASE: Duration = Duration::from_secs(60);
const KEEP: Duration = Duration::from_secs(600);

/// A clock that the test sets.
#[derive(Clone)]
struct Time {
    start: Instant,
    passed: Arc<Mutex<Duration>>,
}

impl Time {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            passed: Arc::default(),
        }
    }

    fn passes(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }

    fn store(&self) -> MemoryStore {
        let time = self.clone();
        MemoryStore::new().with_clock(move || time.start + *time.passed.lock().unwrap())
    }
}

#[track_caller]
fn first(claim: Claim) -> Token {
    match claim {
        Claim::First(token) => token,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_loses_a_claim_changes_nothing_anymore() {
    let time = Time::new();
    let store = time.store();
    let delivery = &DeliveryId::signed("msg_1").claim("orders");
    let claim = async || store.claim(delivery, LEASE).await.unwrap();
    let second = Duration::from_secs(1);

    let old = first(claim().await);
    time.passes(LEASE - second);
    assert_eq!(claim().await, Claim::Running);
    assert!(store.renew(delivery, old, LEASE).await.unwrap());
    time.passes(LEASE - second);
    assert_eq!(claim().await, Claim::Running);
    time.passes(second);
    let new = first(claim().await);
    assert_ne!(old, new);
    for changed in [
        store.renew(delivery, old, LEASE).await,
        store.done(delivery, old, KEEP).await,
        store.release(delivery, old).await,
    ] {
        assert!(!changed.unwrap());
        assert_eq!(claim().await, Claim::Running);
    }
    // A lease that has run out is still its holder's, until someone takes it.
    time.passes(2 * LEASE);
    assert!(store.done(delivery, new, KEEP).await.unwrap());
    assert_eq!(claim().await, Claim::Done);
    assert!(!store.done(delivery, old, KEEP).await.unwrap());
    assert!(!store.release(delivery, new).await.unwrap());
    time.passes(KEEP - second);
    assert_eq!(claim().await, Claim::Done);
    time.passes(second);
    let again = first(claim().await);
    assert!(store.release(delivery, again).await.unwrap());
    first(claim().await);
    assert!(store.forget(delivery).await.unwrap());
    assert!(!store.forget(delivery).await.unwrap());
    first(claim().await);
}

/// As when a process was stopped, and goes on.
#[test]
fn a_claim_that_was_taken_over_is_settled_by_its_new_holder() {
    for framework in Framework::ALL {
        for end in ["wait 200", "wait 500"] {
            let time = Time::new();
            let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
            let verifier = verifier::<TusFacturas>(&outcomes).trust_unsigned_ids();
            let layers = Layers::once(&verifier, "invoices", time.store(), &tasks);
            let server = Server::start(framework, layers);
            let delivery = request(&issued("h1"));
            server.work.plan([end, "wait 404"]);
            let begin = |started| {
                let mut connection = Connection::open(server.addr);
                connection.write(&delivery.head());
                connection.write(&delivery.body());
                wait_until(|| server.work.started(), started);
                connection
            };
            let mut old = begin(1);
            time.passes(LEASE);
            let mut new = begin(2);
            // The first that waits is the first that goes on.
            server.work.let_go(1);
            old.response();
            assert_eq!(outcomes.take().len(), 1, "{framework:?}, {end}");
            assert_eq!(
                delivery.send(server.addr).status,
                503,
                "{framework:?}, {end}"
            );
            assert_eq!(outcomes.next(1), ["in_progress"], "{framework:?}, {end}");
            server.work.let_go(1);
            assert_eq!(new.response().status, 404, "{framework:?}, {end}");
            assert_eq!(outcomes.next(1), ["declined"], "{framework:?}, {end}");
            for told in ["received", "duplicate"] {
                assert_eq!(delivery.send(server.addr).status, 200);
                assert_eq!(outcomes.next(1), [told], "{framework:?}, {end}");
            }
        }
    }
}

/// In which a third of a lease passes with each renewal.
#[derive(Clone)]
struct Renewed {
    store: MemoryStore,
    time: Time,
    renewals: Arc<AtomicU64>,
}

/// The shortest one.
const SHORT: Duration = Duration::from_millis(100);

impl OnceStore for Renewed {
    fn claim<'a>(&'a self, identity: &'a Identity, lease: Duration) -> StoreFuture<'a, Claim> {
        self.store.claim(identity, lease)
    }

    fn renew<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        lease: Duration,
    ) -> StoreFuture<'a, bool> {
        self.time.passes(lease / 3);
        let number = self.renewals.fetch_add(1, Ordering::Relaxed);
        match number {
            // One that is not answered, whose lease the next one saves.
            2 => Box::pin(std::future::pending()),
            _ => self.store.renew(identity, token, lease),
        }
    }

    fn done<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        keep: Duration,
    ) -> StoreFuture<'a, bool> {
        self.store.done(identity, token, keep)
    }

    fn release<'a>(&'a self, identity: &'a Identity, token: Token) -> StoreFuture<'a, bool> {
        self.store.release(identity, token)
    }

    fn forget<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool> {
        self.store.forget(identity)
    }
}

#[test]
fn a_handler_that_takes_longer_than_its_lease_keeps_the_claim() {
    let plans = ["wait 200", "busy 200"];
    for (framework, plan) in Framework::ALL
        .into_iter()
        .flat_map(|it| plans.map(|plan| (it, plan)))
    {
        let time = Time::new();
        let store = Renewed {
            store: time.store(),
            time,
            renewals: Arc::default(),
        };
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<TusFacturas>(&outcomes).trust_unsigned_ids();
        let layers = Layers::once(&verifier, "invoices", store.clone(), &tasks).lease(SHORT);
        let server = Server::start(framework, layers);
        let delivery = request(&issued("h1"));
        server.work.plan([plan]);
        let mut connection = Connection::open(server.addr);
        connection.write(&delivery.head());
        connection.write(&delivery.body());
        wait_until(|| store.renewals.load(Ordering::Relaxed) > 8, true);
        assert!(*store.time.passed.lock().unwrap() > 2 * SHORT);
        assert_eq!(
            delivery.send(server.addr).status,
            503,
            "{framework:?}, {plan}"
        );
        assert_eq!(outcomes.next(1), ["in_progress"], "{framework:?}, {plan}");
        server.work.let_go(1);
        assert_eq!(connection.response().status, 200);
        wait_until(|| tasks.running(), 0);
        // Nothing is left that renews.
        let renewals = store.renewals.load(Ordering::Relaxed);
        std::thread::sleep(SHORT);
        assert_eq!(store.renewals.load(Ordering::Relaxed), renewals);
        assert_eq!(delivery.send(server.addr).status, 200);
        assert_eq!(
            outcomes.next(2),
            ["received", "duplicate"],
            "{framework:?}, {plan}"
        );
    }
}

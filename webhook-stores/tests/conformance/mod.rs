//! What every store promises, as checks that any of them can be put to.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use webhook_core::driver::{Intake, Verifier};
use webhook_core::guarantee::{
    Ending, Filter, InboxQueue, InboxRecords, Job, Pruned, RecordId, Row, State, Stored,
    StoredDelivery, Ticket,
};
use webhook_core::testing;
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{DeliveryId, Identity};

/// A store with all that an inbox is asked for.
pub trait Store: InboxQueue + InboxRecords {}

impl<S: InboxQueue + InboxRecords> Store for S {}

/// A store under test, and how its time passes.
pub struct Bench {
    pub store: Arc<dyn Store>,
    /// Lets time pass for the store.
    pub pass: Box<dyn Fn(Duration) + Send + Sync>,
    /// What must live as long as the store.
    pub kept: Box<dyn std::any::Any + Send + Sync>,
}

const LEASE: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(86_400);

/// A number that no other delivery of this process has.
pub fn fresh() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A delivery as an intake makes it, from a request that was verified.
pub fn received(endpoint: &str, hook: &str) -> StoredDelivery {
    let verifier = Verifier::<TusFacturas>::try_new("s3cr3t")
        .unwrap()
        .trust_unsigned_ids();
    let body = format!(r#"{{"evento":"emitido","hook_id":"{hook}"}}"#);
    let request = testing::tusfacturas_body(body, "s3cr3t");
    let intake = Intake::new(verifier, endpoint);
    let storing = intake
        .begin(&request.head())
        .unwrap()
        .finish_or_refuse(Ok(request.body))
        .unwrap();
    storing.in_flight.stored();
    storing.delivery
}

/// A delivery of these columns.
pub fn delivery(endpoint: &str, key: Option<&str>, body: impl Into<Bytes>) -> StoredDelivery {
    let row = Row {
        format: StoredDelivery::FORMAT,
        sender: "bench",
        endpoint,
        kind: "tested",
        key,
        keep_key: 7 * DAY,
        received_at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
        envelope: r#"{"label":"acme","id":"msg","target":"/hook?a=1"}"#,
    };
    StoredDelivery::read(row, body.into()).unwrap()
}

async fn put(store: &dyn Store, endpoint: &str) -> RecordId {
    let key = format!("key-{}", fresh());
    let stored = store.store(delivery(endpoint, Some(&key), "{}")).await;
    assert_eq!(stored.unwrap(), Stored::New);
    let newest = list(store, |filter| filter.limit = 1).await;
    newest[0]
}

async fn list(store: &dyn Store, narrow: impl FnOnce(&mut Filter)) -> Vec<RecordId> {
    let mut filter = Filter::default();
    narrow(&mut filter);
    let records = store.list(&filter).await.unwrap();
    records.into_iter().map(|record| record.id).collect()
}

async fn take(store: &dyn Store, endpoint: &str) -> Vec<Job> {
    store.take(&[endpoint], 100, LEASE).await.unwrap()
}

async fn take_one(store: &dyn Store, endpoint: &str) -> Job {
    let mut jobs = take(store, endpoint).await;
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

async fn state(store: &dyn Store, id: RecordId) -> State {
    store.show(id).await.unwrap().unwrap().state
}

fn again(after: Duration, counts: bool) -> Ending {
    Ending::Again {
        after,
        counts,
        why: "the handler answered 500".into(),
    }
}

fn dead() -> Ending {
    Ending::Dead {
        why: "it failed 5 times".into(),
    }
}

/// Makes a test of each check, on a store of its own: a function that returns a [`Bench`], or perhaps one.
#[macro_export]
macro_rules! conformance {
    ($open:path) => {
        $crate::conformance!($open:
            a_delivery_comes_back_as_it_was_stored
            a_repeat_is_a_duplicate_in_every_state
            deliveries_without_a_key_are_all_new
            the_longest_due_are_taken_first_and_only_of_these_endpoints
            a_delivery_is_leased_to_one_worker
            a_lease_that_ran_out_is_taken_over_and_fences_the_old_worker
            a_renewed_lease_lasts
            a_row_that_was_left_running_is_retried_or_forgotten
            few_large_bodies_are_taken_at_once
            endings_are_recorded
            an_attempt_that_does_not_count_is_given_back
            a_retry_has_all_attempts_and_a_new_ticket
            all_that_is_dead_can_be_retried
            a_forgotten_delivery_is_new
            pruning_erases_bodies_then_rows
            lists_are_narrowed_and_paged
            deliveries_are_counted
            a_store_stirs_who_waits
            one_of_many_identical_is_new
            no_delivery_is_taken_twice_at_once
        );
    };
    ($open:path: $($check:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                // None where what the store runs on is not installed.
                let bench: Option<$crate::conformance::Bench> = $open().into();
                if let Some(bench) = bench {
                    $crate::conformance::$check(&bench).await;
                }
            }
        )*
    };
}

pub async fn a_delivery_comes_back_as_it_was_stored(bench: &Bench) {
    let store = &*bench.store;
    let stored = received("invoices", "hook 'ñ'");
    let body = Bytes::from_iter((0..=255).cycle().take(70_000));
    let stored = stored.opened(body.clone());
    assert_eq!(store.store(stored.clone()).await.unwrap(), Stored::New);

    let assert_same = |read: &StoredDelivery| {
        assert_eq!(read.format(), stored.format());
        assert_eq!(read.sender(), "tusfacturas");
        assert_eq!(read.endpoint(), "invoices");
        assert_eq!(read.kind(), stored.kind());
        assert_eq!(read.key(), stored.key());
        assert_eq!(read.keep_key(), stored.keep_key());
        assert_eq!(read.envelope(), stored.envelope());
        let lost = stored.received_at().duration_since(read.received_at());
        assert!(lost.unwrap() < Duration::from_millis(1));
    };
    assert!(stored.key().is_some());
    let listed = store.list(&Filter::default()).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_same(&listed[0].delivery);
    assert!(listed[0].delivery.body().is_empty());
    assert_eq!((listed[0].state, listed[0].attempts), (State::Pending, 0));

    let shown = store.show(listed[0].id).await.unwrap().unwrap();
    assert_same(&shown.delivery);
    assert_eq!(shown.delivery.body(), &body);
    assert!(shown.finished_at.is_none() && shown.last_error.is_none());

    let job = take_one(store, "invoices").await;
    assert_eq!(job.attempt, 1);
    assert_eq!(job.ticket.row, shown.id.0);
    assert_same(&job.delivery);
    assert_eq!(job.delivery.body(), &body);

    let empty = delivery("invoices", None, "");
    assert_eq!(store.store(empty).await.unwrap(), Stored::New);
    assert!(take_one(store, "invoices").await.delivery.body().is_empty());
    assert!(store.show(RecordId(i64::MAX)).await.unwrap().is_none());
}

pub async fn a_repeat_is_a_duplicate_in_every_state(bench: &Bench) {
    let store = &*bench.store;
    let one = || delivery("orders", Some("k"), "{}");
    let store_it = async || store.store(one()).await.unwrap();
    assert_eq!(store_it().await, Stored::New);
    assert_eq!(store_it().await, Stored::Duplicate);
    let job = take_one(store, "orders").await;
    assert_eq!(store_it().await, Stored::Duplicate);
    assert!(store.finish(job.ticket, dead()).await.unwrap());
    assert_eq!(store_it().await, Stored::Duplicate);
    assert!(store.retry(RecordId(job.ticket.row)).await.unwrap());
    let job = take_one(store, "orders").await;
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
    assert_eq!(store_it().await, Stored::Duplicate);
    assert_eq!(list(store, |_| ()).await.len(), 1);
    assert!(take(store, "orders").await.is_empty());
}

pub async fn deliveries_without_a_key_are_all_new(bench: &Bench) {
    let store = &*bench.store;
    for _ in 0..3 {
        let stored = store.store(delivery("orders", None, "{}")).await;
        assert_eq!(stored.unwrap(), Stored::New);
    }
    assert_eq!(take(store, "orders").await.len(), 3);
}

pub async fn the_longest_due_are_taken_first_and_only_of_these_endpoints(bench: &Bench) {
    let store = &*bench.store;
    let mut ids = Vec::new();
    for endpoint in ["a", "b", "other", "a", "b"] {
        ids.push(put(store, endpoint).await);
        (bench.pass)(Duration::from_millis(10));
    }
    // Put off, the first is the last.
    let first = store.take(&["a"], 1, LEASE).await.unwrap().remove(0);
    assert_eq!(first.ticket.row, ids[0].0);
    let ending = again(Duration::ZERO, true);
    assert!(store.finish(first.ticket, ending).await.unwrap());
    (bench.pass)(Duration::from_millis(10));

    assert!(store.take(&[], 9, LEASE).await.unwrap().is_empty());
    assert!(store.take(&["a"], 0, LEASE).await.unwrap().is_empty());
    assert!(store.take(&["nobody"], 9, LEASE).await.unwrap().is_empty());
    let rows = |jobs: Vec<Job>| jobs.iter().map(|job| job.ticket.row).collect::<Vec<_>>();
    let two = store.take(&["b", "a", "a"], 2, LEASE).await.unwrap();
    assert_eq!(rows(two), [ids[1].0, ids[3].0]);
    let rest = store.take(&["b", "a", "a"], 9, LEASE).await.unwrap();
    assert_eq!(rows(rest), [ids[4].0, ids[0].0]);
    assert_eq!(state(store, ids[2]).await, State::Pending);
}

pub async fn a_delivery_is_leased_to_one_worker(bench: &Bench) {
    let store = &*bench.store;
    let id = put(store, "orders").await;
    let job = take_one(store, "orders").await;
    let record = store.show(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts), (State::Running, 1));
    assert!(take(store, "orders").await.is_empty());
    (bench.pass)(LEASE / 2);
    assert!(take(store, "orders").await.is_empty());
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
    // It is over: nothing ends it a second time.
    assert!(!store.finish(job.ticket, dead()).await.unwrap());
    assert!(!store.renew(job.ticket, LEASE).await.unwrap());
    assert_eq!(state(store, id).await, State::Done);
}

pub async fn a_lease_that_ran_out_is_taken_over_and_fences_the_old_worker(bench: &Bench) {
    let store = &*bench.store;
    let id = put(store, "orders").await;
    let old = take_one(store, "orders").await;
    (bench.pass)(LEASE + Duration::from_millis(5));
    let new = take_one(store, "orders").await;
    assert_eq!(new.ticket.row, old.ticket.row);
    assert!(new.ticket.taken > old.ticket.taken);
    assert_eq!((old.attempt, new.attempt), (1, 2));

    for ending in [Ending::Done, dead(), again(Duration::ZERO, true)] {
        assert!(!store.finish(old.ticket, ending).await.unwrap());
    }
    assert!(!store.renew(old.ticket, LEASE).await.unwrap());
    assert_eq!(state(store, id).await, State::Running);
    let unknown = Ticket {
        row: id.0 + 1000,
        taken: 1,
    };
    assert!(!store.finish(unknown, Ending::Done).await.unwrap());

    // Late, but nobody else has taken it.
    (bench.pass)(LEASE + Duration::from_millis(5));
    assert!(store.finish(new.ticket, Ending::Done).await.unwrap());
    assert_eq!(state(store, id).await, State::Done);
}

pub async fn a_row_that_was_left_running_is_retried_or_forgotten(bench: &Bench) {
    let store = &*bench.store;
    let ids = [put(store, "orders").await, put(store, "orders").await];
    let jobs = take(store, "orders").await;
    for id in ids {
        assert!(!store.retry(id).await.unwrap(), "a worker has it");
        assert!(!store.forget(id).await.unwrap(), "a worker has it");
    }
    (bench.pass)(LEASE * 2);
    assert!(store.retry(ids[0]).await.unwrap());
    assert_eq!(state(store, ids[0]).await, State::Pending);
    assert!(store.forget(ids[1]).await.unwrap());
    for job in jobs {
        assert!(!store.finish(job.ticket, Ending::Done).await.unwrap());
    }
    assert_eq!(take_one(store, "orders").await.attempt, 1);
}

pub async fn few_large_bodies_are_taken_at_once(bench: &Bench) {
    let store = &*bench.store;
    let large = Bytes::from(vec![b'x'; 9 * 1024 * 1024]);
    for _ in 0..4 {
        let delivery = delivery("orders", None, large.clone());
        assert_eq!(store.store(delivery).await.unwrap(), Stored::New);
    }
    // 16 MiB are reached with the second.
    for _ in 0..2 {
        let taken = store.take(&["orders"], 100, LEASE).await.unwrap();
        assert_eq!(taken.len(), 2);
        assert!(taken.iter().all(|job| job.delivery.body() == &large));
    }
}

pub async fn a_renewed_lease_lasts(bench: &Bench) {
    let store = &*bench.store;
    put(store, "orders").await;
    let job = take_one(store, "orders").await;
    for _ in 0..3 {
        (bench.pass)(LEASE * 2 / 3);
        assert!(store.renew(job.ticket, LEASE).await.unwrap());
        assert!(take(store, "orders").await.is_empty());
    }
    (bench.pass)(LEASE + Duration::from_millis(5));
    assert_eq!(take_one(store, "orders").await.attempt, 2);
}

pub async fn endings_are_recorded(bench: &Bench) {
    let store = &*bench.store;
    let id = put(store, "orders").await;
    let job = take_one(store, "orders").await;
    let ending = again(Duration::from_secs(60), true);
    assert!(store.finish(job.ticket, ending).await.unwrap());
    let record = store.show(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts), (State::Pending, 1));
    let why = "the handler answered 500";
    assert_eq!(record.last_error.as_deref(), Some(why));
    assert!(record.finished_at.is_none());
    (bench.pass)(Duration::from_secs(59));
    assert!(take(store, "orders").await.is_empty());
    (bench.pass)(Duration::from_secs(2));

    let job = take_one(store, "orders").await;
    assert_eq!(job.attempt, 2);
    assert!(store.finish(job.ticket, dead()).await.unwrap());
    let record = store.show(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts), (State::Dead, 2));
    assert_eq!(record.last_error.as_deref(), Some("it failed 5 times"));
    assert!(record.finished_at.is_some());
    (bench.pass)(365 * DAY);
    assert!(take(store, "orders").await.is_empty());
}

pub async fn an_attempt_that_does_not_count_is_given_back(bench: &Bench) {
    let store = &*bench.store;
    let id = put(store, "orders").await;
    let mut taken = HashSet::new();
    for _ in 0..3 {
        let job = take_one(store, "orders").await;
        assert_eq!(job.attempt, 1);
        assert!(taken.insert(job.ticket.taken));
        let ending = again(Duration::ZERO, false);
        assert!(store.finish(job.ticket, ending).await.unwrap());
    }
    let record = store.show(id).await.unwrap().unwrap();
    assert_eq!(record.attempts, 0);
}

pub async fn a_retry_has_all_attempts_and_a_new_ticket(bench: &Bench) {
    let store = &*bench.store;
    let id = put(store, "orders").await;
    let first = take_one(store, "orders").await;
    assert!(!store.retry(id).await.unwrap(), "a worker has it");
    assert!(store.finish(first.ticket, dead()).await.unwrap());
    assert!(store.retry(id).await.unwrap());
    let record = store.show(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts), (State::Pending, 0));
    assert!(record.finished_at.is_none());

    let second = take_one(store, "orders").await;
    assert_eq!(second.attempt, 1);
    assert!(second.ticket.taken > first.ticket.taken);
    assert!(!store.finish(first.ticket, Ending::Done).await.unwrap());

    // One that waits for long is due at once.
    let ending = again(DAY, true);
    assert!(store.finish(second.ticket, ending).await.unwrap());
    assert!(take(store, "orders").await.is_empty());
    assert!(store.retry(id).await.unwrap());
    let third = take_one(store, "orders").await;
    assert_eq!(third.attempt, 1);
    assert!(store.finish(third.ticket, Ending::Done).await.unwrap());
    assert!(!store.retry(id).await.unwrap(), "it was handled");
    assert!(!store.retry(RecordId(i64::MAX)).await.unwrap());
}

pub async fn all_that_is_dead_can_be_retried(bench: &Bench) {
    let store = &*bench.store;
    for endpoint in ["a", "a", "b"] {
        put(store, endpoint).await;
    }
    let jobs = store.take(&["a", "b"], 9, LEASE).await.unwrap();
    for job in &jobs {
        assert!(store.finish(job.ticket, dead()).await.unwrap());
    }
    assert_eq!(store.retry_dead(Some("nobody")).await.unwrap(), 0);
    assert_eq!(store.retry_dead(Some("a")).await.unwrap(), 2);
    assert_eq!(store.retry_dead(None).await.unwrap(), 1);
    assert_eq!(store.retry_dead(None).await.unwrap(), 0);
    assert_eq!(store.take(&["a", "b"], 9, LEASE).await.unwrap().len(), 3);
}

pub async fn a_forgotten_delivery_is_new(bench: &Bench) {
    let store = &*bench.store;
    let identity = |id: &str| -> Identity { DeliveryId::signed(id).claim("orders") };
    let key = identity("msg_1").key();
    let one = || delivery("orders", Some(&key), "{}");
    assert_eq!(store.store(one()).await.unwrap(), Stored::New);
    let id = list(store, |_| ()).await[0];
    assert!(!store.forget_identity(&identity("msg_2")).await.unwrap());
    assert!(store.forget_identity(&identity("msg_1")).await.unwrap());
    assert!(!store.forget_identity(&identity("msg_1")).await.unwrap());
    assert!(store.show(id).await.unwrap().is_none());

    assert_eq!(store.store(one()).await.unwrap(), Stored::New);
    let job = take_one(store, "orders").await;
    assert_ne!(job.ticket.row, id.0, "an old ticket would fit");
    let id = RecordId(job.ticket.row);
    assert!(!store.forget(id).await.unwrap(), "a worker has it");
    assert!(!store.forget_identity(&identity("msg_1")).await.unwrap());
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
    assert!(store.forget(id).await.unwrap());
    assert!(!store.forget(id).await.unwrap());
    assert_eq!(store.store(one()).await.unwrap(), Stored::New);
}

pub async fn pruning_erases_bodies_then_rows(bench: &Bench) {
    let store = &*bench.store;
    let week = 7 * DAY;
    let pruned = |bodies, deliveries| Pruned { bodies, deliveries };
    // One is handled, one is without a key, one is dead, one waits, one runs.
    for key in [
        Some("done"),
        None,
        Some("dead"),
        Some("waits"),
        Some("runs"),
    ] {
        let stored = store.store(delivery("orders", key, "the body")).await;
        assert_eq!(stored.unwrap(), Stored::New);
    }
    let jobs = take(store, "orders").await;
    let ids: Vec<RecordId> = jobs.iter().map(|job| RecordId(job.ticket.row)).collect();
    let endings = [Ending::Done, Ending::Done, dead(), again(100 * DAY, true)];
    for (job, ending) in jobs.iter().zip(endings) {
        assert!(store.finish(job.ticket, ending).await.unwrap());
    }
    let body = async |id: RecordId| {
        let record = store.show(id).await.unwrap();
        record.map(|record| record.delivery.body().len())
    };

    assert_eq!(store.prune(DAY).await.unwrap(), pruned(0, 0));
    (bench.pass)(DAY + Duration::from_secs(1));
    assert_eq!(store.prune(2 * DAY).await.unwrap(), pruned(0, 0));
    assert_eq!(store.prune(DAY).await.unwrap(), pruned(1, 1));
    assert_eq!(store.prune(DAY).await.unwrap(), pruned(0, 0));
    assert_eq!(body(ids[0]).await, Some(0));
    assert_eq!(body(ids[1]).await, None);
    for kept in &ids[2..] {
        assert_eq!(body(*kept).await, Some(8));
    }
    // Its key is still remembered, and nobody can have it handled without its body.
    let repeat = delivery("orders", Some("done"), "the body");
    assert_eq!(
        store.store(repeat.clone()).await.unwrap(),
        Stored::Duplicate
    );
    assert!(!store.retry(ids[0]).await.unwrap());

    (bench.pass)(week);
    assert_eq!(store.prune(DAY).await.unwrap(), pruned(0, 1));
    assert_eq!(body(ids[0]).await, None);
    assert_eq!(store.store(repeat).await.unwrap(), Stored::New);
    for kept in &ids[2..] {
        assert_eq!(body(*kept).await, Some(8));
    }

    // A body that is kept for longer than the key keeps its row.
    let job = store
        .take(&["orders"], 9, LEASE)
        .await
        .unwrap()
        .pop()
        .unwrap();
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
    (bench.pass)(week + DAY);
    assert_eq!(store.prune(100 * DAY).await.unwrap(), pruned(0, 0));
    assert_eq!(store.prune(DAY).await.unwrap(), pruned(0, 1));
}

pub async fn lists_are_narrowed_and_paged(bench: &Bench) {
    let store = &*bench.store;
    let mut ids = Vec::new();
    for endpoint in ["a", "b", "a", "b", "a"] {
        ids.push(put(store, endpoint).await);
    }
    ids.reverse();
    assert_eq!(list(store, |_| ()).await, ids);
    let page = list(store, |filter| filter.limit = 2).await;
    assert_eq!(page, ids[..2]);
    let page = list(store, |filter| {
        filter.limit = 2;
        filter.before = Some(page[1]);
    });
    assert_eq!(page.await, ids[2..4]);
    assert!(list(store, |filter| filter.limit = 0).await.is_empty());
    let of_b = list(store, |filter| filter.endpoint = Some("b".into())).await;
    assert_eq!(of_b, [ids[1], ids[3]]);
    let labeled = async |label: &str| list(store, |filter| filter.label = Some(label.into())).await;
    assert_eq!(labeled("acme").await, ids);
    assert!(labeled("other").await.is_empty());

    // The oldest of a is done, the oldest of b dead, the next of a runs.
    let job = store.take(&["a"], 1, LEASE).await.unwrap().remove(0);
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
    let job = store.take(&["b"], 1, LEASE).await.unwrap().remove(0);
    assert!(store.finish(job.ticket, dead()).await.unwrap());
    store.take(&["a"], 1, LEASE).await.unwrap();
    let in_state = async |state| list(store, |filter| filter.state = Some(state)).await;
    assert_eq!(in_state(State::Done).await, [ids[4]]);
    assert_eq!(in_state(State::Dead).await, [ids[3]]);
    assert_eq!(in_state(State::Running).await, [ids[2]]);
    assert_eq!(in_state(State::Pending).await, [ids[0], ids[1]]);
    for state in State::ALL {
        let narrowed = list(store, |filter| {
            filter.state = Some(state);
            filter.endpoint = Some("a".into());
            filter.label = Some("acme".into());
            filter.before = Some(ids[0]);
        });
        let expected: &[RecordId] = match state {
            State::Done => &ids[4..],
            State::Running => &ids[2..3],
            State::Pending | State::Dead => &[],
        };
        assert_eq!(narrowed.await, expected, "{state:?}");
    }
}

pub async fn deliveries_are_counted(bench: &Bench) {
    let store = &*bench.store;
    assert!(store.counts().await.unwrap().is_empty());
    for endpoint in ["a", "a", "b"] {
        put(store, endpoint).await;
    }
    let job = store.take(&["a"], 1, LEASE).await.unwrap().remove(0);
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
    let mut counts: Vec<_> = store.counts().await.unwrap();
    counts.sort_by_key(|count| (count.endpoint.clone(), count.state.name()));
    let seen: Vec<_> = counts
        .iter()
        .map(|count| (&*count.endpoint, count.state, count.deliveries))
        .collect();
    let expected = [
        ("a", State::Done, 1),
        ("a", State::Pending, 1),
        ("b", State::Pending, 1),
    ];
    assert_eq!(seen, expected);
    let arrived = delivery("a", None, "").received_at();
    assert!(counts.iter().all(|count| count.oldest == arrived));
    assert!(counts.iter().all(|count| count.newer_format == 0));
}

pub async fn a_store_stirs_who_waits(bench: &Bench) {
    let soon = Duration::from_secs(10);
    let waits = |bench: &Bench| {
        let store = Arc::clone(&bench.store);
        tokio::spawn(async move { store.stirred().await.unwrap() })
    };
    let store = &*bench.store;
    let one = waits(bench);
    tokio::task::yield_now().await;
    let id = put(store, "orders").await;
    tokio::time::timeout(soon, one).await.unwrap().unwrap();
    let job = take_one(store, "orders").await;
    assert!(store.finish(job.ticket, dead()).await.unwrap());

    // What came since the last time is not missed by who asks late; it may be ready too often, but not for ever.
    let mut quiet = false;
    for _ in 0..10 {
        let waited = tokio::time::timeout(Duration::from_millis(100), store.stirred());
        quiet = waited.await.is_err();
        if quiet {
            break;
        }
    }
    assert!(quiet);
    assert!(store.retry(id).await.unwrap());
    tokio::time::timeout(soon, store.stirred())
        .await
        .unwrap()
        .unwrap();
}

pub async fn one_of_many_identical_is_new(bench: &Bench) {
    for _ in 0..20 {
        let key = format!("same-{}", fresh());
        let mut storing = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let store = Arc::clone(&bench.store);
            let one = delivery("orders", Some(&key), "{}");
            storing.spawn(async move { store.store(one).await.unwrap() });
        }
        let stored = storing.join_all().await;
        let new = stored.iter().filter(|stored| **stored == Stored::New);
        assert_eq!(new.count(), 1);
    }
}

pub async fn no_delivery_is_taken_twice_at_once(bench: &Bench) {
    const DELIVERIES: usize = 200;
    for _ in 0..DELIVERIES {
        let stored = bench.store.store(delivery("orders", None, "{}")).await;
        assert_eq!(stored.unwrap(), Stored::New);
    }
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&bench.store);
        workers.spawn(async move {
            let mut rows = Vec::new();
            for _ in 0..=DELIVERIES {
                let jobs = store.take(&["orders"], 3, LEASE).await.unwrap();
                if jobs.is_empty() {
                    break;
                }
                rows.extend(jobs.iter().map(|job| job.ticket.row));
            }
            rows
        });
    }
    let rows = workers.join_all().await.concat();
    let distinct: HashSet<_> = rows.iter().collect();
    assert_eq!((rows.len(), distinct.len()), (DELIVERIES, DELIVERIES));
}

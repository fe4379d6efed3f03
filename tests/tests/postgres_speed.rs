//! What the inbox on PostgreSQL costs. To be run alone, on a machine that does nothing else.

#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "a measurement reports")]

#[path = "../../webhook-stores/tests/conformance/mod.rs"]
mod conformance;

use std::time::{Duration, Instant};

use conformance::{delivery, fresh};
use tokio::task::JoinSet;
use webhook_core::guarantee::{Ending, InboxQueue as _, InboxStore as _, StoredDelivery};
use webhook_stores::PostgresStore;
use webhook_stores::postgres::deadpool_postgres::{Manager, Pool, Runtime};
use webhook_stores::postgres::tokio_postgres::{Config, NoTls};
use webhook_tests::postgres::shared;

/// So many are stored at once, over so many connections.
const SENDERS: usize = 64;
const CONNECTIONS: usize = 8;
const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

fn one() -> StoredDelivery {
    let key = format!("0:6:orders-24:msg_{:020}", fresh());
    delivery("orders", Some(&key), vec![b'x'; 1024])
}

/// How many a second, for a round.
async fn rate<F>(store: impl Fn(StoredDelivery) -> F + Clone + Send + 'static) -> f64
where
    F: Future<Output = ()> + Send,
{
    let begun = Instant::now();
    let mut storing = JoinSet::new();
    for _ in 0..SENDERS {
        let store = store.clone();
        storing.spawn(async move {
            let mut stored = 0_u32;
            while begun.elapsed() < ROUND {
                store(one()).await;
                stored += 1;
            }
            f64::from(stored)
        });
    }
    let stored: f64 = storing.join_all().await.iter().sum();
    stored / begun.elapsed().as_secs_f64()
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn storing_is_as_fast_as_an_insert_by_hand() {
    let Some(cluster) = shared() else { return };
    let url = cluster.create_database();
    let store = PostgresStore::settings()
        .connections(CONNECTIONS)
        .connect(&url)
        .await
        .unwrap();
    let config: Config = url.parse().unwrap();
    let pool = Pool::builder(Manager::new(config, NoTls))
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .build()
        .unwrap();
    let by_store = move |delivery| {
        let store = store.clone();
        async move {
            store.store(delivery).await.unwrap();
        }
    };
    let by_hand = move |delivery: StoredDelivery| {
        let pool = pool.clone();
        async move {
            let client = pool.get().await.unwrap();
            let insert = client
                .prepare_cached(
                    "insert into webhook_inbox (format, sender, endpoint, label, kind, delivery_id, key, keep_key,
                        envelope, body, received_at)
                    values ($1, $2, $3, $4, $5, $6, $7, interval '7 days', $8, $9, $10)
                    on conflict (key) do nothing",
                )
                .await
                .unwrap();
            client
                .execute(
                    &insert,
                    &[
                        &i32::from(delivery.format()),
                        &delivery.sender(),
                        &delivery.endpoint(),
                        &delivery.label(),
                        &delivery.kind(),
                        &delivery.id(),
                        &delivery.key(),
                        &delivery.envelope(),
                        &&**delivery.body(),
                        &delivery.received_at(),
                    ],
                )
                .await
                .unwrap();
        }
    };
    let (mut store_rates, mut hand_rates) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        store_rates.push(rate(by_store.clone()).await);
        hand_rates.push(rate(by_hand.clone()).await);
    }
    println!("store: {store_rates:.0?}");
    println!("by hand: {hand_rates:.0?}");
    let ratio = median(store_rates) / median(hand_rates);
    println!("ratio: {ratio:.2}");
    assert!(ratio >= 1.0, "{ratio}");
}

/// Milliseconds for a delivery from storing to done, the median of many.
async fn cost(store: &PostgresStore) -> f64 {
    let mut costs = Vec::new();
    for _ in 0..500 {
        let begun = Instant::now();
        store.store(one()).await.unwrap();
        let endpoints = ["orders", "refunds", "invoices"];
        let jobs = store.take(&endpoints, 8, Duration::from_secs(30)).await;
        let job = jobs.unwrap().remove(0);
        assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
        costs.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    median(costs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn a_delivery_costs_the_same_in_a_full_inbox() {
    let Some(cluster) = shared() else { return };
    let (empty, full) = (cluster.create_database(), cluster.create_database());
    let empty = PostgresStore::connect(&empty).await.unwrap();
    let filled = PostgresStore::connect(&full).await.unwrap();
    filled.store(one()).await.unwrap();
    cluster.sql(
        &full,
        "insert into webhook_inbox (format, sender, endpoint, kind, key, keep_key, envelope, body, state, due_at,
                received_at, finished_at, forget_at)
            select
                case when n % 4 = 0 then 2 else 1 end, sender,
                case when n % 4 = 1 then 'nobody' else endpoint end, kind,
                md5(n::text), keep_key, envelope, body,
                case when n <= 1000000 then 'done' else 'pending' end,
                case when n % 4 < 2 then now() - interval '1 hour' else now() + interval '30 days' end, received_at,
                now(), now() + keep_key
            from webhook_inbox, generate_series(1, 1100000) as n;
         delete from webhook_inbox where endpoint = 'orders' and due_at <= now() and format = 1 and state = 'pending';
         checkpoint",
    );
    cluster.sql(&full, "vacuum analyze webhook_inbox");
    let rows = cluster.sql(
        &full,
        "select state, count(*) from webhook_inbox group by state",
    );
    println!("{rows}");
    let (mut empty_costs, mut full_costs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        empty_costs.push(cost(&empty).await);
        full_costs.push(cost(&filled).await);
    }
    println!("empty: {empty_costs:.2?} ms");
    println!("full: {full_costs:.2?} ms");
    let ratio = median(full_costs) / median(empty_costs);
    println!("ratio: {ratio:.2}");
    let begun = Instant::now();
    let counts = webhook_core::guarantee::InboxRecords::counts(&filled);
    println!(
        "counts: {} in {:?}",
        counts.await.unwrap().len(),
        begun.elapsed()
    );
    assert!(ratio <= 1.2, "{ratio}");
}

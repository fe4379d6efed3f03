//! What the store on SQLite costs. Each is run by itself, in a release build, and prints what it found.

#![cfg(feature = "sqlite")]
#![allow(clippy::print_stdout, reason = "this is what they are for")]

mod conformance;
mod directory;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use conformance::{delivery, fresh};
use directory::Directory;
use rusqlite::{Connection, params};
use webhook_core::guarantee::{
    Ending, Filter, InboxQueue as _, InboxRecords as _, InboxStore as _, State, Stored,
    StoredDelivery,
};
use webhook_stores::SqliteStore;

const LEASE: Duration = Duration::from_secs(30);
const STORERS: usize = 64;
const TIME: Duration = Duration::from_secs(4);

fn in_state(state: Option<State>) -> Filter {
    let mut filter = Filter::default();
    filter.state = state;
    filter
}

fn one() -> StoredDelivery {
    delivery(
        "orders",
        Some(&format!("new-{}", fresh())),
        "x".repeat(1000),
    )
}

/// Runs it in as many tasks as there are storers, and returns how often it ran in a second.
async fn rate<F>(run: impl Fn() -> F + Clone + Send + 'static) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let began = Instant::now();
    let mut storers = tokio::task::JoinSet::new();
    for _ in 0..STORERS {
        let run = run.clone();
        storers.spawn(async move {
            let mut times = 0_u32;
            while began.elapsed() < TIME {
                run().await;
                times += 1;
            }
            times
        });
    }
    let times: u32 = storers.join_all().await.iter().sum();
    f64::from(times) / began.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn deliveries_that_wait_share_a_commit() {
    let mut ratios = Vec::new();
    for _ in 0..3 {
        let directory = Directory::new();
        let by_hand = by_hand(&directory);
        let insert = move || {
            let by_hand = Arc::clone(&by_hand);
            async move {
                let insert = move || insert(&by_hand.lock().unwrap(), &one());
                tokio::task::spawn_blocking(insert).await.unwrap();
            }
        };
        let alone = rate(insert).await;

        let directory = Directory::new();
        let store = SqliteStore::open(directory.file()).unwrap();
        let together = rate(move || {
            let store = store.clone();
            async move { assert_eq!(store.store(one()).await.unwrap(), Stored::New) }
        })
        .await;
        println!("one row a commit {alone:.0}/s, the store {together:.0}/s");
        ratios.push(together / alone);
    }
    println!("ratios {ratios:.1?}");
}

/// One row in each transaction, on the same tables with the same settings.
fn by_hand(directory: &Directory) -> Arc<Mutex<Connection>> {
    drop(SqliteStore::open(directory.file()).unwrap());
    let connection = Connection::open(directory.file()).unwrap();
    connection
        .execute_batch("pragma synchronous = full; pragma secure_delete = on")
        .unwrap();
    Arc::new(Mutex::new(connection))
}

fn insert(connection: &Connection, one: &StoredDelivery) {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .unwrap()
    };
    run("begin immediate", &[]);
    run(
        "insert into webhook_inbox
         (format, sender, endpoint, label, kind, delivery_id, key, keep_key, envelope, due_at, received_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 604800000, ?8, 0, 0) on conflict do nothing",
        params![
            one.format(),
            one.sender(),
            one.endpoint(),
            one.label(),
            one.kind(),
            one.id(),
            one.key(),
            one.envelope()
        ],
    );
    run(
        "insert into webhook_bodies (id, body) values (?1, ?2)",
        params![connection.last_insert_rowid(), &one.body()[..]],
    );
    run("commit", &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn a_plain_connection_gets_in_beside_a_busy_store() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    let file = directory.file();
    let app = std::thread::spawn(move || {
        let app = Connection::open(file).unwrap();
        app.busy_timeout(Duration::from_secs(10)).unwrap();
        app.execute_batch("create table app (a text)").unwrap();
        let began = Instant::now();
        let mut waits = Vec::new();
        while began.elapsed() < TIME {
            let asked = Instant::now();
            app.execute("insert into app values ('a')", []).unwrap();
            waits.push(asked.elapsed());
        }
        waits.sort_unstable();
        waits
    });
    let stored = rate(move || {
        let store = store.clone();
        async move { assert_eq!(store.store(one()).await.unwrap(), Stored::New) }
    })
    .await;
    let waits = app.join().unwrap();
    let p99 = waits[waits.len() * 99 / 100];
    println!(
        "the app committed {} times in {TIME:?}, p99 {p99:?}, worst {:?}, beside {stored:.0} deliveries/s",
        waits.len(),
        waits[waits.len() - 1]
    );
}

#[tokio::test]
#[ignore = "measures"]
async fn a_delivery_costs_the_same_in_a_large_table() {
    let directories = [Directory::new(), Directory::new()];
    let stores = directories
        .each_ref()
        .map(|directory| SqliteStore::open(directory.file()).unwrap());
    fill(&directories[1]);
    // In turns, so that what else the machine does slows both.
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..2000 {
        for (store, times) in stores.iter().zip(&mut times) {
            let began = Instant::now();
            handle_one(store).await;
            if round >= 100 {
                times.push(began.elapsed());
            }
        }
    }
    let [empty, large] = times.map(|mut times| {
        times.sort_unstable();
        [times.len() / 10, times.len() / 2].map(|at| times[at])
    });
    println!("first tenth and median: empty {empty:?}, large {large:?}");
    for (empty, large) in empty.iter().zip(large) {
        println!("ratio {:.2}", large.as_secs_f64() / empty.as_secs_f64());
    }

    let store = &stores[1];
    let began = Instant::now();
    let counts = store.counts().await.unwrap();
    println!("counts of {} groups: {:?}", counts.len(), began.elapsed());
    for state in [
        None,
        Some(State::Pending),
        Some(State::Dead),
        Some(State::Done),
    ] {
        let filter = in_state(state);
        let began = Instant::now();
        let listed = store.list(&filter).await.unwrap().len();
        println!("list of {state:?}: {listed} in {:?}", began.elapsed());
    }
}

async fn handle_one(store: &SqliteStore) {
    let one = delivery(
        "orders",
        Some(&format!("new-{}", fresh())),
        "x".repeat(1000),
    );
    assert_eq!(store.store(one).await.unwrap(), Stored::New);
    let job = store.take(&["orders"], 10, LEASE).await.unwrap().remove(0);
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
}

fn fill(directory: &Directory) {
    let other = Connection::open(directory.file()).unwrap();
    other
        .execute_batch(
            "begin;
             with recursive n (n) as (select 1 union all select n + 1 from n where n < 1200000)
             insert into webhook_inbox
                 (format, sender, endpoint, kind, key, keep_key, envelope, state, due_at, received_at, finished_at)
             select case when n > 1175000 then 2 else 1 end, 'bench',
                 case when n > 1000000 and n <= 1050000 then 'nobody' else 'orders' end,
                 'k', '5:bench6:orders-12:key' || n, 604800000, '{\"label\":\"acme\",\"id\":\"msg\",\"target\":\"/hook?a=1\"}',
                 case when n > 1000000 then 0 else 2 end,
                 case when n > 1050000 and n <= 1175000 then 1000000000000000 else 0 end, n, n
             from n;
             insert into webhook_bodies select id, zeroblob(300) from webhook_inbox;
             commit;",
        )
        .unwrap();
}

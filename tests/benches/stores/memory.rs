//! The memory of a process that handles what waits in its inbox.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::Semaphore;
use webhook_axum::{Delivery, TfEvent, TfWebhookLayer, testing};
use webhook_core::driver::{Intake, Verifier};
use webhook_core::guarantee::{InboxQueue, InboxRecords, InboxStore, StoredDelivery};
use webhook_core::tusfacturas::TusFacturas;
use webhook_stores::{HandlerError, PostgresStore, SqliteStore, Worker};
use webhook_tests::postgres::shared;

use crate::rounds::spread;
use crate::subjects::{EVENT, TOKEN};
use crate::{Directory, Options};

/// How many wait. The second shows whether what the first takes more is a cache that fills up.
const COUNTS: [u32; 3] = [100_000, 10_000, 1_000];

/// A delivery as an inbox stores it.
fn received() -> StoredDelivery {
    let verifier = Verifier::<TusFacturas>::try_new(TOKEN).unwrap();
    let request = testing::tusfacturas_body(EVENT.to_vec(), TOKEN);
    let incoming = Intake::new(verifier, "invoices").begin(&request.head());
    let storing = incoming.unwrap().finish_or_refuse(Ok(request.body));
    storing.unwrap().delivery
}

/// What a process does that was started by [`measure`]: handles what waits, and tells its peak.
pub(crate) async fn child(store: &str, count: &str) {
    let count = count.parse().unwrap();
    if store.starts_with("postgres:") {
        handle(PostgresStore::connect(store).await.unwrap(), count).await;
    } else {
        handle(SqliteStore::open(store).unwrap(), count).await;
    }
}

async fn handle<S: InboxQueue + InboxRecords + InboxStore + Clone>(store: S, count: u32) {
    let began = Instant::now();
    let handled = Arc::new(Semaphore::new(0));
    let inbox = TfWebhookLayer::new(TOKEN).inbox("invoices", store.clone());
    let counter = Arc::clone(&handled);
    let on_event = move |delivery: Delivery<TfEvent>| {
        std::hint::black_box(&delivery);
        counter.add_permits(1);
        async { Ok::<_, HandlerError>(()) }
    };
    let worker = Worker::new(store).on(&inbox, on_event).start();
    let _all = handled.acquire_many(count).await.unwrap();
    let ended = worker.finish_within(Duration::from_secs(10)).await;
    assert_eq!(ended.running, 0);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().trim_end_matches(" kB");
    println!("{peak} {}", began.elapsed().as_secs_f64());
}

/// Peak in KiB, and seconds.
fn handled(store: &str, count: u32) -> (f64, f64) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["child-worker", store, &count.to_string()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told = String::from_utf8(output.stdout).unwrap();
    let (peak, seconds) = told.trim().split_once(' ').unwrap();
    (peak.parse().unwrap(), seconds.parse().unwrap())
}

async fn measure(options: Options, name: &str, fill_and_handle: impl AsyncFn(u32) -> (f64, f64)) {
    let mut peaks = COUNTS.map(|_| Vec::new());
    let mut rates = COUNTS.map(|_| Vec::new());
    // A round takes as long as it takes.
    for _ in 0..options.rounds.div_ceil(4) {
        for (place, count) in COUNTS.into_iter().enumerate() {
            let (peak, seconds) = fill_and_handle(count).await;
            peaks[place].push(peak / 1024.0);
            rates[place].push(f64::from(count) / seconds);
        }
    }
    let [many, .., few] = &peaks;
    let ratios = many.iter().zip(few).map(|(many, few)| many / few);
    let (ratio, from, to) = spread(ratios.collect());
    println!(
        "peak memory of a worker on {name}, {} waiting against {}: {ratio:.2}x, from {from:.2} to {to:.2}",
        COUNTS[0], COUNTS[2]
    );
    for (count, (peaks, rates)) in COUNTS.into_iter().zip(peaks.into_iter().zip(rates)) {
        let (peak, from, to) = spread(peaks);
        let (rate, ..) = spread(rates);
        println!("    {count}: {peak:.1} MiB, from {from:.1} to {to:.1}; handled {rate:.0}/s");
    }
}

pub(crate) async fn sqlite(options: Options) {
    measure(options, "SQLite", async |count| {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.file()).unwrap();
        store.store(received()).await.unwrap();
        fill_sqlite(&directory.file(), count);
        drop(store);
        handled(directory.file().to_str().unwrap(), count)
    })
    .await;
}

fn fill_sqlite(file: &Path, count: u32) {
    let sql = format!(
        "with recursive n (n) as (select 2 union all select n + 1 from n where n < {count})
         insert into webhook_inbox (format, sender, endpoint, kind, keep_key, envelope, due_at, received_at)
             select format, sender, endpoint, kind, keep_key, envelope, due_at, received_at from webhook_inbox, n;
         insert into webhook_bodies
             select id, (select body from webhook_bodies where id = 1) from webhook_inbox where id > 1;"
    );
    Connection::open(file).unwrap().execute_batch(&sql).unwrap();
}

pub(crate) async fn postgres(options: Options) {
    let Some(cluster) = shared() else { return };
    measure(options, "PostgreSQL", async |count| {
        let url = cluster.create_database();
        let store = PostgresStore::connect(&url).await.unwrap();
        store.store(received()).await.unwrap();
        cluster.sql(
            &url,
            &format!(
                "insert into webhook_inbox
                     (format, sender, endpoint, kind, keep_key, envelope, body, due_at, received_at)
                 select format, sender, endpoint, kind, keep_key, envelope, body, due_at, received_at
                 from webhook_inbox, generate_series(2, {count})"
            ),
        );
        cluster.sql(&url, "vacuum analyze webhook_inbox");
        handled(&url, count)
    })
    .await;
}

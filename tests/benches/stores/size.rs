//! One delivery, from storing to done, in a large table and in an empty one.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use webhook_core::guarantee::{Ending, InboxQueue, Stored};
use webhook_stores::{PostgresStore, SqliteStore};
use webhook_tests::postgres::shared;

use crate::rounds::percentiles;
use crate::store::one;
use crate::{Directory, Options};

/// 1,000,000 that are done and 100,000 that are pending: half of these due, a quarter due much later, and a quarter for an
/// endpoint that nobody serves.
const ROWS: i64 = 1_100_000;

pub(crate) async fn sqlite(options: Options) {
    let directories = [Directory::new(), Directory::new()];
    let stores = directories
        .each_ref()
        .map(|directory| SqliteStore::open(directory.file()).unwrap());
    assert_eq!(store_one(&stores[1]).await, Stored::New);
    let connection = Connection::open(directories[1].file()).unwrap();
    connection
        .execute_batch(&format!(
            "begin;
             with recursive n (n) as (select 1 union all select n + 1 from n where n < {ROWS})
             insert into webhook_inbox
                 (format, sender, endpoint, kind, key, keep_key, envelope, state, due_at, received_at, finished_at)
             select format, sender, case when n % 4 = 0 and n > 1000000 then 'nobody' else endpoint end, kind,
                 '11:tusfacturas8:invoices-20:k' || (n * 7919 % {ROWS}), keep_key, envelope,
                 case when n > 1000000 then 0 else 2 end,
                 case when n % 4 = 1 and n > 1000000 then 1000000000000000 else n end, received_at,
                 case when n > 1000000 then null else n end
             from webhook_inbox, n;
             insert into webhook_bodies select id, zeroblob(300) from webhook_inbox where id > 1;
             commit;
             pragma wal_checkpoint(truncate);"
        ))
        .unwrap();
    drop(connection);
    alternate(options, "SQLite", &stores).await;
}

pub(crate) async fn postgres(options: Options) {
    let Some(cluster) = shared() else { return };
    let urls = [cluster.create_database(), cluster.create_database()];
    let stores = [
        PostgresStore::connect(&urls[0]).await.unwrap(),
        PostgresStore::connect(&urls[1]).await.unwrap(),
    ];
    assert_eq!(store_one(&stores[1]).await, Stored::New);
    cluster.sql(
        &urls[1],
        &format!(
            "insert into webhook_inbox (format, sender, endpoint, kind, key, keep_key, envelope, body, state, due_at,
                 received_at, finished_at, forget_at)
             select format, sender, case when n % 4 = 0 and n > 1000000 then 'nobody' else endpoint end, kind,
                 md5(n::text), keep_key, envelope, repeat('x', 300)::bytea,
                 case when n > 1000000 then 'pending' else 'done' end,
                 case when n % 4 = 1 and n > 1000000 then now() + interval '1 year' else now() - interval '1 hour' end,
                 received_at, case when n > 1000000 then null else now() end,
                 case when n > 1000000 then null else now() + keep_key end
             from webhook_inbox, generate_series(1, {ROWS}) as n"
        ),
    );
    cluster.sql(&urls[1], "vacuum analyze webhook_inbox");
    cluster.sql(&urls[1], "checkpoint");
    alternate(options, "PostgreSQL", &stores).await;
}

async fn store_one(store: &impl InboxQueue) -> Stored {
    store.store(one()).await.unwrap()
}

async fn alternate(options: Options, name: &str, stores: &[impl InboxQueue; 2]) {
    let mut times = [Vec::new(), Vec::new()];
    let began = Instant::now();
    for number in 0_usize.. {
        if began.elapsed() > options.round * options.rounds as u32 {
            break;
        }
        for place in [number % 2, 1 - number % 2] {
            let store = &stores[place];
            let asked = Instant::now();
            assert_eq!(store_one(store).await, Stored::New);
            let taken = store.take(&["invoices"], 1, Duration::from_secs(60)).await;
            let ticket = taken.unwrap()[0].ticket;
            assert!(store.finish(ticket, Ending::Done).await.unwrap());
            if number > 100 {
                times[place].push(asked.elapsed());
            }
        }
    }
    let turns = times[0].len();
    let [empty, large] = times.map(|times| percentiles(times, [10, 50, 99]));
    let ratio = |at: usize| large[at].as_secs_f64() / empty[at].as_secs_f64();
    println!(
        "{name}, 1,100,000 rows against none: {:.2}x, the fastest tenth {:.2}x, in {turns} turns",
        ratio(1),
        ratio(0)
    );
    for (name, [_, p50, p99]) in [("large", large), ("empty", empty)] {
        println!("    {name}: p50 {p50:.1?}, p99 {p99:.1?}");
    }
}

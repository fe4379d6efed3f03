//! The inbox on PostgreSQL: what every store promises, and what is its own.

#![cfg(unix)]

#[path = "../../webhook-stores/tests/conformance/mod.rs"]
mod conformance;

use std::sync::Arc;
use std::time::{Duration, Instant};

use conformance::{Bench, delivery, fresh, received};
use tokio::runtime::Handle;
use tokio::task::{JoinSet, block_in_place};
use webhook_core::guarantee::{
    Ending, Filter, InboxQueue as _, InboxRecords as _, InboxStore as _, RecordId, State, Stored,
    StoredDelivery,
};
use webhook_stores::PostgresStore;
use webhook_stores::postgres::deadpool_postgres::{Manager, Pool, Runtime};
use webhook_stores::postgres::tokio_postgres::{Config, NoTls};
use webhook_tests::patience::PATIENCE;
use webhook_tests::postgres::{Cluster, shared};

const LEASE: Duration = Duration::from_secs(30);

/// A store in a database of its own, whose times are set back to let time pass.
fn bench() -> Option<Bench> {
    let cluster = shared()?;
    let url = cluster.create_database();
    let opened = async { PostgresStore::connect(&url).await.unwrap() };
    let store = block_in_place(|| Handle::current().block_on(opened));
    let pass = move |duration: Duration| {
        let by = format!("interval '{} microseconds'", duration.as_micros());
        let set_back = format!(
            "update webhook_inbox set due_at = due_at - {by}, finished_at = finished_at - {by}, \
             forget_at = forget_at - {by}"
        );
        cluster.sql(&url, &set_back);
    };
    Some(Bench {
        store: Arc::new(store),
        pass: Box::new(pass),
        kept: Box::new(()),
    })
}

conformance!(bench);

fn one(key: &str) -> StoredDelivery {
    delivery("orders", Some(key), "{}")
}

/// A database of its own, in the server that all tests here share.
fn database() -> Option<(&'static Cluster, String)> {
    let cluster = shared()?;
    Some((cluster, cluster.create_database()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_that_start_at_once_share_a_database() {
    let Some((cluster, url)) = database() else {
        return;
    };
    let mut starting = JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        starting.spawn(async move { PostgresStore::connect(&url).await.unwrap() });
    }
    let stores = starting.join_all().await;
    let versions = "select string_agg(version::text, ' ') from webhook_migrations";
    assert_eq!(cluster.sql(&url, versions), "1");

    for _ in 0..20 {
        let key = format!("same-{}", fresh());
        let mut storing = JoinSet::new();
        for store in stores.iter().cycle().take(64) {
            let (store, one) = (store.clone(), one(&key));
            storing.spawn(async move { store.store(one).await.unwrap() });
        }
        let stored = storing.join_all().await;
        let new = stored.iter().filter(|stored| **stored == Stored::New);
        assert_eq!(new.count(), 1);
    }

    let (here, there) = (&stores[0], &stores[1]);
    let jobs = here.take(&["orders"], 9, LEASE).await.unwrap();
    assert_eq!(jobs.len(), 9);
    let rest = there.take(&["orders"], 99, LEASE).await.unwrap();
    assert_eq!(rest.len(), 11);
    assert!(there.finish(jobs[0].ticket, Ending::Done).await.unwrap());
    assert!(!here.finish(jobs[0].ticket, Ending::Done).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_with_the_same_keys_in_any_order_do_not_deadlock() {
    let Some((_, url)) = database() else { return };
    let stores = [
        PostgresStore::connect(&url).await.unwrap(),
        PostgresStore::connect(&url).await.unwrap(),
    ];
    for _ in 0..20 {
        let round = fresh();
        let mut storing = JoinSet::new();
        for at in 0..100 {
            let keys = [at, 99 - at].map(|key| format!("{round}-{key}"));
            for (store, key) in stores.iter().zip(keys) {
                let (store, one) = (store.clone(), one(&key));
                storing.spawn(async move { store.store(one).await.unwrap() });
            }
        }
        let stored = storing.join_all().await;
        let new = stored.iter().filter(|stored| **stored == Stored::New);
        assert_eq!(new.count(), 100);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_the_database_refuses_does_not_fail_the_others() {
    let Some((_, url)) = database() else { return };
    let store = PostgresStore::connect(&url).await.unwrap();
    let mut storing = JoinSet::new();
    for at in 0..100 {
        let store = store.clone();
        let key = match at % 10 {
            0 => format!("nul-\0-{at}"),
            _ => format!("fine-{at}"),
        };
        storing.spawn(async move {
            let stored = store.store(one(&key)).await;
            assert_eq!(stored.is_ok(), !key.contains('\0'), "{key} {stored:?}");
            if let Err(error) = stored {
                let error = error.to_string();
                assert!(error.starts_with("cannot store a delivery: PostgreSQL says: "));
            }
        });
    }
    storing.join_all().await;
    let jobs = store.take(&["orders"], 200, LEASE).await.unwrap();
    assert_eq!(jobs.len(), 90);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_crash_even_where_commits_need_not_be_durable() {
    if shared().is_none() {
        return;
    }
    // Its own server: the others must not crash with it.
    let cluster = Arc::new(Cluster::start().unwrap());
    let url = cluster.create_database();
    cluster.sql(&url, "alter role postgres set synchronous_commit = off");
    let store = PostgresStore::settings()
        .answer_within(Duration::from_secs(2))
        .connect(&url)
        .await
        .unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let mut storing = JoinSet::new();
        for sender in 0..16 {
            let store = store.clone();
            storing.spawn(async move {
                let mut acknowledged = Vec::new();
                for at in 0..100_000 {
                    let key = format!("{round}-{sender}-{at}");
                    if store.store(one(&key)).await.is_err() {
                        return acknowledged;
                    }
                    acknowledged.push(key);
                }
                panic!("the server does not crash");
            });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let crash = {
            let cluster = Arc::clone(&cluster);
            tokio::task::spawn_blocking(move || cluster.stop())
        };
        crash.await.unwrap();
        let before = acknowledged.len();
        acknowledged.extend(storing.join_all().await.concat());
        assert!(acknowledged.len() > before);

        // Each operation fails soon, and says what is wrong.
        let away = Instant::now();
        let errors = [
            store.store(one("away")).await.unwrap_err(),
            store.take(&["orders"], 1, LEASE).await.unwrap_err(),
            store.counts().await.unwrap_err(),
        ];
        assert!(away.elapsed() < Duration::from_secs(10));
        for error in errors {
            let error = error.to_string();
            assert!(error.contains("refused"), "{error}");
        }
        cluster.restart();
        store.counts().await.unwrap();
    }

    let kept = cluster.sql(&url, "select key from webhook_inbox");
    let kept: std::collections::HashSet<_> = kept.lines().collect();
    let lost = acknowledged
        .iter()
        .filter(|key| !kept.contains(key.as_str()));
    assert_eq!(lost.count(), 0, "of {}", acknowledged.len());
    let key = acknowledged.last().unwrap();
    assert_eq!(store.store(one(key)).await.unwrap(), Stored::Duplicate);
    assert_eq!(store.store(one("new")).await.unwrap(), Stored::New);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_hears_of_deliveries_that_another_process_stores() {
    let Some(_) = shared() else { return };
    let cluster = Cluster::start().unwrap();
    let url = cluster.create_database();
    let receiver = PostgresStore::connect(&url).await.unwrap();
    let worker = PostgresStore::connect(&url).await.unwrap();
    let config: Config = url.parse().unwrap();
    let pool = Pool::builder(Manager::new(config.clone(), NoTls))
        .runtime(Runtime::Tokio1)
        .build()
        .unwrap();
    let pooled = PostgresStore::settings()
        .listen(config, NoTls)
        .with_pool(pool)
        .await
        .unwrap();

    for crash in [false, true] {
        if crash {
            cluster.stop();
            cluster.restart();
        }
        for worker in [&worker, &pooled] {
            // It listens, and was told of all that came before.
            settle(worker).await;
            let stirred = worker.stirred();
            receiver.store(one(&fresh().to_string())).await.unwrap();
            let waited = tokio::time::timeout(PATIENCE, stirred).await;
            waited.unwrap().unwrap();
        }
    }
}

/// Waits until a store is not stirred for a while.
async fn settle(store: &PostgresStore) {
    for _ in 0..20 {
        let quiet = Duration::from_secs(2);
        if tokio::time::timeout(quiet, store.stirred()).await.is_err() {
            return;
        }
    }
    panic!("stirred for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_with_work_of_its_own_is_stirred_once_for_it() {
    let Some((_, url)) = database() else { return };
    let store = PostgresStore::connect(&url).await.unwrap();
    settle(&store).await;
    store.store(one("k")).await.unwrap();
    store.stirred().await.unwrap();
    // Not a second time when its own notification comes back.
    let again = tokio::time::timeout(Duration::from_millis(500), store.stirred());
    assert!(again.await.is_err());
}

#[tokio::test]
async fn the_tables_of_the_app_are_not_touched() {
    let Some((cluster, url)) = database() else {
        return;
    };
    cluster.sql(
        &url,
        "create table users (id int primary key, name text);
         create table _sqlx_migrations (version bigint primary key, description text);
         insert into _sqlx_migrations values (1, 'users');
         insert into users select n, 'user ' || n from generate_series(1, 100) as n;
         create schema hooks",
    );
    let contents = "select (select string_agg(id || name, '' order by id) from users)
        || (select string_agg(version || description, '') from _sqlx_migrations)
        || (select string_agg(c::text, ' ' order by c::text) from information_schema.columns as c
            where table_schema = 'public' and table_name not like 'webhook\\_%')";
    let before = cluster.sql(&url, contents);

    // Each search_path has an inbox of its own.
    for options in ["", "?options=-csearch_path%3Dhooks"] {
        let store = PostgresStore::connect(&format!("{url}{options}"))
            .await
            .unwrap();
        assert_eq!(store.store(one("k")).await.unwrap(), Stored::New);
        let job = store.take(&["orders"], 1, LEASE).await.unwrap().remove(0);
        assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
        store.prune(Duration::ZERO).await.unwrap();
    }
    assert_eq!(cluster.sql(&url, contents), before);
    let tables = "select string_agg(schemaname || '.' || tablename, ' ' order by 1)
        from (select * from pg_tables where tablename like 'webhook%' order by 1, 2) as t";
    assert_eq!(
        cluster.sql(&url, tables),
        "hooks.webhook_inbox hooks.webhook_migrations public.webhook_inbox public.webhook_migrations"
    );
}

#[tokio::test]
async fn tables_of_a_newer_release_are_used_as_they_are() {
    let Some((cluster, url)) = database() else {
        return;
    };
    let existing = || PostgresStore::settings().existing_only().connect(&url);
    let error = existing().await.unwrap_err().to_string();
    assert!(
        error.contains("start the app, which creates them"),
        "{error}"
    );

    PostgresStore::connect(&url).await.unwrap();
    cluster.sql(
        &url,
        "alter table webhook_inbox add column region text not null default 'eu';
         insert into webhook_migrations (version) values (2);
         create role worker login;
         grant select, insert, update, delete on webhook_inbox to worker;
         grant select on webhook_migrations to worker",
    );
    existing().await.unwrap();
    // This role may not create anything.
    let url = url.replace("postgres@", "worker@");
    let store = PostgresStore::connect(&url).await.unwrap();
    assert_eq!(store.store(one("k")).await.unwrap(), Stored::New);
    let job = store.take(&["orders"], 1, LEASE).await.unwrap().remove(0);
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
    assert_eq!(
        cluster.sql(&url, "select count(*) from webhook_migrations"),
        "2"
    );
}

#[tokio::test]
async fn rows_that_this_release_cannot_read_are_left_alone() {
    let Some((cluster, url)) = database() else {
        return;
    };
    let store = PostgresStore::connect(&url).await.unwrap();
    for key in ["newer", "broken", "fine"] {
        store.store(one(key)).await.unwrap();
    }
    cluster.sql(
        &url,
        "update webhook_inbox set format = 2, envelope = '[]' where key = 'newer';
         update webhook_inbox set envelope = '[' where key = 'broken'",
    );
    let jobs = store.take(&["orders"], 9, LEASE).await.unwrap();
    let keys: Vec<_> = jobs.iter().map(|job| job.delivery.key()).collect();
    assert_eq!(keys, [Some("fine")]);

    let counts = store.counts().await.unwrap();
    let pending = counts.iter().find(|it| it.state == State::Pending).unwrap();
    assert_eq!((pending.deliveries, pending.newer_format), (1, 1));
    let records = store.list(&Filter::default()).await.unwrap();
    assert_eq!(records.len(), 3);
    assert_eq!(records[1].state, State::Dead);
    for record in &records[1..] {
        let why = record.last_error.as_deref().unwrap();
        assert!(why.contains("the row"), "{why}");
        assert!(store.show(record.id).await.unwrap().is_some());
    }
    assert!(store.forget(records[2].id).await.unwrap());
}

#[tokio::test]
async fn what_cannot_be_opened_says_what_to_do_and_not_the_password() {
    let opened = async |url: &str| {
        let begun = Instant::now();
        let error = PostgresStore::connect(url).await.unwrap_err().to_string();
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert!(error.starts_with("cannot open the inbox: "), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        error
    };
    for url in [
        "",
        "app.db",
        "mysql://app:hunter2@localhost/app",
        "postgres://app:p@hunter2@localhost/app",
        "postgres://app:p@hunter2/5@localhost/app",
        "host=localhost password='hunter2 user=app",
        "host=localhost password=5 hunter2=x",
    ] {
        let error = opened(url).await;
        assert!(
            error.contains("postgres://user:password@host"),
            "{url} {error}"
        );
    }
    let error = opened("postgres://app:hunter2@localhost/app?sslmode=require").await;
    assert!(error.contains("with_pool"), "{error}");
    let error = opened("postgres://app:hunter2@127.0.0.1:1/app").await;
    assert!(error.contains("127.0.0.1 port 1: "), "{error}");
    assert!(error.contains("check that the server runs"), "{error}");
    if let Some(cluster) = shared() {
        let url = cluster
            .url("nowhere")
            .replace("postgres@", "postgres:hunter2@");
        let error = opened(&url).await;
        assert!(
            error.contains(r#"database "nowhere" does not exist"#),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_takes_too_long_fails_and_the_next_does_not_wait_for_it() {
    let Some((cluster, url)) = database() else {
        return;
    };
    let store = PostgresStore::settings()
        .connections(2)
        .answer_within(Duration::from_secs(1))
        .connect(&url)
        .await
        .unwrap();
    let locked = url.clone();
    let lock = tokio::task::spawn_blocking(move || {
        cluster.sql(
            &locked,
            "begin; lock table webhook_inbox; select pg_sleep(4); commit",
        );
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..2 {
        let begun = Instant::now();
        let error = store.store(one("k")).await.unwrap_err().to_string();
        assert!(error.contains("did not answer within 1s"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
    // What waits for the lock was canceled.
    lock.await.unwrap();
    assert_eq!(store.store(one("k")).await.unwrap(), Stored::New);
    assert_eq!(store.counts().await.unwrap()[0].deliveries, 1);
}

#[tokio::test]
async fn extreme_durations_are_cut() {
    let Some((_, url)) = database() else { return };
    let store = PostgresStore::connect(&url).await.unwrap();
    store.store(received("orders", "1")).await.unwrap();
    let job = store.take(&["orders"], usize::MAX, Duration::MAX);
    let job = job.await.unwrap().remove(0);
    assert!(store.renew(job.ticket, Duration::MAX).await.unwrap());
    let ending = Ending::Again {
        after: Duration::MAX,
        counts: true,
        why: "a \0 in it".into(),
    };
    assert!(store.finish(job.ticket, ending).await.unwrap());
    let id = RecordId(job.ticket.row);
    let record = store.show(id).await.unwrap().unwrap();
    assert_eq!(record.last_error.as_deref(), Some("a \u{fffd} in it"));
    assert_eq!(store.prune(Duration::MAX).await.unwrap().deliveries, 0);
}

#[tokio::test]
async fn a_thousand_and_more_are_retried_and_pruned() {
    let Some((cluster, url)) = database() else {
        return;
    };
    let store = PostgresStore::connect(&url).await.unwrap();
    store.store(one("k")).await.unwrap();
    cluster.sql(
        &url,
        "insert into webhook_inbox (format, sender, endpoint, kind, key, keep_key, envelope, body, state, received_at,
                finished_at, forget_at)
            select format, sender, endpoint, kind, 'k' || n, keep_key, envelope, body,
                case when n <= 2500 then 'dead' else 'done' end, received_at, now(), now()
            from webhook_inbox, generate_series(1, 5000) as n",
    );
    assert_eq!(store.retry_dead(None).await.unwrap(), 2500);
    assert_eq!(store.prune(Duration::ZERO).await.unwrap().deliveries, 2500);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.len(), counts[0].deliveries), (1, 2501));
}

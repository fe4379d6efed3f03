//! PostgreSQL, with two pools as of two servers: sqlx in axum.

use std::time::{Duration, Instant};

use axum::Router;
use sqlx::postgres::PgPool;
use webhook_axum::guarantee::postgres;
use webhook_axum::testing::TestRequest;
use webhook_axum::tusfacturas::TusFacturas;
use webhook_examples::axum_postgres;
use webhook_tests::patience::PATIENCE;
use webhook_tests::postgres::shared;

use crate::crash::Holder;
use crate::sqlite::call;
use crate::subject::{self, Answer, Subject, issued, keys, layer};

struct Axum {
    apps: [Router; 2],
    db: PgPool,
    url: String,
}

impl Axum {
    /// None, and a line that says so, if PostgreSQL is not installed.
    async fn start() -> Option<Self> {
        let url = shared()?.create_database();
        let db = axum_postgres::open(&url).await.unwrap();
        let other = axum_postgres::open(&url).await.unwrap();
        let apps = [db.clone(), other].map(|db| axum_postgres::app(db, layer()));
        Some(Self { apps, db, url })
    }
}

impl Subject for Axum {
    async fn deliver(&self, process: usize, request: TestRequest) -> Answer {
        call(self.apps[process].clone(), request).await
    }

    async fn sql(&self, statement: &str) {
        sqlx::raw_sql(statement).execute(&self.db).await.unwrap();
    }

    async fn count(&self, table: &str) -> i64 {
        let count = format!("select count(*) from {table}");
        sqlx::query_scalar(&count)
            .fetch_one(&self.db)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_are_handled_once() {
    let Some(axum) = Axum::start().await else {
        return;
    };
    subject::two_at_once_are_handled_once(&axum).await;
}

#[tokio::test]
async fn what_is_not_handled_is_handled_at_the_retry_and_nothing_else() {
    let Some(axum) = Axum::start().await else {
        return;
    };
    subject::a_failure_frees_the_claim(&axum).await;
    axum.sql("truncate events, webhook_once").await;
    subject::other_deliveries_are_handled(&axum).await;
    axum.sql("truncate events, webhook_once").await;
    subject::another_secret_is_no_other_delivery(&axum).await;
}

#[tokio::test]
async fn a_killed_process_frees_its_claim() {
    let Some(axum) = Axum::start().await else {
        return;
    };
    let [invoices, _] = keys(issued("hook-1")).await;
    let holder = Holder::start(&axum.url, &invoices);
    subject::a_claim_of_another_is_waited_for(&axum).await;
    // Only that delivery waits.
    assert_eq!(axum.deliver(0, issued("hook-2")).await, (200, None));
    holder.kill();
    assert_eq!(axum.deliver(0, issued("hook-1")).await, (200, None));
    assert_eq!(axum.count("events").await, 2);
}

/// As when the sender hangs up, which drops the handler.
#[tokio::test]
async fn a_handler_that_is_dropped_frees_its_claim() {
    let Some(axum) = Axum::start().await else {
        return;
    };
    let mut lock = axum.db.begin().await.unwrap();
    let statement = sqlx::query("lock table events");
    statement.execute(&mut *lock).await.unwrap();
    // It has its claim, and waits for the table.
    let dropped = axum.deliver(1, issued("hook-1"));
    let dropped = tokio::time::timeout(Duration::from_millis(1000), dropped).await;
    dropped.unwrap_err();
    lock.rollback().await.unwrap();
    assert_eq!(axum.count("events").await, 0);
    assert_eq!(axum.deliver(0, issued("hook-1")).await, (200, None));
    assert_eq!(axum.count("events").await, 1);
}

#[tokio::test]
async fn the_statements_do_what_they_say() {
    let Some(axum) = Axum::start().await else {
        return;
    };
    let db = &axum.db;
    axum.sql(postgres::CREATE_TABLE).await;
    let claim = async |key: &str| {
        let mut transaction = db.begin().await.unwrap();
        let claim = sqlx::query(postgres::CLAIM).bind(key).bind("4s");
        let claimed = claim.execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        claimed.rows_affected()
    };
    let [invoices, orders] = keys(issued("hook-1")).await;
    assert_eq!([claim(&invoices).await, claim(&orders).await], [1, 1]);
    assert_eq!([claim(&invoices).await, claim(&orders).await], [0, 0]);
    let left: String = sqlx::query_scalar("show lock_timeout")
        .fetch_one(db)
        .await
        .unwrap();
    assert_eq!(left, "0", "the timeout ends with the transaction");

    let forget = sqlx::query(postgres::FORGET).bind(&orders);
    assert_eq!(forget.execute(db).await.unwrap().rows_affected(), 1);
    assert_eq!([claim(&invoices).await, claim(&orders).await], [0, 1]);

    let keep = TusFacturas::TIMING.keep_ids().as_secs_f64();
    let prune = async || {
        let pruned = sqlx::query(postgres::PRUNE).bind(keep).execute(db).await;
        pruned.unwrap().rows_affected()
    };
    assert_eq!(prune().await, 0);
    let late =
        "update webhook_once set seen_at = seen_at - make_interval(secs => $1 + 1) where key = $2";
    let late = sqlx::query(late).bind(keep).bind(&orders);
    assert_eq!(late.execute(db).await.unwrap().rows_affected(), 1);
    assert_eq!(prune().await, 1);
    assert_eq!([claim(&invoices).await, claim(&orders).await], [0, 1]);

    // A delivery without an id must not look handled.
    let none = sqlx::query(postgres::CLAIM).bind(None::<&str>).bind("4s");
    none.execute(db).await.unwrap_err();
}

/// What the documentation says of stricter isolation.
#[tokio::test]
async fn under_repeatable_read_a_claim_fails_when_the_other_commits() {
    let Some(axum) = Axum::start().await else {
        return;
    };
    let mut first = axum.db.begin().await.unwrap();
    let claim = || sqlx::query(postgres::CLAIM).bind("key").bind("60s");
    claim().execute(&mut *first).await.unwrap();

    let db = axum.db.clone();
    let second = tokio::spawn(async move {
        let repeatable = "begin isolation level repeatable read";
        let mut second = db.begin_with(repeatable).await.unwrap();
        claim().execute(&mut *second).await
    });
    // Claims of the tests beside this one wait too, in databases of their own.
    let waits = "select count(*) from pg_stat_activity \
         where wait_event = 'transactionid' and datname = current_database()";
    let deadline = Instant::now() + PATIENCE;
    while sqlx::query_scalar::<_, i64>(waits)
        .fetch_one(&axum.db)
        .await
        .unwrap()
        == 0
    {
        assert!(Instant::now() < deadline, "it does not wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    first.commit().await.unwrap();
    let error = second.await.unwrap().unwrap_err();
    let code = error.as_database_error().and_then(|error| error.code());
    assert_eq!(code.as_deref(), Some("40001"));
}

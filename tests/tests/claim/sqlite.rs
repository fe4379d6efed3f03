//! SQLite, in a file that two processes share: sqlx in axum, `rusqlite` in actix.

use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::test::TestRequest as ActixRequest;
use actix_web::web::Data;
use actix_web::{App, test};
use axum::Router;
use axum::body::Body;
use rusqlite::Connection;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tower::ServiceExt;
use webhook_axum::guarantee::sqlite;
use webhook_axum::testing::TestRequest;
use webhook_axum::tusfacturas::TusFacturas;
use webhook_examples::{actix_rusqlite, axum_database};

use crate::crash::Holder;
use crate::subject::{self, Answer, NEW, OLD, Subject, issued, keys, layer};

/// A file of a test's own, which ends with it.
pub struct File(PathBuf);

impl File {
    pub fn new() -> Self {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("claim-{}-{number}.db", process::id());
        let file = Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name));
        file.remove();
        file
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub fn open(&self) -> Connection {
        Connection::open(&self.0).unwrap()
    }

    fn remove(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let _not_there = std::fs::remove_file(format!("{}{suffix}", self.path()));
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.remove();
    }
}

struct Axum {
    apps: [Router; 2],
    file: File,
}

impl Axum {
    async fn start() -> Self {
        let file = File::new();
        let url = format!("sqlite:{}?mode=rwc", file.path());
        let layer = layer();
        let app =
            async || axum_database::app(axum_database::open(&url).await.unwrap(), layer.clone());
        let apps = [app().await, app().await];
        Self { apps, file }
    }
}

/// Calls an app in a task of its own, so that two are handled at once. When this is dropped, so is the handler.
pub async fn call(app: Router, request: TestRequest) -> Answer {
    let mut task = JoinSet::new();
    task.spawn(app.oneshot(request.into_request::<Body>()));
    let answer = task.join_next().await.unwrap().unwrap().unwrap();
    let retry_after = answer.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), retry_after)
}

impl Subject for Axum {
    async fn deliver(&self, process: usize, request: TestRequest) -> Answer {
        call(self.apps[process].clone(), request).await
    }

    async fn sql(&self, statement: &str) {
        self.file.open().execute_batch(statement).unwrap();
    }

    async fn count(&self, table: &str) -> i64 {
        count(&self.file, table)
    }
}

struct Actix {
    processes: [Data<Mutex<Connection>>; 2],
    file: File,
}

impl Actix {
    fn start() -> Self {
        let file = File::new();
        let process = || actix_rusqlite::open(file.path()).unwrap();
        let processes = [process(), process()];
        Self { processes, file }
    }
}

impl Subject for Actix {
    async fn deliver(&self, process: usize, request: TestRequest) -> Answer {
        let db = self.processes[process].clone();
        let layer = webhook_actix::TfWebhookLayer::new([("pdv-1", OLD), ("pdv-1", NEW)]);
        let app = test::init_service(App::new().configure(actix_rusqlite::app(db, layer))).await;
        let mut sent = ActixRequest::post().uri("/webhook");
        for (name, value) in &request.headers {
            sent = sent.insert_header((name.as_str(), value.as_bytes()));
        }
        let sent = sent.set_payload(request.body).to_request();
        let answer = test::call_service(&app, sent).await;
        let retry_after = answer.headers().get("retry-after");
        let retry_after = retry_after.map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), retry_after)
    }

    async fn sql(&self, statement: &str) {
        self.file.open().execute_batch(statement).unwrap();
    }

    async fn count(&self, table: &str) -> i64 {
        count(&self.file, table)
    }
}

pub fn count(file: &File, table: &str) -> i64 {
    let count = format!("select count(*) from {table}");
    file.open().query_row(&count, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_are_handled_once() {
    subject::two_at_once_are_handled_once(&Axum::start().await).await;
}

#[actix_web::test]
async fn two_at_once_are_handled_once_in_actix() {
    subject::two_at_once_are_handled_once(&Actix::start()).await;
}

#[tokio::test]
async fn a_failure_frees_the_claim() {
    subject::a_failure_frees_the_claim(&Axum::start().await).await;
}

#[actix_web::test]
async fn a_failure_frees_the_claim_in_actix() {
    subject::a_failure_frees_the_claim(&Actix::start()).await;
}

#[tokio::test]
async fn other_deliveries_are_handled() {
    subject::other_deliveries_are_handled(&Axum::start().await).await;
    subject::another_secret_is_no_other_delivery(&Axum::start().await).await;
}

#[actix_web::test]
async fn other_deliveries_are_handled_in_actix() {
    subject::other_deliveries_are_handled(&Actix::start()).await;
    subject::another_secret_is_no_other_delivery(&Actix::start()).await;
}

#[tokio::test]
async fn a_claim_that_waits_too_long_is_answered_503() {
    let axum = Axum::start().await;
    busy(&axum, &axum.file).await;
}

#[actix_web::test]
async fn a_claim_that_waits_too_long_is_answered_503_in_actix() {
    let actix = Actix::start();
    busy(&actix, &actix.file).await;
}

/// Any transaction is in the way here: SQLite has one writer.
async fn busy(subject: &impl Subject, file: &File) {
    let other = file.open();
    other.execute_batch(sqlite::BEGIN).unwrap();
    subject::a_claim_of_another_is_waited_for(subject).await;
    other.execute_batch("rollback").unwrap();
    assert_eq!(subject.deliver(0, issued("hook-1")).await, (200, None));
    assert_eq!(subject.count("events").await, 1);
}

/// As when the sender hangs up, which drops the handler.
#[tokio::test]
async fn a_handler_that_is_dropped_frees_its_claim() {
    let axum = Axum::start().await;
    let other = axum.file.open();
    other.execute_batch(sqlite::BEGIN).unwrap();
    let dropped = axum.deliver(0, issued("hook-1"));
    let dropped = tokio::time::timeout(Duration::from_millis(500), dropped).await;
    dropped.unwrap_err();
    other.execute_batch("rollback").unwrap();
    for process in [0, 1] {
        assert_eq!(axum.deliver(process, issued("hook-1")).await, (200, None));
        assert_eq!(axum.count("events").await, 1);
    }
}

#[tokio::test]
async fn a_killed_process_frees_its_claim() {
    let axum = Axum::start().await;
    let [invoices, _] = keys(issued("hook-1")).await;
    let holder = Holder::start(axum.file.path(), &invoices);
    subject::a_claim_of_another_is_waited_for(&axum).await;
    holder.kill();
    assert_eq!(axum.deliver(0, issued("hook-1")).await, (200, None));
    assert_eq!(axum.count("events").await, 1);
}

#[tokio::test]
async fn a_delivery_that_waits_too_long_for_the_connection_is_answered_503() {
    let file = File::new();
    let url = format!("sqlite:{}?mode=rwc", file.path());
    let db = axum_database::open(&url).await.unwrap();
    let app = axum_database::app(db.clone(), layer());
    let other = db.acquire().await.unwrap();
    let answer = call(app.clone(), issued("hook-1")).await;
    assert_eq!(answer, (503, Some("5".to_owned())));
    drop(other);
    assert_eq!(call(app, issued("hook-1")).await, (200, None));
}

#[tokio::test]
async fn the_statements_do_what_they_say() {
    let db = Connection::open_in_memory().unwrap();
    db.query_row(sqlite::SET_LOCK_TIMEOUT, [], |_| Ok(()))
        .unwrap();
    for _ in 0..2 {
        db.execute_batch(sqlite::CREATE_TABLE).unwrap();
    }
    let claim = |key: &str| db.execute(sqlite::CLAIM, [key]).unwrap();
    let [invoices, orders] = keys(issued("hook-1")).await;
    assert_eq!([claim(&invoices), claim(&orders)], [1, 1]);
    assert_eq!([claim(&invoices), claim(&orders)], [0, 0]);

    assert_eq!(db.execute(sqlite::FORGET, [&orders]).unwrap(), 1);
    assert_eq!([claim(&invoices), claim(&orders)], [0, 1]);

    let keep = TusFacturas::TIMING.keep_ids().as_secs();
    assert_eq!(db.execute(sqlite::PRUNE, [keep]).unwrap(), 0);
    let late = "update webhook_once set seen_at = seen_at - ?1 - 1 where key = ?2";
    assert_eq!(db.execute(late, (keep, &orders)).unwrap(), 1);
    assert_eq!(db.execute(sqlite::PRUNE, [keep]).unwrap(), 1);
    assert_eq!([claim(&invoices), claim(&orders)], [0, 1]);

    // A delivery without an id must not look handled.
    let none = None::<&str>;
    db.execute(sqlite::CLAIM, [none]).unwrap_err();
}

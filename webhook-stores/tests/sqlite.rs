//! The store on SQLite: what every store promises, and what is its own.

#![cfg(feature = "sqlite")]

mod conformance;
mod directory;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use conformance::{Bench, delivery, fresh, received};
use directory::Directory;
use rusqlite::Connection;
use webhook_core::guarantee::{
    Ending, Filter, InboxQueue as _, InboxRecords as _, InboxStore as _, RecordId, State, Stored,
};
use webhook_stores::SqliteStore;

const LEASE: Duration = Duration::from_secs(30);

/// A clock that stands until it is told to go on.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicU64>);

impl Hands {
    fn pass(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    fn now(&self) -> SystemTime {
        let passed = Duration::from_millis(self.0.load(Ordering::SeqCst));
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + passed
    }

    fn open(&self, directory: &Directory) -> SqliteStore {
        let hands = self.clone();
        SqliteStore::settings()
            .clock(move || hands.now())
            .open(directory.file())
            .unwrap()
    }
}

fn bench() -> Bench {
    let directory = Directory::new();
    let hands = Hands::default();
    Bench {
        store: Arc::new(hands.open(&directory)),
        pass: Box::new(move |duration| hands.pass(duration)),
        kept: Box::new(directory),
    }
}

conformance!(bench);

fn one(key: &str) -> webhook_core::guarantee::StoredDelivery {
    delivery("orders", Some(key), "{}")
}

fn in_state(state: Option<State>) -> Filter {
    let mut filter = Filter::default();
    filter.state = state;
    filter
}

#[tokio::test]
async fn what_was_stored_is_there_after_the_file_is_opened_again() {
    let directory = Directory::new();
    for expected in [Stored::New, Stored::Duplicate] {
        let store = SqliteStore::open(directory.file()).unwrap();
        assert_eq!(store.store(one("k")).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn two_stores_share_a_file() {
    let directory = Directory::new();
    let hands = Hands::default();
    let (here, there) = (hands.open(&directory), hands.open(&directory));
    assert_eq!(here.store(one("k")).await.unwrap(), Stored::New);
    assert_eq!(there.store(one("k")).await.unwrap(), Stored::Duplicate);

    let old = here.take(&["orders"], 9, LEASE).await.unwrap().remove(0);
    assert!(there.take(&["orders"], 9, LEASE).await.unwrap().is_empty());
    hands.pass(LEASE);
    let new = there.take(&["orders"], 9, LEASE).await.unwrap().remove(0);
    assert!(!here.finish(old.ticket, Ending::Done).await.unwrap());
    assert!(there.finish(new.ticket, Ending::Done).await.unwrap());
    let record = here.show(RecordId(new.ticket.row)).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts), (State::Done, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_identical_is_new_between_two_stores() {
    let directory = Directory::new();
    let stores = [(); 2].map(|()| SqliteStore::open(directory.file()).unwrap());
    for _ in 0..50 {
        let key = format!("same-{}", fresh());
        let mut storing = tokio::task::JoinSet::new();
        for store in stores.iter().cycle().take(64) {
            let (store, one) = (store.clone(), one(&key));
            storing.spawn(async move { store.store(one).await.unwrap() });
        }
        let stored = storing.join_all().await;
        let new = stored.iter().filter(|stored| **stored == Stored::New);
        assert_eq!(new.count(), 1);
    }
}

#[tokio::test]
async fn the_tables_of_the_app_are_not_touched() {
    let directory = Directory::new();
    let app = Connection::open(directory.file()).unwrap();
    app.execute_batch(
        "create table users (id integer primary key, name text);
         create table _sqlx_migrations (version bigint primary key, description text);
         insert into _sqlx_migrations values (1, 'users');
         with recursive n (n) as (select 1 union all select n + 1 from n where n < 100)
         insert into users select n, 'user ' || n from n;",
    )
    .unwrap();
    let contents = || -> String {
        let sql = "select (select group_concat(id || name) from users) || (select group_concat(version || description)
            from _sqlx_migrations)";
        app.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let before = contents();

    let store = SqliteStore::open(directory.file()).unwrap();
    assert_eq!(store.store(one("k")).await.unwrap(), Stored::New);
    let job = store.take(&["orders"], 1, LEASE).await.unwrap().remove(0);
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
    store.prune(Duration::ZERO).await.unwrap();
    assert_eq!(contents(), before);
    let strangers: i64 = app
        .query_row(
            "select count(*) from sqlite_schema where name not like 'webhook\\_%' escape '\\' and name not like 'sqlite\\_%' escape '\\'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(strangers, 2, "the app's own tables");
    // The app goes on in the same file.
    app.execute("insert into users values (101, 'new')", [])
        .unwrap();
}

#[tokio::test]
async fn a_file_of_a_later_release_is_used_as_it_is() {
    let directory = Directory::new();
    drop(SqliteStore::open(directory.file()).unwrap());
    let later = Connection::open(directory.file()).unwrap();
    later
        .execute_batch(
            "alter table webhook_inbox add column color text;
             create table webhook_more (a integer);
             insert into webhook_migrations values (99, 0);",
        )
        .unwrap();
    let store = SqliteStore::open(directory.file()).unwrap();
    assert_eq!(store.store(one("k")).await.unwrap(), Stored::New);
    assert_eq!(store.take(&["orders"], 1, LEASE).await.unwrap().len(), 1);
}

#[test]
fn many_open_a_new_file_at_once() {
    for _ in 0..5 {
        let directory = Directory::new();
        let file = directory.file();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| drop(SqliteStore::open(&file).unwrap()));
            }
        });
        let versions: i64 = Connection::open(&file)
            .unwrap()
            .query_row("select count(*) from webhook_migrations", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(versions, 1);
    }
}

#[test]
fn a_command_opens_only_what_is_there() {
    let directory = Directory::new();
    let open = || {
        let settings = SqliteStore::settings().existing_only();
        settings
            .open(directory.file())
            .map_err(|error| error.to_string())
    };
    let error = open().unwrap_err();
    assert!(error.contains("there is no such file"), "{error}");
    assert!(!directory.file().exists());
    drop(Connection::open(directory.file()).unwrap());
    let error = open().unwrap_err();
    assert!(error.contains("start the app of this release"), "{error}");
    drop(SqliteStore::open(directory.file()).unwrap());
    open().unwrap();
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_what_to_do() {
    let directory = Directory::new();
    let text = directory.path().join("text");
    std::fs::write(
        &text,
        "not a database, but long enough to be read as one".repeat(99),
    )
    .unwrap();
    let cases = [
        (directory.path().to_owned(), "name a file in it"),
        (directory.path().join("no/app.db"), "create it"),
        (":memory:".into(), "name a file"),
        ("".into(), "name a file"),
        (text, "name another"),
    ];
    for (path, advice) in cases {
        let error = SqliteStore::open(&path).unwrap_err().to_string();
        assert!(error.contains("cannot open the inbox: "), "{error}");
        assert!(error.contains(&*path.to_string_lossy()), "{error}");
        assert!(error.contains(advice), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_another_locks_for_too_long_fails_and_works_again() {
    let directory = Directory::new();
    let store = SqliteStore::settings()
        .busy_timeout(Duration::from_millis(150))
        .open(directory.file())
        .unwrap();
    let other = Connection::open(directory.file()).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let began = Instant::now();
    let mut storing = tokio::task::JoinSet::new();
    for number in 0..10 {
        let store = store.clone();
        let one = one(&format!("k{number}"));
        storing.spawn(async move { store.store(one).await });
    }
    for stored in storing.join_all().await {
        let error = stored.unwrap_err().to_string();
        assert!(error.starts_with("cannot store a delivery: "), "{error}");
        assert!(error.contains("raise the timeout"), "{error}");
    }
    assert!(began.elapsed() >= Duration::from_millis(150));
    // An operator can look meanwhile, and another process can start.
    assert!(store.counts().await.unwrap().is_empty());
    drop(SqliteStore::open(directory.file()).unwrap());

    other.execute_batch("rollback").unwrap();
    assert_eq!(store.store(one("k0")).await.unwrap(), Stored::New);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_does_not_stop_the_others() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    for key in ["envelope", "format", "bytes", "body", "good"] {
        assert_eq!(store.store(one(key)).await.unwrap(), Stored::New);
    }
    let other = Connection::open(directory.file()).unwrap();
    other
        .execute_batch(
            "update webhook_inbox set envelope = '{oops' where key = 'envelope';
             update webhook_inbox set format = 2 where key = 'format';
             update webhook_inbox set envelope = cast(x'ff' as text) where key = 'bytes';
             delete from webhook_bodies where id = (select id from webhook_inbox where key = 'body');",
        )
        .unwrap();
    let jobs = store.take(&["orders"], 1, LEASE).await.unwrap();
    assert_eq!(jobs[0].delivery.key(), Some("good"));
    assert!(store.take(&["orders"], 9, LEASE).await.unwrap().is_empty());

    let dead = in_state(Some(State::Dead));
    let dead = store.list(&dead).await.unwrap();
    assert_eq!(dead.len(), 3);
    for record in &dead {
        assert!(record.last_error.is_some());
    }
    assert_eq!(store.list(&Filter::default()).await.unwrap().len(), 5);
    let newer: u64 = store
        .counts()
        .await
        .unwrap()
        .iter()
        .filter(|count| count.state == State::Pending)
        .map(|count| count.newer_format)
        .sum();
    assert_eq!(newer, 1);
    assert!(store.forget(dead[0].id).await.unwrap());
}

#[tokio::test]
async fn a_command_that_fails_takes_no_other_with_it() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    let other = Connection::open(directory.file()).unwrap();
    // One loses its statement, the other the whole transaction.
    other
        .execute_batch(
            "create trigger fails before insert on webhook_bodies when new.body = x'66' begin
                 select raise(fail, 'refused'); end;
             create trigger ends before insert on webhook_bodies when new.body = x'72' begin
                 select raise(rollback, 'refused'); end;",
        )
        .unwrap();
    // They wait while this holds the lock, and share a transaction.
    other.execute_batch("begin immediate").unwrap();
    let mut storing = tokio::task::JoinSet::new();
    for number in 0..40 {
        let store = store.clone();
        let body = match number {
            10 => "f",
            20 => "r",
            _ => "ok",
        };
        let one = delivery("orders", Some(&format!("k{number}")), body);
        storing.spawn(async move { (body, store.store(one).await.map_err(|e| e.to_string())) });
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    other.execute_batch("rollback").unwrap();
    for (body, stored) in storing.join_all().await {
        match body {
            "ok" => assert_eq!(stored, Ok(Stored::New)),
            _ => assert!(stored.unwrap_err().contains("refused")),
        }
    }
    let count = store.counts().await.unwrap().remove(0);
    assert_eq!(count.deliveries, 38);
}

#[tokio::test]
async fn a_dropped_store_has_written_what_was_queued() {
    let directory = Directory::new();
    for round in 0..10 {
        let store = SqliteStore::open(directory.file()).unwrap();
        let key = format!("k{round}");
        let mut storing = store.store(one(&key));
        // Once is enough to queue it. The thread may be quick, but mostly nobody waits for the answer any more.
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        if let Poll::Ready(stored) = storing.as_mut().poll(&mut context) {
            assert_eq!(stored.unwrap(), Stored::New);
        }
        drop(storing);
        drop(store);
        let rows: i64 = Connection::open(directory.file())
            .unwrap()
            .query_row("select count(*) from webhook_inbox", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, round + 1);
    }
}

#[tokio::test]
async fn pruned_bodies_are_not_in_the_file() {
    let directory = Directory::new();
    let hands = Hands::default();
    let store = hands.open(&directory);
    let secret = "s3cr3t-of-a-body".repeat(1000);
    let holds = |directory: &Directory| {
        let file = std::fs::read(directory.file()).unwrap();
        file.windows(16).any(|bytes| bytes == b"s3cr3t-of-a-body")
    };
    let stored = delivery("orders", Some("k"), secret);
    assert_eq!(store.store(stored).await.unwrap(), Stored::New);
    let job = store.take(&["orders"], 1, LEASE).await.unwrap().remove(0);
    assert!(store.finish(job.ticket, Ending::Done).await.unwrap());
    drop(store);
    assert!(holds(&directory));

    hands.pass(Duration::from_secs(60));
    let store = hands.open(&directory);
    let pruned = store.prune(Duration::from_secs(30)).await.unwrap();
    assert_eq!((pruned.bodies, pruned.deliveries), (1, 0));
    drop(store);
    assert!(!holds(&directory));
}

#[tokio::test]
async fn more_than_one_round_is_pruned() {
    let directory = Directory::new();
    let hands = Hands::default();
    let store = hands.open(&directory);
    let other = Connection::open(directory.file()).unwrap();
    other
        .execute_batch(
            "with recursive n (n) as (select 1 union all select n + 1 from n where n < 1750)
             insert into webhook_inbox
                 (format, sender, endpoint, kind, key, keep_key, envelope, state, due_at, received_at, finished_at)
             select 1, 'bench', 'orders', 'k', 'key' || n, case when n <= 600 then 0 else 1e15 end, '{}', 2, 0, 0, n
             from n;
             insert into webhook_bodies select id, x'00' from webhook_inbox;",
        )
        .unwrap();
    let pruned = store.prune(Duration::ZERO).await.unwrap();
    assert_eq!((pruned.bodies, pruned.deliveries), (1150, 600));
    let left: i64 = other
        .query_row("select count(*) from webhook_bodies", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_real_delivery_is_handled_after_its_secret_has_rotated() {
    use webhook_core::driver::{Intake, Verifier};
    use webhook_core::tusfacturas::{TfEvento, TusFacturas};

    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    let stored = received("invoices", "h1");
    assert_eq!(store.store(stored.clone()).await.unwrap(), Stored::New);
    assert_eq!(store.store(stored).await.unwrap(), Stored::Duplicate);
    let job = store.take(&["invoices"], 1, LEASE).await.unwrap().remove(0);
    let verifier = Verifier::<TusFacturas>::try_new("another")
        .unwrap()
        .trust_unsigned_ids();
    let accepted = Intake::new(verifier, "invoices")
        .recall(&job.delivery)
        .unwrap();
    assert_eq!(accepted.delivery.evento, TfEvento::Emitido);
    accepted.in_flight.stored();
}

#[tokio::test]
async fn what_is_too_much_for_the_disk_is_refused_at_once() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    let other = Connection::open(directory.file()).unwrap();
    for body in [0, 4 << 20] {
        other.execute_batch("begin immediate").unwrap();
        let mut storing = tokio::task::JoinSet::new();
        let many = if body == 0 { 11_000 } else { 20 };
        for _ in 0..many {
            let store = store.clone();
            let one = delivery("orders", None, vec![b'a'; body]);
            storing.spawn(async move { store.store(one).await.map_err(|e| e.to_string()) });
        }
        // Only what is refused is ready while the lock is held.
        let refused = storing.join_next().await.unwrap().unwrap().unwrap_err();
        assert!(refused.contains("try again later"), "{refused}");
        tokio::task::yield_now().await;
        other.execute_batch("rollback").unwrap();
        let stored = storing.join_all().await;
        assert!(stored.iter().any(Result::is_ok));
        assert!(store.store(one(&format!("k{body}"))).await.is_ok());
    }
}

//! The worker over SQLite: what becomes of each delivery.

#![cfg(feature = "sqlite")]

mod directory;

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header::RETRY_AFTER};
use axum::response::IntoResponse;
use axum::routing::post;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;
use webhook_axum::scheme::Preset;
use webhook_axum::tiendanube::TiendanubeScheme;
use webhook_axum::{
    Delivery, GithubEvent, Inbox, SignedEvent, TfEvent, TfWebhookLayer, TiendanubeWebhookLayer,
    Value, Webhook, WebhookDelivery,
};
use webhook_core::guarantee::{Filter, InboxRecords, Record, State as RowState};
use webhook_core::testing;
use webhook_core::tusfacturas::TusFacturas;
use webhook_stores::{Attempt, HandlerError, Retry, RunningWorker, SqliteStore, Worker};

use self::directory::Directory;

const PATIENCE: Duration = Duration::from_secs(30);

/// An inbox in a file of its own.
struct Bench {
    store: SqliteStore,
    inbox: Inbox<TusFacturas>,
    _directory: Directory,
}

impl Bench {
    fn new() -> Self {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.file()).unwrap();
        Self {
            inbox: inbox(&store, "invoices"),
            store,
            _directory: directory,
        }
    }

    /// Without long waits.
    fn worker(&self) -> Worker {
        Worker::new(self.store.clone())
            .pauses([Duration::from_millis(20), Duration::from_millis(20)])
            .look_every(Duration::from_millis(20))
    }

    async fn deliver(&self, hook_id: &str) {
        deliver(&self.inbox, hook_id).await;
    }

    async fn rows(&self) -> Vec<Record> {
        self.store.list(&Filter::default()).await.unwrap()
    }

    /// The only row, once it is in this state.
    async fn row(&self, state: RowState) -> Record {
        let until = Instant::now() + PATIENCE;
        loop {
            let rows = self.rows().await;
            let [row] = &rows[..] else {
                panic!("{rows:?}");
            };
            if row.state == state {
                return row.clone();
            }
            assert!(Instant::now() < until, "not {state:?}: {row:?}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

fn inbox(store: &SqliteStore, endpoint: &str) -> Inbox<TusFacturas> {
    TfWebhookLayer::new([("pdv-1", "s3cr3t")])
        .trust_unsigned_ids()
        .inbox(endpoint, store.clone())
        .keep_headers([HeaderName::from_static("x-trace")])
}

async fn deliver(inbox: &Inbox<TusFacturas>, hook_id: &str) {
    let body = format!(r#"{{"evento":"emitido","hook_id":"{hook_id}"}}"#);
    let mut request = testing::tusfacturas_body(body, "s3cr3t").into_request::<axum::body::Body>();
    *request.uri_mut() = "/webhook?from=here".parse().unwrap();
    request
        .headers_mut()
        .insert("x-trace", "t1".parse().unwrap());
    let response = inbox.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

async fn finish(worker: RunningWorker) {
    let ended = worker.finish_within(PATIENCE).await;
    assert_eq!(ended.running, 0, "{ended}");
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("it ends in time")
}

#[tokio::test]
async fn a_function_handles_each_delivery_once() {
    let bench = Bench::new();
    let (seen, handled) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let (seeing, handling) = (Arc::clone(&seen), Arc::clone(&handled));
    let worker = bench
        .worker()
        .on(&bench.inbox, move |delivery: Delivery<TfEvent>| {
            seeing
                .lock()
                .unwrap()
                .push(delivery.hook_id.clone().unwrap());
            handling.notify_one();
            async { Ok::<_, HandlerError>(()) }
        });
    let worker = worker.start();
    for _ in 0..3 {
        bench.deliver("h1").await;
    }
    in_time(handled.notified()).await;
    let row = bench.row(RowState::Done).await;
    assert_eq!((row.attempts, row.last_error), (1, None));
    finish(worker).await;
    assert_eq!(*seen.lock().unwrap(), ["h1"]);
}

#[tokio::test]
async fn an_axum_route_gets_the_request_as_it_was() {
    type Seen = (String, String, String, u32, String);

    async fn handler(
        State(seen): State<Arc<Mutex<Vec<Seen>>>>,
        Extension(attempt): Extension<Attempt>,
        Query(query): Query<Vec<(String, String)>>,
        headers: HeaderMap,
        WebhookDelivery(delivery): WebhookDelivery<TfEvent>,
    ) {
        seen.lock().unwrap().push((
            delivery.label().unwrap().to_string(),
            format!("{query:?}"),
            format!("{headers:?}"),
            attempt.number(),
            String::from_utf8(delivery.body().to_vec()).unwrap(),
        ));
    }

    let bench = Bench::new();
    let seen = Arc::default();
    let route = post(handler).with_state(Arc::clone(&seen));
    let worker = bench.worker().serve(&bench.inbox, route).start();
    bench.deliver("h1").await;
    bench.row(RowState::Done).await;
    finish(worker).await;
    let expected = (
        "pdv-1".to_owned(),
        r#"[("from", "here")]"#.to_owned(),
        r#"{"x-trace": "t1"}"#.to_owned(),
        1,
        r#"{"evento":"emitido","hook_id":"h1"}"#.to_owned(),
    );
    assert_eq!(*seen.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn what_fails_is_tried_again_until_it_is_handled() {
    let bench = Bench::new();
    let attempts = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&attempts);
    let worker = bench
        .worker()
        .on(&bench.inbox, move |_: Delivery<TfEvent>| {
            let attempt = counting.fetch_add(1, Ordering::SeqCst) + 1;
            async move {
                match attempt {
                    1 => Err(HandlerError::new("the API is away")),
                    2 => panic!("a mistake in the handler"),
                    _ => Ok(()),
                }
            }
        });
    let worker = worker.start();
    bench.deliver("h1").await;
    let row = bench.row(RowState::Done).await;
    assert_eq!(row.attempts, 3);
    finish(worker).await;
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_fails_for_the_last_time_is_dead_until_someone_acts() {
    let bench = Bench::new();
    let attempts = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&attempts);
    let worker = bench
        .worker()
        .on(&bench.inbox, move |_: Delivery<TfEvent>| {
            let attempt = counting.fetch_add(1, Ordering::SeqCst) + 1;
            async move {
                match attempt {
                    1..=3 => Err(HandlerError::new("still away")),
                    _ => Ok(()),
                }
            }
        });
    let worker = worker.start();
    bench.deliver("h1").await;
    let dead = bench.row(RowState::Dead).await;
    assert_eq!(dead.attempts, 3);
    assert_eq!(dead.last_error.as_deref(), Some("still away"));
    // A repeat is acknowledged, and does not wake the dead.
    bench.deliver("h1").await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(bench.row(RowState::Dead).await.attempts, 3);

    assert!(bench.store.retry(dead.id).await.unwrap());
    bench.row(RowState::Done).await;
    finish(worker).await;
}

webhook_axum::topics! {
    #[derive(Clone)]
    enum ShopEvent {
        "order/paid" => Paid,
        "order/packed" => Packed,
    }
}

webhook_axum::topics! {
    /// Of a release that has dropped a kind.
    #[derive(Clone)]
    enum LessEvent {
        "order/paid" => Paid,
    }
}

#[tokio::test]
async fn a_row_whose_topic_is_in_no_table_anymore_is_dead_until_it_is_again() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).unwrap();
    let inbox = |store: &SqliteStore| {
        TiendanubeWebhookLayer::<ShopEvent>::new("s3cr3t").inbox("shop", store.clone())
    };
    let scheme = TiendanubeScheme::scheme().build().unwrap();
    for event in ["order/packed", "order/unpacked"] {
        let body = format!(r#"{{"event":"{event}"}}"#);
        let request = testing::scheme(&scheme, SystemTime::now(), &[], body, "s3cr3t");
        let request = request.into_request::<axum::body::Body>();
        let response = inbox(&store).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }

    let worker = || {
        Worker::new(store.clone())
            .pauses([Duration::from_millis(20)])
            .look_every(Duration::from_millis(20))
    };
    let row = async |state: RowState| {
        in_time(async {
            loop {
                let rows = store.list(&Filter::default()).await.unwrap();
                // What is in no table is not stored.
                assert_eq!(rows.len(), 1, "{rows:?}");
                match rows.into_iter().next() {
                    Some(row) if row.state == state => return row,
                    _ => sleep(Duration::from_millis(5)).await,
                }
            }
        })
        .await
    };
    let less = TiendanubeWebhookLayer::<LessEvent>::new("s3cr3t").inbox("shop", store.clone());
    let running = worker()
        .on(&less, |_: Delivery<SignedEvent<LessEvent>>| async {
            Ok::<_, HandlerError>(())
        })
        .start();
    let dead = row(RowState::Dead).await;
    assert_eq!((dead.delivery.kind(), dead.attempts), ("order/packed", 2));
    let why = dead.last_error.unwrap();
    assert!(
        why.starts_with("the app has no type for deliveries of this kind"),
        "{why}"
    );
    finish(running).await;

    assert!(store.retry(dead.id).await.unwrap());
    let running = worker()
        .on(
            &inbox(&store),
            |delivery: Delivery<SignedEvent<ShopEvent>>| async move {
                match delivery.payload {
                    ShopEvent::Packed => Ok(()),
                    ShopEvent::Paid => Err(HandlerError::new("another kind")),
                }
            },
        )
        .start();
    row(RowState::Done).await;
    finish(running).await;
}

#[tokio::test]
async fn a_handler_says_when_it_is_tried_again() {
    let cases: [(&str, axum::response::Response, _, _); 5] = [
        (
            "dead at once",
            (StatusCode::GONE, Extension(Retry::Never), "no such invoice").into_response(),
            RowState::Dead,
            None,
        ),
        (
            "in a minute",
            (
                StatusCode::BAD_GATEWAY,
                Extension(Retry::After(Duration::from_secs(60))),
            )
                .into_response(),
            RowState::Pending,
            Some(60),
        ),
        (
            "by a header in seconds",
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "90")]).into_response(),
            RowState::Pending,
            Some(90),
        ),
        (
            "by a header with a date that has passed",
            (
                StatusCode::SERVICE_UNAVAILABLE,
                [(RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT")],
            )
                .into_response(),
            RowState::Dead,
            None,
        ),
        (
            "a success is one",
            (StatusCode::CREATED, Extension(Retry::Never)).into_response(),
            RowState::Done,
            None,
        ),
    ];
    for (name, response, state, due_in) in cases {
        let bench = Bench::new();
        let response = Arc::new(Mutex::new(Some(response)));
        let route = post(move |_: Webhook<TfEvent>| {
            let response = response.lock().unwrap().take();
            async { response.unwrap_or_else(|| StatusCode::CONFLICT.into_response()) }
        });
        let worker = bench.worker().serve(&bench.inbox, route).start();
        let sent = std::time::SystemTime::now();
        bench.deliver("h1").await;
        // Until the first attempt has ended.
        let until = Instant::now() + PATIENCE;
        while bench.rows().await[0].last_error.is_none() && state != RowState::Done {
            assert!(Instant::now() < until, "{name}");
            sleep(Duration::from_millis(5)).await;
        }
        let row = bench.row(state).await;
        if let Some(seconds) = due_in {
            let due = row.due_at.duration_since(sent).unwrap().as_secs();
            assert!((seconds..seconds + 20).contains(&due), "{name}: {due}");
        }
        finish(worker).await;
    }
}

#[tokio::test]
async fn a_handler_that_lacks_something_loses_no_attempt() {
    async fn without_extension(_: Extension<Arc<String>>, _: Webhook<TfEvent>) {}
    async fn of_another_sender(_: Webhook<GithubEvent<Value>>) {}

    for route in [post(without_extension), post(of_another_sender)] {
        let bench = Bench::new();
        let worker = bench.worker().serve(&bench.inbox, route).start();
        bench.deliver("h1").await;
        let until = Instant::now() + PATIENCE;
        let row = loop {
            let row = bench.row(RowState::Pending).await;
            if row.last_error.is_some() {
                break row;
            }
            assert!(Instant::now() < until);
            sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(row.attempts, 0, "{row:?}");
        finish(worker).await;
    }
}

#[tokio::test]
async fn a_row_that_nobody_serves_or_can_read_stays() {
    let bench = Bench::new();
    let other = inbox(&bench.store, "orders");
    deliver(&other, "h1").await;
    let worker = bench
        .worker()
        .on(&bench.inbox, |_: Delivery<TfEvent>| async {
            Ok::<_, HandlerError>(())
        });
    let worker = worker.start();
    sleep(Duration::from_millis(200)).await;
    let row = bench.row(RowState::Pending).await;
    assert_eq!((row.attempts, row.last_error), (0, None));
    finish(worker).await;
}

#[tokio::test]
async fn no_more_are_handled_at_once_than_are_to_be() {
    let bench = Bench::new();
    let running = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let counting = Arc::clone(&running);
    let worker = bench.worker().concurrency(NonZeroU32::new(4).unwrap());
    let worker = worker.on(&bench.inbox, move |_: Delivery<TfEvent>| {
        let counting = Arc::clone(&counting);
        async move {
            let now = counting.0.fetch_add(1, Ordering::SeqCst) + 1;
            counting.1.fetch_max(now, Ordering::SeqCst);
            sleep(Duration::from_millis(10)).await;
            counting.0.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, HandlerError>(())
        }
    });
    for hook in 0..40 {
        bench.deliver(&format!("h{hook}")).await;
    }
    let worker = worker.start();
    let until = Instant::now() + PATIENCE;
    while bench
        .rows()
        .await
        .iter()
        .any(|row| row.state != RowState::Done)
    {
        assert!(Instant::now() < until);
        sleep(Duration::from_millis(10)).await;
    }
    finish(worker).await;
    assert_eq!(running.1.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn two_workers_share_a_store() {
    let bench = Bench::new();
    let handled = Arc::new(Mutex::new(Vec::new()));
    let worker = || {
        let handled = Arc::clone(&handled);
        let worker = bench
            .worker()
            .on(&bench.inbox, move |delivery: Delivery<TfEvent>| {
                handled
                    .lock()
                    .unwrap()
                    .push(delivery.hook_id.clone().unwrap());
                async { Ok::<_, HandlerError>(()) }
            });
        worker.start()
    };
    let workers = [worker(), worker()];
    for hook in 0..200 {
        bench.deliver(&format!("h{hook}")).await;
    }
    let until = Instant::now() + PATIENCE;
    while handled.lock().unwrap().len() < 200 {
        assert!(Instant::now() < until);
        sleep(Duration::from_millis(10)).await;
    }
    for worker in workers {
        finish(worker).await;
    }
    let mut handled = handled.lock().unwrap().clone();
    handled.sort_unstable();
    handled.dedup();
    assert_eq!(handled.len(), 200);
}

#[tokio::test]
async fn a_worker_that_stops_lets_its_handlers_end() {
    let bench = Bench::new();
    let started = Arc::new(Notify::new());
    let starting = Arc::clone(&started);
    let worker = bench
        .worker()
        .on(&bench.inbox, move |_: Delivery<TfEvent>| {
            let starting = Arc::clone(&starting);
            async move {
                starting.notify_one();
                sleep(Duration::from_millis(300)).await;
                Ok::<_, HandlerError>(())
            }
        });
    let worker = worker.start();
    bench.deliver("h1").await;
    in_time(started.notified()).await;
    let ended = worker.finish_within(PATIENCE).await;
    assert_eq!((ended.finished, ended.running), (1, 0));
    bench.row(RowState::Done).await;
    // It takes no more.
    bench.deliver("h2").await;
    sleep(Duration::from_millis(100)).await;
    let states: Vec<_> = bench.rows().await.iter().map(|row| row.state).collect();
    assert_eq!(states, [RowState::Pending, RowState::Done]);
}

#[tokio::test]
async fn a_handler_that_takes_longer_than_the_lease_keeps_its_delivery() {
    let bench = Bench::new();
    let runs = Arc::new(AtomicU32::new(0));
    let worker = || {
        let runs = Arc::clone(&runs);
        let worker = bench.worker().lease(Duration::from_millis(300));
        let worker = worker.on(&bench.inbox, move |_: Delivery<TfEvent>| {
            runs.fetch_add(1, Ordering::SeqCst);
            async {
                sleep(Duration::from_millis(1500)).await;
                Ok::<_, HandlerError>(())
            }
        });
        worker.start()
    };
    let workers = [worker(), worker()];
    bench.deliver("h1").await;
    bench.row(RowState::Done).await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    for worker in workers {
        finish(worker).await;
    }
}

#[tokio::test]
async fn a_delivery_that_ends_its_process_each_time_dies() {
    let bench = Bench::new();
    bench.deliver("h1").await;
    // As three processes would that are killed in the handler.
    for attempt in 1..=3 {
        let until = Instant::now() + PATIENCE;
        let taken = loop {
            use webhook_core::guarantee::InboxQueue;
            let taken = bench
                .store
                .take(&["invoices"], 1, Duration::from_millis(1))
                .await
                .unwrap();
            if !taken.is_empty() {
                break taken;
            }
            assert!(Instant::now() < until);
            sleep(Duration::from_millis(2)).await;
        };
        assert_eq!(taken[0].attempt, attempt);
    }
    let worker = bench
        .worker()
        .on(&bench.inbox, |_: Delivery<TfEvent>| async {
            panic!("it is not handled again");
            #[allow(unreachable_code)]
            Ok::<_, HandlerError>(())
        });
    let worker = worker.start();
    let row = bench.row(RowState::Dead).await;
    assert!(row.last_error.unwrap().contains("the process died"));
    finish(worker).await;
}

#[test]
fn a_worker_without_a_use_is_refused_when_it_is_built() {
    let panics = |build: fn(&Bench)| {
        let panic = std::panic::catch_unwind(|| build(&Bench::new())).unwrap_err();
        match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(text) => (*text.downcast::<&str>().unwrap()).to_owned(),
        }
    };
    let empty = |bench: &Bench| drop(bench.worker().start());
    assert_eq!(
        panics(empty),
        "the worker has no handler: add one with `on` or `serve`"
    );
    let twice = |bench: &Bench| {
        let handle = |_: Delivery<TfEvent>| async { Ok::<_, HandlerError>(()) };
        drop(
            bench
                .worker()
                .on(&bench.inbox, handle)
                .on(&bench.inbox, handle),
        );
    };
    assert_eq!(
        panics(twice),
        "the endpoint \"invoices\" has two handlers: give one of them another name"
    );
    let lease = |bench: &Bench| drop(bench.worker().lease(Duration::from_millis(99)));
    assert_eq!(
        panics(lease),
        "a lease of 99ms runs out while it is renewed: set it to seconds"
    );
}

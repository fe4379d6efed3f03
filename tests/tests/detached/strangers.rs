//! Requests that are refused, and more deliveries than may run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use actix_web::test::TestRequest as ActixRequest;
use axum::Router;
use axum::body::Body;
use axum::http::Method;
use axum::routing::post;
use futures_util::FutureExt;
use tower::ServiceExt;
use webhook_core::Provider;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_tests::client::{self, Connection};
use webhook_tests::patience::PATIENCE;
use webhook_tower::Tasks;

use crate::subject::{
    Framework, Layers, Outcomes, SECRET, Server, issued, request, verifier, wait_until,
};

#[test]
fn a_stranger_starts_no_task() {
    for framework in Framework::ALL {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::with_limit(1));
        let verifier = verifier::<TusFacturas>(&outcomes);
        let limit = verifier.provider().body_limit();
        let server = Server::start(framework, Layers::detached(&verifier, &tasks));
        // Anyone who asked for a place now would be told that there is none.
        server.work.plan(["wait 200"]);
        let mut running = Connection::open(server.addr);
        let delivery = request(&issued("h1"));
        running.write(&delivery.head());
        running.write(&delivery.body());
        wait_until(|| server.work.started(), 1);
        server.wait_for_tasks(2);

        let large = vec![b' '; limit + 1];
        let authentic = request(&issued("h2"));
        let strangers = [
            (request(&testing::tusfacturas_body("{}", "guessed")), 403),
            (client::post("/webhook", "{}"), 403),
            (
                request(&testing::tusfacturas_body(large.clone(), SECRET)),
                413,
            ),
            (
                request(&testing::tusfacturas_body(large, SECRET)).chunked(),
                413,
            ),
            (request(&testing::tusfacturas_body("{", SECRET)), 400),
            (authentic.clone().method("GET"), 405),
            (authentic, 503),
        ];
        for (stranger, status) in strangers {
            let mut connection = Connection::open(server.addr);
            connection.write(&stranger.head());
            connection.write(&stranger.body());
            let answer = connection.response();
            assert_eq!(answer.status, status, "{framework:?}");
            let asks_to_repeat = answer.header("retry-after").is_some();
            assert_eq!(asks_to_repeat, status == 503, "{framework:?}, {status}");
            // That of the connection, if it is kept.
            wait_until(|| server.tasks().is_none_or(|tasks| tasks <= 3), true);
            assert_eq!(tasks.running(), 1, "{framework:?}, {status}");
        }
        assert_eq!(server.work.started(), 1, "{framework:?}");
        server.work.let_go(1);
        assert_eq!(running.response().status, 200);
        assert_eq!(outcomes.take().len(), 8);
    }
}

/// Outside of a runtime: whatever starts a task panics there.
#[test]
fn a_refusal_needs_no_runtime() {
    let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
    let verifier = verifier::<TusFacturas>(&outcomes);
    let axum = webhook_axum::WebhookLayer::from_verifier(verifier.clone()).detached(&tasks);
    let axum = Router::new().route("/webhook", post(async || ()).layer(axum));
    let in_axum = |sent: TestRequest, method: Method| {
        let mut request = sent.into_request::<Body>();
        *request.method_mut() = method;
        let answer = axum.clone().oneshot(request).now_or_never();
        answer.unwrap().unwrap().status().as_u16()
    };
    let in_actix = |sent: TestRequest, method: Method| {
        let layer = webhook_actix::WebhookLayer::from_verifier(verifier.clone()).detached(&tasks);
        let resource = actix_web::web::resource("/webhook").wrap(layer);
        let app = actix_web::App::new().service(resource.to(async || "OK"));
        let app = actix_web::test::init_service(app).now_or_never().unwrap();
        let method = method.as_str().parse().unwrap();
        let mut request = ActixRequest::with_uri("/webhook").method(method);
        for (name, value) in &sent.headers {
            request = request.insert_header((name.as_str(), value.as_bytes()));
        }
        let request = request.set_payload(sent.body).to_request();
        let answer = actix_web::test::call_service(&app, request).now_or_never();
        answer.unwrap().status().as_u16()
    };
    let large = vec![b' '; verifier.provider().body_limit() + 1];
    let strangers = [
        (
            testing::tusfacturas_body("{}", "guessed"),
            Method::POST,
            403,
        ),
        (testing::tusfacturas_body("{}", ""), Method::POST, 403),
        (testing::tusfacturas_body(large, SECRET), Method::POST, 413),
        (testing::tusfacturas_body("{", SECRET), Method::POST, 400),
        (issued("h1"), Method::GET, 405),
    ];
    for (stranger, method, status) in strangers {
        assert_eq!(in_axum(stranger.clone(), method.clone()), status);
        assert_eq!(in_actix(stranger, method), status);
    }
    // An authentic one starts a task.
    type Call<'a> = &'a dyn Fn(TestRequest, Method) -> u16;
    for call in [&in_axum as Call<'_>, &in_actix] {
        let called = AssertUnwindSafe(|| call(issued("h1"), Method::POST));
        catch_unwind(called).unwrap_err();
    }
    assert_eq!(tasks.running(), 0);
}

#[test]
fn beyond_the_bound_nothing_is_started() {
    const LIMIT: usize = Tasks::DEFAULT_LIMIT as usize;
    rlimit::increase_nofile_limit(8192).unwrap();
    for framework in Framework::ALL {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<TusFacturas>(&outcomes);
        let server = Server::start(framework, Layers::detached(&verifier, &tasks));
        server.work.plan(["wait 200"; LIMIT]);
        let delivery = request(&issued("h1"));
        let sent = [delivery.head(), delivery.body()].concat();
        let mut running: Vec<_> = (0..LIMIT)
            .map(|_| {
                let mut connection = Connection::open(server.addr);
                connection.write(&sent);
                connection
            })
            .collect();
        wait_until(|| server.work.started(), LIMIT);
        server.wait_for_tasks(2 * LIMIT);
        let mut connection = Connection::open(server.addr);
        for _ in 0..3 {
            connection.write(&sent);
            let answer = connection.response();
            assert_eq!(answer.status, 503, "{framework:?}");
            assert_eq!(answer.header("retry-after"), Some("30"), "{framework:?}");
            assert_eq!(server.tasks().unwrap_or(2 * LIMIT + 1), 2 * LIMIT + 1);
        }
        assert_eq!(outcomes.next(3), ["overloaded"; 3], "{framework:?}");
        assert_eq!(tasks.running(), LIMIT, "{framework:?}");

        server.work.let_go(LIMIT);
        assert!(running.iter_mut().all(|it| it.response().status == 200));
        wait_until(|| tasks.running(), 0);
        connection.write(&sent);
        assert_eq!(connection.response().status, 200, "{framework:?}");
        let counts = server.work.counts();
        assert_eq!((counts.started, counts.ended), (LIMIT + 1, LIMIT + 1));
    }
}

/// Waiting for the handlers takes all places, and gives them back.
#[tokio::test]
async fn what_is_waited_for_is_still_what_runs() {
    let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
    let verifier = verifier::<TusFacturas>(&outcomes);
    let server = Server::start(Framework::Axum, Layers::detached(&verifier, &tasks));
    server.work.plan(["wait 200"]);
    let sent = request(&issued("h1"));
    let mut connection = Connection::open(server.addr);
    connection.write(&sent.head());
    connection.write(&sent.body());
    wait_until(|| server.work.started(), 1);

    let waiting = tokio::spawn({
        let tasks = tasks.clone();
        async move { tasks.finish_within(PATIENCE).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(tasks.running(), 1);
    let other = sent.clone();
    let addr = server.addr;
    let refused = tokio::task::spawn_blocking(move || other.send(addr).status);
    assert_eq!(refused.await.unwrap(), 503);
    server.work.let_go(1);
    let ended = waiting.await.unwrap();
    assert_eq!((ended.finished, ended.running, ended.dropped), (1, 0, 0));
    assert_eq!(tasks.running(), 0);
    let ended = tasks.finish_within(Duration::ZERO).await;
    assert_eq!((ended.finished, ended.running, ended.dropped), (0, 0, 0));
}

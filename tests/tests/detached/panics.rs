//! A handler that panics does so as without its task.

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use webhook_core::tusfacturas::{TfEvent, TusFacturas};
use webhook_tests::client::Connection;
use webhook_tower::Tasks;

use crate::subject::{Framework, Layers, Outcomes, Server, issued, request, verifier, wait_until};

#[test]
fn a_panic_ends_its_connection_and_nothing_else() {
    for framework in Framework::ALL {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::with_limit(1));
        let verifier = verifier::<TusFacturas>(&outcomes);
        let delivery = request(&issued("h1"));
        for layers in [
            Layers::Plain(verifier.clone()),
            Layers::detached(&verifier, &tasks),
        ] {
            let server = Server::start(framework, layers);
            // In its first poll, and in a later one.
            for plan in ["panic", "slow panic"] {
                server.work.plan([plan]);
                let mut connection = Connection::open(server.addr);
                connection.write(&delivery.head());
                connection.write(&delivery.body());
                assert_eq!(connection.until_closed(), "", "{framework:?}, {plan}");
                assert_eq!(outcomes.next(1), ["panicked"], "{framework:?}, {plan}");
                wait_until(|| tasks.running(), 0);
                assert_eq!(delivery.send(server.addr).status, 200, "{framework:?}");
                assert_eq!(outcomes.next(1), ["received"], "{framework:?}");
            }
            assert_eq!(server.work.counts().panicked, 2, "{framework:?}");
        }
    }
}

#[test]
fn a_panic_is_told_when_the_sender_is_gone() {
    for framework in Framework::ALL {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::with_limit(1));
        let verifier = verifier::<TusFacturas>(&outcomes);
        let server = Server::start(framework, Layers::detached(&verifier, &tasks));
        server.work.plan(["wait panic"]);
        let delivery = request(&issued("h1"));
        let mut connection = Connection::open(server.addr);
        connection.write(&delivery.head());
        connection.write(&delivery.body());
        wait_until(|| server.work.started(), 1);
        connection.hang_up();
        server.wait_for_tasks(1);
        server.work.let_go(1);
        assert_eq!(outcomes.next(1), ["panicked"], "{framework:?}");
        wait_until(|| tasks.running(), 0);
    }
}

#[tokio::test]
async fn a_layer_outside_catches_the_panic() {
    async fn panics(_: webhook_axum::Webhook<TfEvent>) {
        panic!("as planned");
    }
    let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
    let layer = webhook_axum::WebhookLayer::from_verifier(verifier::<TusFacturas>(&outcomes));
    let app = Router::new()
        .route("/webhook", post(panics).layer(layer.detached(&tasks)))
        .layer(CatchPanicLayer::new());
    let answer = app.oneshot(issued("h1").into_request::<Body>()).await;
    assert_eq!(answer.unwrap().status(), 500);
    assert_eq!(outcomes.take(), ["panicked"]);
    wait_until(|| tasks.running(), 0);
}

//! What a sender is answered, and what that means for the next attempt.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use actix_web::middleware::DefaultHeaders;
use actix_web::test::TestRequest as ActixRequest;
use actix_web::{App, test as actix_test, web};
use tokio::task::LocalSet;
use webhook_core::DeliveryId;
use webhook_core::guarantee::OnceStore;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::{TfEvent, TusFacturas};
use webhook_tests::client::{Connection, Response};
use webhook_tower::{MemoryStore, Tasks};

use crate::subject::{
    Framework, Layers, Outcomes, SECRET, Server, issued, request, verifier, wait_until,
};

/// A server whose deliveries are handled once.
struct Subject {
    server: Server,
    outcomes: Outcomes,
    tasks: Tasks,
}

impl Subject {
    fn start(framework: Framework, store: &MemoryStore) -> Self {
        Self::with(framework, store, |layers| layers)
    }

    fn with(
        framework: Framework,
        store: &MemoryStore,
        set: impl FnOnce(Layers<TusFacturas>) -> Layers<TusFacturas>,
    ) -> Self {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<TusFacturas>(&outcomes).trust_unsigned_ids();
        let layers = Layers::once(&verifier, "invoices", store.clone(), &tasks);
        Self {
            server: Server::start(framework, set(layers)),
            outcomes,
            tasks,
        }
    }

    /// Delivers, and returns the status and what was told.
    #[track_caller]
    fn deliver(&self, delivery: &TestRequest) -> (u16, String) {
        let answer = request(delivery).send(self.server.addr);
        let told = self.outcomes.next(1).remove(0);
        assert_eq!(
            answer.header("retry-after"),
            (answer.status == 503).then_some("30")
        );
        if told == "duplicate" {
            assert_eq!(answer.body, b"OK");
        }
        (answer.status, told)
    }

    /// Delivers without waiting for the answer. Its handler waits.
    #[track_caller]
    fn begin(&self, delivery: &TestRequest) -> Connection {
        let before = self.server.work.started();
        let mut connection = Connection::open(self.server.addr);
        send(&mut connection, delivery);
        wait_until(|| self.server.work.started(), before + 1);
        connection
    }
}

fn send(connection: &mut Connection, delivery: &TestRequest) {
    let sent = request(delivery);
    connection.write(&[sent.head(), sent.body()].concat());
}

fn answer(status: u16, told: &str) -> (u16, String) {
    (status, told.to_owned())
}

#[test]
fn two_at_once_are_handled_once() {
    const ROUNDS: usize = 1000;
    for framework in Framework::ALL {
        let subject = Subject::start(framework, &MemoryStore::new());
        let (addr, both) = (subject.server.addr, Barrier::new(2));
        let sender = || {
            let mut connection = Connection::open(addr);
            let each = (0..ROUNDS).map(|round| {
                let delivery = issued(&format!("round {round}"));
                both.wait();
                send(&mut connection, &delivery);
                connection.response()
            });
            each.collect::<Vec<Response>>()
        };
        let answers = thread::scope(|scope| {
            [scope.spawn(sender), scope.spawn(sender)].map(|it| it.join().unwrap())
        });
        let [first, second] = answers;
        for (one, other) in first.iter().zip(&second) {
            let mut statuses = [one.status, other.status];
            statuses.sort_unstable();
            // In progress, or done before.
            assert!(
                statuses == [200, 503] || statuses == [200, 200],
                "{framework:?}: {statuses:?}"
            );
        }
        let counts = subject.server.work.counts();
        assert_eq!(
            (counts.started, counts.ended),
            (ROUNDS, ROUNDS),
            "{framework:?}"
        );
        let told = subject.outcomes.next(2 * ROUNDS);
        let received = told.iter().filter(|told| *told == "received").count();
        assert_eq!(received, ROUNDS, "{framework:?}");
    }
}

/// How the first attempt ends, what its sender is told, and what the retry gets.
#[test]
fn an_attempt_decides_what_the_next_one_is() {
    let cases = [
        ("200", Some(200), "received", "duplicate"),
        ("204", Some(200), "received", "duplicate"),
        ("404", Some(404), "declined", "received"),
        ("302", Some(302), "declined", "received"),
        ("503", Some(503), "handler_failed", "received"),
        ("panic", None, "panicked", "received"),
        ("slow panic", None, "panicked", "received"),
    ];
    for framework in Framework::ALL {
        let store = MemoryStore::new();
        let subject = Subject::start(framework, &store);
        for (plan, status, told, next) in cases {
            let case = format!("{framework:?}, {plan}");
            let delivery = issued(plan);
            subject.server.work.plan([plan]);
            let mut connection = Connection::open(subject.server.addr);
            send(&mut connection, &delivery);
            let answered = connection.try_response().ok().map(|answer| answer.status);
            assert_eq!(answered, status, "{case}");
            assert_eq!(subject.outcomes.next(1), [told], "{case}");
            // At once.
            assert_eq!(subject.deliver(&delivery), answer(200, next), "{case}");
            assert_eq!(
                subject.deliver(&delivery),
                answer(200, "duplicate"),
                "{case}"
            );
        }
        wait_until(|| subject.tasks.running(), 0);
        let debug = format!("{store:?}");
        assert!(debug.contains("running: 0, handled: 7"), "{debug}");
    }
}

#[test]
fn a_failure_that_the_app_acknowledges_frees_the_claim() {
    for framework in Framework::ALL {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<TusFacturas>(&outcomes)
            .trust_unsigned_ids()
            .acknowledge_failures(true);
        let layers = Layers::once(&verifier, "invoices", MemoryStore::new(), &tasks);
        let server = Server::start(framework, layers);
        server.work.plan(["500"]);
        for told in ["handler_failed", "received", "duplicate"] {
            assert_eq!(request(&issued("h1")).send(server.addr).status, 200);
            assert_eq!(outcomes.next(1), [told], "{framework:?}");
        }
        assert_eq!(server.work.started(), 2);
    }
}

#[test]
fn while_the_first_runs_a_repeat_is_told_to_come_again() {
    for framework in Framework::ALL {
        let subject = Subject::start(framework, &MemoryStore::new());
        let delivery = issued("h1");
        subject.server.work.plan(["wait 200"]);
        let mut first = subject.begin(&delivery);
        for _ in 0..3 {
            assert_eq!(subject.deliver(&delivery), answer(503, "in_progress"));
        }
        assert_eq!(subject.deliver(&issued("h2")), answer(200, "received"));
        subject.server.work.let_go(1);
        assert_eq!(first.response().status, 200);
        assert_eq!(subject.outcomes.next(1), ["received"]);
        assert_eq!(subject.deliver(&delivery), answer(200, "duplicate"));
        assert_eq!(subject.server.work.ended(), 2, "{framework:?}");
    }
}

#[test]
fn a_late_handler_settles_its_claim_when_it_ends() {
    for framework in Framework::ALL {
        let store = MemoryStore::new();
        let set = |layers: Layers<_>| layers.answer_by(Duration::from_millis(200));
        let subject = Subject::with(framework, &store, set);
        for (plan, told, next) in [
            ("wait 200", "finished_late 200 true", "duplicate"),
            ("wait 404", "finished_late 404 false", "received"),
            ("wait 500", "finished_late 500 false", "received"),
            ("wait panic", "panicked", "received"),
        ] {
            let case = format!("{framework:?}, {plan}");
            let delivery = issued(plan);
            subject.server.work.plan([plan]);
            assert_eq!(subject.deliver(&delivery), answer(503, "late"), "{case}");
            assert_eq!(
                subject.deliver(&delivery),
                answer(503, "in_progress"),
                "{case}"
            );
            subject.server.work.let_go(1);
            assert_eq!(subject.outcomes.next(1), [told], "{case}");
            wait_until(|| subject.tasks.running(), 0);
            assert_eq!(subject.deliver(&delivery), answer(200, next), "{case}");
        }
    }
}

#[test]
fn a_sender_that_hung_up_finds_its_delivery_handled() {
    for framework in Framework::ALL {
        let subject = Subject::start(framework, &MemoryStore::new());
        subject.server.work.plan(["wait 200"]);
        subject.begin(&issued("h1")).hang_up();
        subject.server.wait_for_tasks(1);
        assert_eq!(subject.deliver(&issued("h1")), answer(503, "in_progress"));
        subject.server.work.let_go(1);
        subject.outcomes.next(1);
        wait_until(|| subject.tasks.running(), 0);
        assert_eq!(subject.deliver(&issued("h1")), answer(200, "duplicate"));
    }
}

#[test]
fn what_differs_is_another_delivery() {
    let body = |evento: &str| {
        let body = format!(r#"{{"evento":"{evento}","hook_id":"h1"}}"#);
        testing::tusfacturas_body(body, SECRET)
    };
    let without_id = testing::tusfacturas_body(r#"{"evento":"test"}"#, SECRET);
    for framework in Framework::ALL {
        let store = MemoryStore::new();
        let subject = Subject::start(framework, &store);
        assert_eq!(subject.deliver(&body("encolado")), answer(200, "received"));
        assert_eq!(subject.deliver(&body("emitido")), answer(200, "received"));
        assert_eq!(subject.deliver(&body("encolado")), answer(200, "duplicate"));
        for _ in 0..2 {
            let runs = answer(200, "received unrecognizable");
            assert_eq!(subject.deliver(&without_id), runs, "{framework:?}");
        }

        // Another endpoint with the same store.
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<TusFacturas>(&outcomes).trust_unsigned_ids();
        let layers = Layers::once(&verifier, "credit-notes", store, &tasks);
        let other = Server::start(framework, layers);
        for told in ["received", "duplicate"] {
            assert_eq!(request(&body("emitido")).send(other.addr).status, 200);
            assert_eq!(outcomes.next(1), [told], "{framework:?}");
        }
        assert_eq!(subject.deliver(&body("emitido")), answer(200, "duplicate"));
    }
}

#[test]
fn a_retry_under_the_next_secret_is_the_same_delivery() {
    const NEXT: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let now = std::time::SystemTime::now();
    for framework in Framework::ALL {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<StandardWebhooks>(&outcomes);
        let layers = Layers::once(&verifier, "orders", MemoryStore::new(), &tasks);
        let server = Server::start(framework, layers);
        server.work.plan(["500"]);
        let secrets = verifier.secrets();
        for (secret, told) in [
            (SECRET, "handler_failed"),
            (SECRET, "received"),
            (NEXT, "duplicate"),
        ] {
            if secret == NEXT {
                secrets.add(NEXT).unwrap();
                secrets.remove(SECRET).unwrap();
            }
            let delivery = testing::standard_webhooks("msg_1", now, "{}", secret);
            request(&delivery).send(server.addr);
            assert_eq!(outcomes.next(1), [told], "{framework:?}");
        }
    }
}

#[test]
fn a_running_claim_is_not_evicted_and_its_bound_is_answered() {
    const CAPACITY: usize = 50;
    for framework in Framework::ALL {
        let subject = Subject::start(framework, &MemoryStore::with_capacity(2, CAPACITY));
        subject.server.work.plan(["wait 200"]);
        let mut first = subject.begin(&issued("first"));
        for id in 0..10 * CAPACITY {
            let delivery = issued(&format!("id {id}"));
            assert_eq!(subject.deliver(&delivery), answer(200, "received"));
        }
        assert_eq!(
            subject.deliver(&issued("first")),
            answer(503, "in_progress")
        );
        // The newest are remembered, the oldest are not.
        let newest = format!("id {}", 10 * CAPACITY - 1);
        assert_eq!(subject.deliver(&issued(&newest)), answer(200, "duplicate"));
        assert_eq!(subject.deliver(&issued("id 0")), answer(200, "received"));

        subject.server.work.plan(["wait 200"]);
        let mut second = subject.begin(&issued("second"));
        assert_eq!(subject.deliver(&issued("third")), answer(503, "overloaded"));
        subject.server.work.let_go(2);
        assert_eq!(first.response().status, 200);
        assert_eq!(second.response().status, 200);
        subject.outcomes.next(2);
        assert_eq!(subject.deliver(&issued("third")), answer(200, "received"));
        assert_eq!(subject.deliver(&issued("first")), answer(200, "duplicate"));
    }
}

/// actix' middleware sees no response where an error is returned to it.
#[tokio::test]
async fn middleware_outside_sees_what_is_answered_without_the_handler() {
    let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
    let verifier = verifier::<TusFacturas>(&outcomes).trust_unsigned_ids();
    let store = MemoryStore::with_capacity(1, 1);
    let layer = webhook_actix::WebhookLayer::from_verifier(verifier);
    let layer = layer.once("invoices", store.clone(), &tasks);
    let on_event = async |_: webhook_actix::Webhook<TfEvent>| "OK";
    let local = LocalSet::new();
    let answers = local.run_until(async {
        let scope = web::scope("/webhook").wrap(layer);
        let app = App::new()
            .wrap(DefaultHeaders::new().add(("x-outside", "seen")))
            .service(scope.route("", web::post().to(on_event)));
        let app = actix_test::init_service(app).await;
        let deliver = async |hook_id: &str| {
            let sent = issued(hook_id);
            let mut request = ActixRequest::post().uri("/webhook");
            for (name, value) in &sent.headers {
                request = request.insert_header((name.as_str(), value.as_bytes()));
            }
            let request = request.set_payload(sent.body).to_request();
            let answer = actix_test::call_service(&app, request).await;
            let seen = answer.headers().contains_key("x-outside");
            (answer.status().as_u16(), seen)
        };
        let identity = DeliveryId::signed("another").claim("invoices");
        let (first, repeat) = (deliver("h1").await, deliver("h1").await);
        let claimed = store.claim(&identity, Duration::from_secs(60));
        claimed.await.unwrap();
        [first, repeat, deliver("h2").await]
    });
    let answers = answers.await;
    assert_eq!(outcomes.take(), ["received", "duplicate", "overloaded"]);
    assert_eq!(answers, [(200, true), (200, true), (503, true)]);
}

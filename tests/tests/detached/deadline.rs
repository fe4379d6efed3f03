//! Answers in time.

use std::time::{Duration, Instant};

use webhook_core::github::Github;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::{Multicaja, MulticajaEvent, Order};
use webhook_core::provider::Authenticated;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{FromSecrets, Value};
use webhook_tests::client::Connection;
use webhook_tower::Tasks;

use crate::subject::{
    Framework, Layers, Outcomes, SECRET, Server, issued, request, verifier, wait_until,
};

/// More than a handler that is not late needs to begin.
const SOON: Duration = Duration::from_millis(200);

fn order() -> TestRequest {
    testing::multicaja(&MulticajaEvent::Confirm(Order::new("ABC", "1")), SECRET)
}

#[test]
fn a_late_handler_goes_on_after_its_sender_was_answered() {
    fn check<P: Authenticated + FromSecrets>(framework: Framework, delivery: &TestRequest) {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<P>(&outcomes);
        let layers = Layers::detached(&verifier, &tasks).answer_by(SOON);
        let server = Server::start(framework, layers);
        let delivery = request(delivery);
        for (plan, told) in [
            ("wait 200", "finished_late 200 true"),
            ("wait 404", "finished_late 404 false"),
            ("wait 500", "finished_late 500 false"),
            ("wait panic", "panicked"),
        ] {
            let case = format!("{framework:?}, {}, {plan}", P::NAME);
            server.work.plan([plan]);
            let began = Instant::now();
            let answer = delivery.send(server.addr);
            assert!(began.elapsed() >= SOON, "{case}: answered early");
            assert_eq!(answer.status, 503, "{case}");
            assert_eq!(answer.header("retry-after"), Some("30"), "{case}");
            assert_eq!(outcomes.next(1), ["late"], "{case}");
            let left = server.work.last_deadline().expect("a deadline");
            assert!(left <= SOON && left > Duration::ZERO, "{case}: {left:?}");
            assert_eq!(tasks.running(), 1, "{case}");
            server.work.let_go(1);
            assert_eq!(outcomes.next(1), [told], "{case}");
            wait_until(|| tasks.running(), 0);
        }
        assert_eq!(server.work.counts().dropped, 0);
        // One that is not late is not told about.
        assert_eq!(delivery.send(server.addr).status, 200);
        assert_eq!(outcomes.next(1), ["received"]);
    }
    for framework in Framework::ALL {
        check::<TusFacturas>(framework, &issued("h1"));
        check::<Multicaja>(framework, &order());
    }
}

#[test]
fn what_arrives_after_the_deadline_is_not_begun() {
    for framework in Framework::ALL {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<Multicaja>(&outcomes);
        let after = Duration::from_millis(50);
        let layers = Layers::detached(&verifier, &tasks).answer_by(after);
        let server = Server::start(framework, layers);
        let delivery = request(&order());
        let mut connection = Connection::open(server.addr);
        connection.write(&delivery.head());
        std::thread::sleep(5 * after);
        connection.write(&delivery.body());
        let answer = connection.response();
        assert_eq!(answer.status, 503, "{framework:?}");
        assert_eq!(answer.header("retry-after"), Some("30"), "{framework:?}");
        assert_eq!(outcomes.next(1), ["late"], "{framework:?}");
        assert_eq!(server.work.started(), 0, "{framework:?}");
        assert_eq!(tasks.running(), 0, "{framework:?}");
        assert!(server.tasks().is_none_or(|tasks| tasks == 1));
    }
}

#[test]
fn by_default_a_sender_is_answered_before_it_stops_waiting() {
    fn check<P: Authenticated + FromSecrets>(delivery: Option<&TestRequest>, seconds: Option<u64>) {
        let expected = seconds.map(Duration::from_secs);
        let outcomes = Outcomes::default();
        let verifier = verifier::<P>(&outcomes);
        assert_eq!(
            verifier.provider().timing().answer_by(),
            expected,
            "{}",
            P::NAME
        );
        let Some(delivery) = delivery else {
            return;
        };
        for framework in Framework::ALL {
            let server = Server::start(framework, Layers::detached(&verifier, &Tasks::new()));
            assert_eq!(request(delivery).send(server.addr).status, 200);
            let left = server.work.last_deadline();
            let case = format!("{framework:?}, {}: {left:?}", P::NAME);
            match (left, expected) {
                (None, None) => {}
                // A busy machine takes its part.
                (Some(left), Some(expected)) => {
                    assert!(left <= expected && left > expected / 2, "{case}");
                }
                _ => panic!("{case}"),
            }
        }
    }
    let now = std::time::SystemTime::now();
    check::<TusFacturas>(Some(&issued("h1")), Some(19));
    check::<Multicaja>(Some(&order()), Some(9));
    check::<MercadoPago<Value>>(None, Some(21));
    let push = testing::github("push", "{}", SECRET);
    check::<Github<Value>>(Some(&push), Some(9));
    let paid = testing::stripe(now, r#"{"id":"evt_1"}"#, SECRET);
    check::<Stripe<Value>>(Some(&paid), None);
    let message = testing::standard_webhooks("msg_1", now, "{}", SECRET);
    check::<StandardWebhooks<Value>>(Some(&message), Some(29));
}

//! What the tests of tasks and of claims have in common: one handler that does as the test plans, on three servers.

#![allow(dead_code, reason = "each of them uses a part")]

mod servers;
pub mod work;

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use webhook_core::driver::Verifier;
use webhook_core::observe::{Observer, Outcome, Verdict};
use webhook_core::testing::TestRequest;
use webhook_core::{FromSecrets, testing};
use webhook_tests::client::{self, Request};
use webhook_tests::patience::PATIENCE;

pub use self::servers::{Framework, Layers, Server};
use self::work::{Answer, Work};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A verifier whose outcomes are written down.
pub fn verifier<P: FromSecrets>(outcomes: &Outcomes) -> Verifier<P> {
    let verifier = Verifier::try_new(SECRET).unwrap();
    verifier.body_timeout(PATIENCE).observer(outcomes.clone())
}

/// A TusFacturas notification with this id.
pub fn issued(hook_id: &str) -> TestRequest {
    let body = format!(r#"{{"evento":"emitido","hook_id":"{hook_id}"}}"#);
    testing::tusfacturas_body(body, SECRET)
}

/// The request as it is sent over a socket.
pub fn request(request: &TestRequest) -> Request {
    let target = request.uri.path_and_query().unwrap().as_str();
    request.headers.iter().fold(
        client::post(target, request.body.to_vec()),
        |request, (name, value)| request.header(name.as_str(), value.to_str().unwrap()),
    )
}

/// Waits until it is so.
#[track_caller]
pub fn wait_until<T: PartialEq + Debug>(mut value: impl FnMut() -> T, expected: T) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let last = value();
        if last == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{last:?}, not {expected:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What the observers were told, in order.
#[derive(Clone, Debug, Default)]
pub struct Outcomes(Arc<Mutex<Vec<String>>>);

impl Outcomes {
    /// Waits until so many were told since the last time, and returns them.
    #[track_caller]
    pub fn next(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        while self.0.lock().unwrap().len() < count {
            assert!(Instant::now() < deadline, "only {:?}", self.0);
            thread::sleep(Duration::from_millis(1));
        }
        self.take()
    }

    /// All that were told since the last time.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Outcomes {
    fn observe(&self, outcome: &Outcome<'_>) {
        let mut told = outcome.name().to_owned();
        if let Verdict::FinishedLate {
            handler_status,
            received,
        } = outcome.verdict
        {
            told += &format!(" {} {received}", handler_status.as_u16());
        }
        if outcome.unrecognizable {
            told += " unrecognizable";
        }
        self.0.lock().unwrap().push(told);
    }
}

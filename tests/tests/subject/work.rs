//! The handler.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;
use webhook_core::Deadline;

/// What the handler does: each call takes the next plan, and answers 200 if there is none.
///
/// A plan ends with a status, `panic`, or `large`: 200 with a JSON body that no socket holds. `wait` before it waits until
/// the test lets one go, `busy` does so without ever having nothing to do, `slow` takes some milliseconds.
#[derive(Clone)]
pub struct Work(Arc<Shared>);

struct Shared {
    plans: Mutex<VecDeque<&'static str>>,
    counts: Mutex<Counts>,
    deadlines: Mutex<Vec<Option<Duration>>>,
    gate: Semaphore,
}

/// How many handlers began, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    pub started: usize,
    pub ended: usize,
    pub panicked: usize,
    pub dropped: usize,
}

pub struct Answer {
    pub status: u16,
    pub body: Option<Vec<u8>>,
}

impl Work {
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            plans: Mutex::default(),
            counts: Mutex::default(),
            deadlines: Mutex::default(),
            gate: Semaphore::new(0),
        }))
    }

    pub fn plan(&self, plans: impl IntoIterator<Item = &'static str>) {
        self.0.plans.lock().unwrap().extend(plans);
    }

    /// Forgets the plans that no handler took.
    pub fn clear(&self) {
        self.0.plans.lock().unwrap().clear();
    }

    /// Lets so many handlers that wait go on.
    pub fn let_go(&self, count: usize) {
        self.0.gate.add_permits(count);
    }

    pub fn counts(&self) -> Counts {
        *self.0.counts.lock().unwrap()
    }

    pub fn started(&self) -> usize {
        self.counts().started
    }

    /// How many ended by themselves.
    pub fn ended(&self) -> usize {
        self.counts().ended
    }

    /// How long the last handler had when it began.
    pub fn last_deadline(&self) -> Option<Duration> {
        *self.0.deadlines.lock().unwrap().last().unwrap()
    }

    fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.0.counts.lock().unwrap());
    }

    pub async fn run(self, deadline: Option<Deadline>) -> Answer {
        let plan = self.0.plans.lock().unwrap().pop_front().unwrap_or("200");
        let remaining = deadline.map(Deadline::remaining);
        self.0.deadlines.lock().unwrap().push(remaining);
        self.count(|counts| counts.started += 1);
        let mut fate = Fate {
            work: &self,
            ended: false,
        };
        let end = match plan.split_once(' ') {
            Some(("wait", end)) => {
                self.0.gate.acquire().await.unwrap().forget();
                end
            }
            Some(("busy", end)) => {
                let let_go = loop {
                    match self.0.gate.try_acquire() {
                        Ok(let_go) => break let_go,
                        Err(_) => tokio::task::consume_budget().await,
                    }
                };
                let_go.forget();
                end
            }
            Some(("slow", end)) => {
                for _ in 0..5 {
                    sleep(Duration::from_millis(1)).await;
                }
                end
            }
            _ => plan,
        };
        assert_ne!(end, "panic", "as planned");
        fate.ended = true;
        match end {
            "large" => Answer {
                status: 200,
                body: Some(vec![b' '; 16 << 20]),
            },
            status => Answer {
                status: status.parse().unwrap(),
                body: None,
            },
        }
    }
}

/// Tells how a handler ended, even if it is dropped.
struct Fate<'a> {
    work: &'a Work,
    ended: bool,
}

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        self.work.count(|counts| match self.ended {
            true => counts.ended += 1,
            false if thread::panicking() => counts.panicked += 1,
            false => counts.dropped += 1,
        });
    }
}

//! Those who send deliveries, repeat some, and write down which were acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;
use webhook_core::testing::{self, TestRequest};
use webhook_tests::client::{Connection, Request, post};
use webhook_tests::ledger::{Plan, now};

pub const SECRETS: [(&str, &str); 3] = [
    ("TF_WEBHOOK_TOKEN", TOKEN),
    ("STANDARD_WEBHOOKS_SECRET", STANDARD),
    ("STRIPE_WEBHOOK_SECRET", STRIPE),
];
const TOKEN: &str = "s3cr3t-of-the-point-of-sale";
const STANDARD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STRIPE: &str = "whsec_of-an-endpoint";

pub const SENDERS: usize = 6;

/// No process is stopped for so long, and no store takes so long.
const LATE: Duration = Duration::from_secs(30);

/// What was sent, and what came of it. The two processes are at these addresses, while they listen.
#[derive(Default)]
pub struct Sent {
    tally: Mutex<Tally>,
    pub addresses: [Mutex<Option<SocketAddr>>; 2],
}

#[derive(Default)]
pub struct Tally {
    pub plans: BTreeMap<u64, Plan>,
    /// When each was first acknowledged.
    pub acknowledged: BTreeMap<u64, Duration>,
    pub requests: u64,
    pub repeats: u64,
    pub unavailable: u64,
    pub broken: u64,
    /// What must never happen.
    pub faults: BTreeSet<String>,
}

impl Sent {
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends until then.
    pub fn send_until(&self, until: Instant, mut rng: Rng) {
        // What to repeat.
        let mut recent: Vec<Plan> = Vec::new();
        while Instant::now() < until {
            let repeats = !recent.is_empty() && rng.u32(..100) < 30;
            let plan = match repeats {
                true => recent[rng.usize(..recent.len())],
                false => self.plan(&mut rng),
            };
            if !repeats {
                recent.push(plan);
                let forgotten = recent.len().saturating_sub(30);
                recent.drain(..forgotten);
            }
            self.tally().repeats += u64::from(repeats);
            let first = rng.usize(..2);
            if rng.u32(..100) < 15 {
                // The same to both at the same time.
                thread::scope(|scope| {
                    scope.spawn(|| self.send(plan, 1 - first));
                    self.send(plan, first);
                });
            } else {
                self.send(plan, first);
            }
            thread::sleep(Duration::from_millis(rng.u64(5..150)));
        }
    }

    /// A new delivery.
    fn plan(&self, rng: &mut Rng) -> Plan {
        let fails = match rng.u32(..100) {
            ..65 => 0,
            65..90 => 1,
            _ => 2,
        };
        // Some take longer than a lease, which must be renewed.
        let takes = match rng.u32(..100) {
            ..40 => 0,
            40..94 => rng.u64(1..300),
            _ => rng.u64(1_000..4_000),
        };
        let mut tally = self.tally();
        let plan = Plan {
            number: tally.plans.len() as u64,
            fails,
            takes: Duration::from_millis(takes),
        };
        tally.plans.insert(plan.number, plan);
        plan
    }

    fn send(&self, plan: Plan, process: usize) {
        let addr = *self.addresses[process]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(addr) = addr else {
            return;
        };
        let answer = exchange(addr, &request(plan));
        let mut tally = self.tally();
        tally.requests += 1;
        match answer {
            Ok((200, _)) => {
                tally.acknowledged.entry(plan.number).or_insert_with(now);
            }
            Ok((503, true)) => tally.unavailable += 1,
            Ok((status, retry_after)) => {
                let fault = format!("{plan}: {status}, with Retry-After: {retry_after}");
                tally.faults.insert(fault);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                tally
                    .faults
                    .insert(format!("{plan}: no answer in {LATE:?}"));
            }
            Err(_) => tally.broken += 1,
        }
    }
}

/// The status, and whether there is a `Retry-After`.
fn exchange(addr: SocketAddr, request: &Request) -> std::io::Result<(u16, bool)> {
    let stream = TcpStream::connect_timeout(&addr, LATE)?;
    stream.set_read_timeout(Some(LATE))?;
    stream.set_write_timeout(Some(LATE))?;
    let mut connection = Connection::over(stream);
    connection.write(&request.head());
    connection.write(&request.body());
    let response = connection.try_response()?;
    Ok((response.status, response.header("retry-after").is_some()))
}

/// Each delivery is of one of three senders.
fn request(plan: Plan) -> Request {
    let now = SystemTime::now();
    match plan.number % 3 {
        0 => {
            let body = format!(
                r#"{{"evento":"emitido","recurso":"factura","external_reference":"{}","hook_id":"{plan}"}}"#,
                plan.number
            );
            as_sent(&testing::tusfacturas_body(body, TOKEN))
        }
        1 => {
            let body = r#"{"type":"message.created"}"#;
            as_sent(&testing::standard_webhooks(
                &plan.to_string(),
                now,
                body,
                STANDARD,
            ))
        }
        _ => {
            let body =
                format!(r#"{{"id":"evt_{plan}","object":"event","type":"charge.succeeded"}}"#);
            as_sent(&testing::stripe(now, body, STRIPE))
        }
    }
}

fn as_sent(request: &TestRequest) -> Request {
    let sent = post(&request.uri.to_string(), request.body.to_vec());
    let headers = request.headers.iter();
    headers.fold(sent, |sent, (name, value)| {
        sent.header(name.as_str(), value.to_str().unwrap())
    })
}

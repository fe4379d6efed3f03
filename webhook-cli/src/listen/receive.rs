use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use webhook_core::{Rejection, Reply};

use super::body::{Bodies, Read, Unread};
use super::entry::{Entry, Kind, Outcome, Rest, Told};
use super::forward::Forward;
use super::given::{Given, turned_away};
use super::headers;
use super::judged::Judged;
use super::routes::{Route, Routes};
use super::store::Store;
use crate::conclusion::Conclusion;
use crate::show::note;

/// Deliveries that are being answered, also those whose senders have hung up.
const AT_WORK: u32 = 1024;

/// A body from which on judging it may keep others waiting.
const LONG: usize = 64 * 1024;

/// A body from which on only one is judged at a time: read as JSON, it takes many times its length.
const HUGE: usize = 1024 * 1024;

/// A method that is longer is none.
const LONGEST_METHOD: usize = 32;

/// A path or a query that is longer is no sender's.
const LONGEST_TARGET: usize = 2048;

/// Receives deliveries, answers them and keeps them.
pub(super) struct Receiving {
    pub(super) routes: Routes,
    pub(super) forward: Option<Forward>,
    pub(super) store: Store,
    bodies: Bodies,
    at_work: Arc<Semaphore>,
    huge: Semaphore,
    /// Whether the last delivery could not be kept.
    is_failing: AtomicBool,
}

/// A request as it arrived.
struct Arrived {
    request: Request<Bytes>,
    /// Why there is no body.
    unread: Option<Rejection>,
    at: SystemTime,
    started: Instant,
}

impl Receiving {
    pub(super) fn new(routes: Routes, forward: Option<Forward>, store: Store) -> Self {
        Self {
            routes,
            forward,
            store,
            bodies: Bodies::new(),
            at_work: Arc::new(Semaphore::new(AT_WORK as usize)),
            huge: Semaphore::new(1),
            is_failing: AtomicBool::new(false),
        }
    }

    /// Answers a request.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let (at, started) = (SystemTime::now(), Instant::now());
        let (head, body) = request.into_parts();
        let target = head.uri.path_and_query();
        if target.is_some_and(|target| target.as_str().len() > LONGEST_TARGET) {
            return turned_away(&Reply::new(StatusCode::URI_TOO_LONG));
        }
        if head.method.as_str().len() > LONGEST_METHOD {
            return turned_away(&Reply::new(StatusCode::NOT_IMPLEMENTED));
        }
        let Some(route) = self.routes.find(head.uri.path()) else {
            let text = "no sender has this path: it begins with the name of a sender\n";
            return turned_away(&Reply::text(StatusCode::NOT_FOUND, text));
        };
        let limit = route.receiver.facts.body_limit;
        let (read, unread) = match self.bodies.read(&head.headers, body, limit).await {
            Ok(read) => (Some(read), None),
            Err(Unread::Refused(rejection)) => (None, Some(rejection)),
            Err(Unread::Busy) => return turned_away(&Reply::try_again()),
        };
        let Ok(permit) = Arc::clone(&self.at_work).try_acquire_owned() else {
            return turned_away(&Reply::try_again());
        };
        let bytes = read.as_ref().map(Read::bytes).unwrap_or_default();
        let arrived = Arrived {
            request: Request::from_parts(head, bytes),
            unread,
            at,
            started,
        };
        let (reply, answer) = oneshot::channel();
        // In a task of its own: a sender that hangs up has sent the delivery all the same.
        tokio::spawn(async move {
            self.take(&arrived, reply).await;
            drop((read, permit));
        });
        let failed = |_| turned_away(&Reply::new(StatusCode::INTERNAL_SERVER_ERROR));
        answer.await.unwrap_or_else(failed)
    }

    /// How many deliveries are being answered, or are answered and not kept yet.
    pub(super) fn at_work(&self) -> usize {
        (AT_WORK as usize).saturating_sub(self.at_work.available_permits())
    }

    /// Waits until nothing is being answered.
    pub(super) async fn finish(&self) {
        let _all = self.at_work.acquire_many(AT_WORK).await;
    }

    /// Judges, answers and keeps a request. What nobody has proven is answered before it is kept: how long it takes to find
    /// secrets in it, in order to mask them, must tell a stranger nothing.
    async fn take(&self, arrived: &Arrived, reply: oneshot::Sender<Response<Full<Bytes>>>) {
        let Some(route) = self.routes.find(arrived.request.uri().path()) else {
            let not_found = turned_away(&Reply::new(StatusCode::NOT_FOUND));
            let _hung_up = reply.send(not_found);
            return;
        };
        let judged = self.judge(&route, arrived).await;
        let verdict = judged.verdict;
        if let Some(forward) = self.forwards(&judged, arrived) {
            // It is shown while the app is at work.
            let keep = self.keep(&route, arrived, judged, None);
            let (exchange, kept) = tokio::join!(forward.pass(&route, &arrived.request), keep);
            let given = Given::by_app(exchange);
            let _hung_up = reply.send(given.response());
            if let Some(id) = kept {
                let outcome = outcome(&route, arrived, verdict, &given);
                self.noted(self.store.answer(id, outcome).await);
            }
            return;
        }
        let given = Given::by_this(&judged.reply, arrived.started.elapsed());
        let is_proven = is_proven(&route, &judged);
        let mut reply = Some(reply);
        if !is_proven && let Some(reply) = reply.take() {
            let _hung_up = reply.send(given.response());
            // The task that sends it runs on this thread, too.
            tokio::task::yield_now().await;
        }
        let outcome = outcome(&route, arrived, verdict, &given);
        self.keep(&route, arrived, judged, Some(outcome)).await;
        if let Some(reply) = reply {
            let _hung_up = reply.send(given.response());
        }
    }

    /// Where a request is passed on, if it is.
    fn forwards(&self, judged: &Judged, arrived: &Arrived) -> Option<&Forward> {
        let forward = self.forward.as_ref()?;
        let is_passed = judged.verdict != Kind::Refused || forward.all;
        (is_passed && arrived.unread.is_none()).then_some(forward)
    }

    /// Keeps a delivery, and returns its number.
    async fn keep(
        &self,
        route: &Route<'_>,
        arrived: &Arrived,
        judged: Judged,
        outcome: Option<Outcome>,
    ) -> Option<i64> {
        let length = arrived.request.body().len();
        let turn = self.turn(length).await;
        let entry = aside(length, || masked(route, arrived, judged, outcome));
        drop(turn);
        self.noted(self.store.add(entry).await)
    }

    /// Waits until no other huge body is looked at, for one that is huge.
    async fn turn(&self, length: usize) -> Option<SemaphorePermit<'_>> {
        match length > HUGE {
            true => self.huge.acquire().await.ok(),
            false => None,
        }
    }

    /// Says once that the store fails, and not for each of many.
    fn noted<T>(&self, written: Result<T, String>) -> Option<T> {
        match written {
            Ok(done) => {
                self.is_failing.store(false, Ordering::Relaxed);
                Some(done)
            }
            Err(error) => {
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    note(&format!(
                        "deliveries are answered and cannot be kept: {error}"
                    ));
                }
                None
            }
        }
    }

    async fn judge(&self, route: &Route<'_>, arrived: &Arrived) -> Judged {
        if let Some(rejection) = &arrived.unread {
            return Judged::refused(rejection, Reply::standard(rejection));
        }
        let receiver = route.receiver;
        let length = arrived.request.body().len();
        let _turn = self.turn(length).await;
        aside(length, || {
            let verdict = receiver.judge.judge(&arrived.request, arrived.at);
            Judged::by(verdict, &receiver.masks, receiver.sender.is_authenticated())
        })
    }
}

/// Whether somebody who has a secret sent this.
fn is_proven(route: &Route<'_>, judged: &Judged) -> bool {
    judged.verdict == Kind::Authentic && route.receiver.sender.is_authenticated()
}

/// What is kept. Of what nobody has proven, not a huge body: to look for secrets in it would take more than it is worth.
fn masked(route: &Route<'_>, arrived: &Arrived, judged: Judged, outcome: Option<Outcome>) -> Entry {
    let receiver = route.receiver;
    let masks = &receiver.masks;
    let request = &arrived.request;
    let credentials = &receiver.facts.credential_headers;
    let shown = headers::of_request(request.headers(), credentials, masks);
    let is_proven = is_proven(route, &judged);
    let is_kept = arrived.unread.is_none() && (is_proven || request.body().len() <= HUGE);
    let looked_at = if is_kept {
        request.body()
    } else {
        &Bytes::new()
    };
    let mut body = masks.delivery(looked_at, request.headers(), is_proven);
    let path = masks.target(request.uri());
    if path.split('?').next() != Some(request.uri().path()) {
        body.masked.push("path".to_owned());
    }
    Entry {
        at_ms: millis(arrived.at),
        sender: receiver.sender.name.to_string(),
        verdict: judged.verdict,
        is_proven,
        reason: judged.reason,
        kind: judged.kind,
        delivery_id: judged.delivery_id,
        method: masks.text(request.method().as_str()),
        path,
        bytes: request.body().len() as u64,
        rest: Rest {
            label: judged.label,
            event: judged.event,
            headers: shown.headers,
            hidden_headers: shown.hidden,
            masked: body.masked,
        },
        body: body.bytes.filter(|_| is_kept),
        outcome,
    }
}

/// What came of it.
fn outcome(route: &Route<'_>, arrived: &Arrived, verdict: Kind, given: &Given) -> Outcome {
    let receiver = route.receiver;
    // What a sender counts as received is said of deliveries, not of handshakes.
    let conclusion = (verdict != Kind::Handshake)
        .then(|| Conclusion::of(&receiver.facts.timing, 0, &given.exchange));
    Outcome {
        status: given.status().as_u16(),
        received: conclusion.as_ref().map(|conclusion| conclusion.received),
        took_ms: u64::try_from(given.exchange.took.as_millis()).unwrap_or(u64::MAX),
        told: Told {
            answer: given.kept(receiver, &arrived.request),
            failure: given.failure(),
            conclusion: conclusion.map(|it| it.lines()).unwrap_or_default(),
        },
    }
}

/// Does what takes long without keeping other requests waiting.
fn aside<T>(length: usize, work: impl FnOnce() -> T) -> T {
    match length > LONG {
        true => tokio::task::block_in_place(work),
        false => work(),
    }
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

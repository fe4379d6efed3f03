use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use webhook_core::{Rejection, Reply};

use super::body::{Bodies, Read, Unread};
use super::entry::{Answered, Entry, Kind, Rest};
use super::forward::{self, Forward};
use super::headers;
use super::routes::{Route, Routes};
use super::store::Store;
use crate::conclusion::Conclusion;
use crate::net::{Answer, Exchange, Failure};
use crate::senders::Verdict;
use crate::show::note;

/// What is kept of the text of an answer.
const ANSWER: usize = 64 * 1024;

/// A body from which on judging it may keep others waiting.
const LONG: usize = 64 * 1024;

/// Receives deliveries, answers them and keeps them.
pub(super) struct Receiving {
    pub(super) routes: Routes,
    pub(super) forward: Option<Forward>,
    pub(super) store: Store,
    pub(super) bodies: Bodies,
}

/// What was made of a request, before it is answered.
struct Judged {
    verdict: Kind,
    reason: Option<String>,
    kind: Option<String>,
    delivery_id: Option<String>,
    label: Option<String>,
    event: Option<serde_json::Value>,
    reply: Reply,
}

/// The answer, and who gave it.
struct Given {
    exchange: Exchange,
    by: &'static str,
}

impl Receiving {
    /// Answers a request.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let (arrived, started) = (SystemTime::now(), Instant::now());
        let (head, body) = request.into_parts();
        let Some(route) = self.routes.find(head.uri.path()) else {
            let text =
                "no sender has this path: the path is the name of a sender, such as /stripe\n";
            return respond(Reply::text(StatusCode::NOT_FOUND, text));
        };
        let limit = route.receiver.facts.body_limit;
        let read = self.bodies.read(&head.headers, body, limit).await;
        let request = Request::from_parts(head, ());
        // In a task of its own: a sender that hangs up has sent the delivery all the same.
        let task = tokio::spawn(async move {
            let (read, unread) = match read {
                Ok(read) => (Some(read), None),
                Err(Unread::Refused(rejection)) => (None, Some(rejection)),
                Err(Unread::Busy) => return respond(Reply::try_again()),
            };
            self.take(&request, read, unread, arrived, started).await
        });
        match task.await {
            Ok(response) => response,
            Err(_) => respond(Reply::new(StatusCode::INTERNAL_SERVER_ERROR)),
        }
    }

    /// Judges, answers and keeps a request.
    async fn take(
        &self,
        request: &Request<()>,
        read: Option<Read>,
        unread: Option<Rejection>,
        arrived: SystemTime,
        started: Instant,
    ) -> Response<Full<Bytes>> {
        let Some(route) = self.routes.find(request.uri().path()) else {
            return respond(Reply::new(StatusCode::NOT_FOUND));
        };
        let body = read.as_ref().map(|read| read.bytes.clone());
        let mut whole = Request::new(body.clone().unwrap_or_default());
        *whole.method_mut() = request.method().clone();
        *whole.uri_mut() = request.uri().clone();
        *whole.headers_mut() = request.headers().clone();

        let judged = match unread {
            Some(rejection) => Judged::refused(&rejection, Reply::standard(&rejection)),
            None => aside(whole.body().len(), || {
                Judged::by(route.receiver.judge.judge(&whole, arrived))
            }),
        };
        let given = self.give(&route, &whole, &judged, started).await;
        let response = given.respond();
        let entry = aside(whole.body().len(), || {
            self.entry(&route, &whole, body.is_some(), judged, &given, arrived)
        });
        if let Err(error) = self.store.add(entry).await {
            note(&format!("a delivery cannot be kept: {error}"));
        }
        drop(read);
        response
    }

    /// The answer: the app's, or what a receiver would answer.
    async fn give(
        &self,
        route: &Route<'_>,
        request: &Request<Bytes>,
        judged: &Judged,
        started: Instant,
    ) -> Given {
        if let Some(forward) = &self.forward
            && (judged.verdict != Kind::Refused || forward.all)
        {
            return Given {
                exchange: forward.pass(route, request).await,
                by: "app",
            };
        }
        Given {
            exchange: Exchange {
                took: started.elapsed(),
                result: Ok(answer_of(&judged.reply)),
            },
            by: "webhook-rs",
        }
    }

    fn entry(
        &self,
        route: &Route<'_>,
        request: &Request<Bytes>,
        has_body: bool,
        judged: Judged,
        given: &Given,
        arrived: SystemTime,
    ) -> Entry {
        let receiver = route.receiver;
        let masks = &receiver.masks;
        let shown =
            headers::of_request(request.headers(), &receiver.facts.credential_headers, masks);
        let body = masks.body(request.body(), request.headers());
        let event = judged.event.map(|mut event| {
            masks.json(&mut event);
            event
        });
        let exchange = &given.exchange;
        // What a sender counts as received is said of deliveries, not of handshakes.
        let conclusion = (judged.verdict != Kind::Handshake)
            .then(|| Conclusion::of(&receiver.facts.timing, 0, exchange));
        Entry {
            at_ms: millis(arrived),
            sender: receiver.sender.name.to_string(),
            verdict: judged.verdict,
            reason: judged.reason,
            kind: judged.kind.map(|kind| masks.text(&kind)),
            delivery_id: judged.delivery_id.map(|id| masks.text(&id)),
            method: masks.text(request.method().as_str()),
            path: masks.target(request.uri()),
            bytes: request.body().len() as u64,
            status: given.status().as_u16(),
            received: conclusion.as_ref().map(|conclusion| conclusion.received),
            took_ms: u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX),
            rest: Rest {
                label: judged.label,
                event,
                headers: shown.headers,
                hidden_headers: shown.hidden,
                masked: body.masked,
                answer: exchange.result.as_ref().ok().map(|answer| {
                    let body = masks.body(&answer.body, &answer.headers);
                    Answered {
                        by: given.by.to_owned(),
                        status: answer.status.as_u16(),
                        headers: headers::of_answer(&answer.headers, masks),
                        body: beginning(&body.bytes.unwrap_or_default()),
                    }
                }),
                failure: exchange.result.as_ref().err().map(ToString::to_string),
                conclusion: conclusion.map(|it| it.lines()).unwrap_or_default(),
            },
            body: body.bytes.filter(|_| has_body),
        }
    }
}

impl Judged {
    fn by(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Authentic(authentic) => Self {
                verdict: Kind::Authentic,
                reason: None,
                kind: Some(authentic.kind),
                delivery_id: authentic.id,
                label: authentic.label,
                event: Some(authentic.event),
                reply: authentic.rule.reply(),
            },
            Verdict::Greeted(reply) => Self {
                verdict: Kind::Handshake,
                reason: None,
                ..Self::refused(&Rejection::HandshakeRefused, reply)
            },
            Verdict::Refused { rejection, reply } => Self::refused(&rejection, reply),
        }
    }

    fn refused(rejection: &Rejection, reply: Reply) -> Self {
        Self {
            verdict: Kind::Refused,
            reason: Some(rejection.name().to_owned()),
            kind: None,
            delivery_id: None,
            label: None,
            event: None,
            reply,
        }
    }
}

impl Given {
    /// What the sender is answered with if there is no answer of the app's.
    fn status(&self) -> StatusCode {
        match &self.exchange.result {
            Ok(answer) => answer.status,
            Err(Failure::TooLate(_) | Failure::HungUp(_)) => StatusCode::GATEWAY_TIMEOUT,
            Err(_) => StatusCode::BAD_GATEWAY,
        }
    }

    fn respond(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        *response.status_mut() = self.status();
        if let Ok(answer) = &self.exchange.result {
            *response.headers_mut() = answer.headers.clone();
            forward::remove_hop_by_hop(response.headers_mut());
            *response.body_mut() = Full::new(answer.body.clone());
        }
        response
    }
}

fn answer_of(reply: &Reply) -> Answer {
    let mut headers: http::HeaderMap = reply.headers.iter().cloned().collect();
    if let Some(content_type) = &reply.content_type {
        headers.insert(CONTENT_TYPE, content_type.clone());
    }
    Answer {
        status: reply.status,
        headers,
        body: reply.body.clone(),
    }
}

fn respond(reply: Reply) -> Response<Full<Bytes>> {
    let answer = answer_of(&reply);
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    // A body that was not read is not waited for.
    response
        .headers_mut()
        .insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Does what takes long without keeping other requests waiting.
fn aside<T>(length: usize, work: impl FnOnce() -> T) -> T {
    match length > LONG {
        true => tokio::task::block_in_place(work),
        false => work(),
    }
}

/// The beginning of a text, in which characters are whole.
fn beginning(text: &[u8]) -> String {
    let text = text.get(..ANSWER).unwrap_or(text);
    String::from_utf8_lossy(text).into_owned()
}

pub(super) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

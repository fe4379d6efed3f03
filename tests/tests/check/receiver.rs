//! A receiver that is right, but for what a test plants in it.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::runtime::Runtime;
use webhook_core::driver::{EarlyReply, Verifier};
use webhook_core::{Head, Provider, Rejection, Reply};

/// What is wrong with a receiver.
pub(crate) struct Plant {
    /// Which of what the core refuses it takes nevertheless.
    pub(crate) takes: fn(&HeaderMap, &[u8], &Rejection) -> bool,
    /// Which authentic deliveries it declines.
    pub(crate) declines: fn(&HeaderMap, &[u8]) -> bool,
    /// What it makes of its right answer to what it refuses.
    pub(crate) refuses: fn(Reply) -> Reply,
    /// After how many refusals it lets nobody in.
    pub(crate) locks_after: usize,
    /// With what.
    pub(crate) locks_with: StatusCode,
    /// What it answers to each GET.
    pub(crate) page: Option<&'static str>,
    /// What it makes of its right answer to an authentic delivery.
    pub(crate) answers: fn(Reply) -> Reply,
    /// How long it works on a delivery.
    pub(crate) works: Duration,
    /// What it makes of its right answer to a handshake.
    pub(crate) greets: fn(Reply) -> Reply,
    pub(crate) any_method: bool,
    pub(crate) parses_first: bool,
    pub(crate) body_limit: usize,
    pub(crate) body_time: Duration,
    /// A body that is not whole counts as one that is.
    pub(crate) takes_cut: bool,
    pub(crate) acts: Acts,
    /// Where it counts what it has done.
    pub(crate) effects: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Acts {
    Once,
    EachTime,
    BeforeItVerifies,
}

impl Default for Plant {
    fn default() -> Self {
        Self {
            takes: |_, _, _| false,
            declines: |_, _| false,
            refuses: |reply| reply,
            locks_after: usize::MAX,
            locks_with: StatusCode::FORBIDDEN,
            page: None,
            answers: |reply| reply,
            greets: |reply| reply,
            works: Duration::ZERO,
            any_method: false,
            parses_first: false,
            body_limit: 2 * 1024 * 1024,
            body_time: Duration::from_secs(2),
            takes_cut: false,
            acts: Acts::Once,
            effects: None,
        }
    }
}

struct Receiver<P> {
    verifier: Verifier<P>,
    plant: Plant,
    handled: Mutex<Vec<String>>,
    count: Mutex<usize>,
    refused: AtomicUsize,
}

/// A receiver that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    _runtime: Runtime,
}

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

/// Serves an app on a port of its own.
pub(crate) fn serve(app: Router) -> Running {
    let runtime = Runtime::new().unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let addr = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, app).await });
    Running {
        addr,
        _runtime: runtime,
    }
}

/// Serves a receiver of this sender, at any path.
pub(crate) fn plant<P: Provider>(verifier: Verifier<P>, plant: Plant) -> Running {
    if let Some(effects) = &plant.effects {
        fs::write(effects, "0").unwrap();
    }
    let receiver = Receiver {
        verifier,
        plant,
        handled: Mutex::default(),
        count: Mutex::default(),
        refused: AtomicUsize::new(0),
    };
    serve(
        Router::new()
            .fallback(receive::<P>)
            .with_state(Arc::new(receiver)),
    )
}

async fn receive<P: Provider>(
    State(receiver): State<Arc<Receiver<P>>>,
    request: Request,
) -> Response {
    let plant = &receiver.plant;
    let (parts, body) = request.into_parts();
    let is_page = [Method::GET, Method::HEAD].contains(&parts.method);
    if let Some(page) = plant.page.filter(|_| is_page) {
        return page.into_response();
    }
    let read = tokio::time::timeout(plant.body_time, to_bytes(body, plant.body_limit)).await;
    let body = match read {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => match is_too_long(&error) {
            true => return closing(StatusCode::PAYLOAD_TOO_LARGE),
            false if plant.takes_cut => return StatusCode::OK.into_response(),
            false => return closing(StatusCode::BAD_REQUEST),
        },
        Err(_) => return closing(StatusCode::REQUEST_TIMEOUT),
    };
    if plant.acts == Acts::BeforeItVerifies {
        receiver.act();
    }
    if plant.parses_first && serde_json::from_slice::<serde_json::Value>(&body).is_err() {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    if receiver.refused.load(Ordering::Relaxed) >= plant.locks_after {
        return plant.locks_with.into_response();
    }
    let (reply, is_authentic) = receiver.judge(&parts, &body);
    if is_authentic {
        tokio::time::sleep(plant.works).await;
    }
    response(reply)
}

impl<P: Provider> Receiver<P> {
    /// The answer, and whether it is one to an authentic delivery.
    #[allow(clippy::result_large_err, reason = "the answer is used at once")]
    fn judge(&self, parts: &Parts, body: &Bytes) -> (Reply, bool) {
        let plant = &self.plant;
        let method = match plant.any_method {
            true => "POST",
            false => parts.method.as_str(),
        };
        let (path, query) = (parts.uri.path(), parts.uri.query());
        let head = Head::new(method, path, query, &parts.headers);
        let judged = self.verifier.begin(&head);
        let judged = judged.and_then(|pending| pending.finish(body.clone()));
        match judged {
            Ok(_) if (plant.declines)(&parts.headers, body) => {
                (Reply::new(StatusCode::UNPROCESSABLE_ENTITY), false)
            }
            Ok(accepted) => {
                self.handle(body);
                ((plant.answers)(accepted.in_flight.rule().reply()), true)
            }
            Err(EarlyReply {
                rejection: Some(rejection),
                ..
            }) if rejection != Rejection::MethodNotAllowed
                && (plant.takes)(&parts.headers, body, &rejection) =>
            {
                (Reply::new(StatusCode::OK), false)
            }
            Err(EarlyReply {
                reply,
                rejection: None,
                ..
            }) => ((plant.greets)(reply), false),
            Err(EarlyReply { reply, .. }) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                ((plant.refuses)(reply), false)
            }
        }
    }

    /// Acts on a delivery, which its body tells apart from others.
    fn handle(&self, body: &Bytes) {
        let mut handled = self.handled.lock().unwrap();
        let id = String::from_utf8_lossy(body).into_owned();
        let is_new = !handled.contains(&id);
        handled.push(id);
        let acts = match self.plant.acts {
            Acts::Once => is_new,
            Acts::EachTime => true,
            Acts::BeforeItVerifies => false,
        };
        if acts {
            self.act();
        }
    }

    fn act(&self) {
        let mut count = self.count.lock().unwrap();
        *count += 1;
        if let Some(effects) = &self.plant.effects {
            fs::write(effects, count.to_string()).unwrap();
        }
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn closing(status: StatusCode) -> Response {
    let mut response = status.into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

pub(crate) fn response(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    if let Some(content_type) = reply.content_type {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
    }
    response.headers_mut().extend(
        reply
            .headers
            .into_iter()
            .map(|(name, value)| (Some(name), value)),
    );
    response
}

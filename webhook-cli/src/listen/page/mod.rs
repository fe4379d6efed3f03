//! The page, on a port of its own that only this machine reaches.

mod again;
mod api;
mod curl;
mod events;
mod guard;
#[cfg(test)]
mod spanish;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::watch;

use self::guard::Guard;
use super::receive::Receiving;
use crate::error::Error;

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

const HTML: &str = include_str!("../assets/index.html");

/// What the page loads: path, type, text.
const ASSETS: [(&str, &str, &str); 12] = [
    ("/app.css", CSS, include_str!("../assets/app.css")),
    ("/app.js", SCRIPT, include_str!("../assets/app.js")),
    ("/details.js", SCRIPT, include_str!("../assets/details.js")),
    ("/en.js", SCRIPT, include_str!("../assets/en.js")),
    ("/es.js", SCRIPT, include_str!("../assets/es.js")),
    ("/keys.js", SCRIPT, include_str!("../assets/keys.js")),
    ("/list.js", SCRIPT, include_str!("../assets/list.js")),
    ("/news.js", SCRIPT, include_str!("../assets/news.js")),
    ("/server.js", SCRIPT, include_str!("../assets/server.js")),
    ("/setup.js", SCRIPT, include_str!("../assets/setup.js")),
    ("/show.js", SCRIPT, include_str!("../assets/show.js")),
    ("/texts.js", SCRIPT, include_str!("../assets/texts.js")),
];
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What the page shows.
pub(super) struct Page {
    receiving: Arc<Receiving>,
    /// Where deliveries are received.
    addr: SocketAddr,
    guard: Guard,
    html: String,
    stop: watch::Receiver<bool>,
}

impl Page {
    pub(super) fn new(
        receiving: Arc<Receiving>,
        addr: SocketAddr,
        page: SocketAddr,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, Error> {
        let guard = Guard::new(page)?;
        Ok(Self {
            html: HTML.replace("{{token}}", guard.token()),
            guard,
            receiving,
            addr,
            stop,
        })
    }

    /// Answers a request.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let (head, _no_body_is_read) = request.into_parts();
        let mut response = match self.guard.check(&head) {
            Ok(()) => self.route(&head).await,
            Err(refused) => refused.response(),
        };
        guard::protect(response.headers_mut());
        response
    }

    async fn route(&self, head: &http::request::Parts) -> Response<Body> {
        let is_post = head.method == Method::POST;
        let path = head.uri.path();
        let query = head.uri.query().unwrap_or_default();
        let asset = match path {
            "/" => Some(text("text/html; charset=utf-8", self.html.clone())),
            path => ASSETS
                .iter()
                .find(|(at, ..)| *at == path)
                .map(|(_, content_type, asset)| text(content_type, *asset)),
        };
        if let Some(asset) = asset {
            return match is_post {
                true => not_allowed("GET, HEAD"),
                false => asset,
            };
        }
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (is_post, parts.as_slice()) {
            (false, ["api", "state"]) => self.state(),
            (false, ["api", "deliveries"]) => self.list(query).await,
            (false, ["api", "deliveries", id]) => self.detail(id).await,
            (false, ["api", "events"]) => self.events(&head.headers).await,
            (true, ["api", "deliveries", id, "send-again"]) => self.send_again(id).await,
            (true, ["api", "clear"]) => self.clear().await,
            (true, ["api", "state" | "deliveries" | "events"] | ["api", "deliveries", _]) => {
                not_allowed("GET, HEAD")
            }
            (false, ["api", "clear"] | ["api", "deliveries", _, "send-again"]) => {
                not_allowed("POST")
            }
            _ => problem(StatusCode::NOT_FOUND, "there is nothing here"),
        }
    }
}

fn text(content_type: &'static str, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(text.into()).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer to the script of the page.
fn answer(status: StatusCode, value: &impl serde::Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(json) => {
            let mut response = text("application/json", json);
            *response.status_mut() = status;
            response
        }
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// What is wrong, and what to do.
fn problem(status: StatusCode, what: &str) -> Response<Body> {
    let value: Value = json!({ "error": what });
    let mut response = text("application/json", value.to_string());
    *response.status_mut() = status;
    response
}

fn not_allowed(methods: &'static str) -> Response<Body> {
    let what = format!("use {methods}");
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, &what);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    response
}

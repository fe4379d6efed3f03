use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;

use super::super::entry::{Kind, Rest, Summary, Told};
use super::super::store::{Filter, Kept};
use super::{Body, Page, answer, curl, problem};

/// Deliveries in an answer, unless another number is asked for.
const USUAL: usize = 100;

/// Deliveries in an answer, at most.
const MOST: usize = 200;

/// A delivery with everything that is kept of it.
#[derive(Serialize)]
struct Detail<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    proves: &'a str,
    #[serde(flatten)]
    rest: &'a Rest,
    #[serde(flatten)]
    told: &'a Told,
    body: Option<String>,
    body_is: &'static str,
    curl: String,
}

impl Page {
    pub(super) fn state(&self) -> Response<Body> {
        let receiving = &self.receiving;
        let senders: Vec<_> = receiving
            .routes
            .iter()
            .map(|receiver| {
                json!({
                    "name": receiver.sender.name,
                    "title": receiver.sender.title,
                    "proves": receiver.sender.proves,
                    "path": receiver.path(),
                    "secret": receiver.secret.name(),
                    "variable": receiver.sender.variable,
                })
            })
            .collect();
        let (deliveries, bytes) = receiving.store.size();
        let bounds = receiving.store.bounds();
        let forward = receiving.forward.as_ref();
        let state = json!({
            "receiving": format!("http://{}", self.addr),
            "forward": forward.map(|forward| forward.target.url().as_str()),
            "version": env!("CARGO_PKG_VERSION"),
            "senders": senders,
            "at_work": receiving.at_work(),
            "kept": {
                "deliveries": deliveries,
                "bytes": bytes,
                "most_deliveries": bounds.deliveries,
                "most_bytes": bounds.bytes,
            },
        });
        answer(StatusCode::OK, &state)
    }

    pub(super) async fn list(&self, query: &str) -> Response<Body> {
        let filter = match filter(query) {
            Ok(filter) => filter,
            Err(what) => return problem(StatusCode::BAD_REQUEST, &what),
        };
        match self.receiving.store.list(filter).await {
            Ok(found) => answer(
                StatusCode::OK,
                &json!({ "deliveries": found.deliveries, "more": found.more }),
            ),
            Err(error) => unreadable(&error),
        }
    }

    pub(super) async fn detail(&self, id: &str) -> Response<Body> {
        match self.kept(id).await {
            Ok(kept) => self.show(&kept),
            Err(response) => response,
        }
    }

    /// The delivery with a number, or the answer that there is none.
    pub(super) async fn kept(&self, id: &str) -> Result<Kept, Response<Body>> {
        let gone = || problem(StatusCode::NOT_FOUND, "there is no such delivery any more");
        let id = id.parse().map_err(|_| gone())?;
        match self.receiving.store.get(id).await {
            Ok(kept) => kept.ok_or_else(gone),
            Err(error) => Err(unreadable(&error)),
        }
    }

    fn show(&self, kept: &Kept) -> Response<Body> {
        let summary = &kept.summary;
        let receiver = self.receiving.routes.of(&summary.sender);
        let (body, body_is) = match &kept.body {
            None => (None, "not kept"),
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => (Some(text.to_owned()), "text"),
                Err(_) => (Some(STANDARD.encode(bytes)), "base64"),
            },
        };
        let detail = Detail {
            summary,
            proves: receiver.map_or("", |receiver| &receiver.sender.proves),
            rest: &kept.rest,
            told: &kept.told,
            body,
            body_is,
            curl: curl::command(&format!("http://{}", self.addr), kept),
        };
        answer(StatusCode::OK, &detail)
    }

    pub(super) async fn clear(&self) -> Response<Body> {
        match self.receiving.store.clear().await {
            Ok(()) => answer(StatusCode::OK, &json!({ "cleared": true })),
            Err(error) => unreadable(&error),
        }
    }
}

fn unreadable(error: &str) -> Response<Body> {
    let what = format!("the store cannot be used: {error}");
    problem(StatusCode::INTERNAL_SERVER_ERROR, &what)
}

fn filter(query: &str) -> Result<Filter, String> {
    let mut filter = Filter {
        limit: USUAL,
        ..Filter::default()
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let wrong = || format!("`{name}` is wrong: leave it out, or give a number");
        match &*name {
            _ if value.is_empty() => {}
            "before" => filter.before = Some(value.parse().map_err(|_| wrong())?),
            "limit" => {
                let limit: usize = value.parse().map_err(|_| wrong())?;
                filter.limit = limit.clamp(1, MOST);
            }
            "sender" => filter.sender = Some(value.into_owned()),
            "verdict" => {
                let verdict = Kind::named(&value)
                    .ok_or_else(|| "`verdict` is authentic, handshake or refused".to_owned())?;
                filter.verdict = Some(verdict);
            }
            "q" => filter.text = Some(value.chars().take(200).collect()),
            other => return Err(format!("there is no parameter `{other}`")),
        }
    }
    Ok(filter)
}

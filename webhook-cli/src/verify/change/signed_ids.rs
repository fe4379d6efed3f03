//! The two ids that Mercado Pago signs, and what proxies and receivers make of them.

use std::borrow::Cow;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, Uri};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::Change;

/// The header with one of them.
pub(in crate::verify) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most headers whose value is tried as that of another.
const HEADERS: usize = 64;
/// The longest value that is tried.
const LONGEST: usize = 256;
/// The most parameters of one name that are tried.
const PARAMETERS: usize = 16;

const PROXY: &str = "a proxy before the receiver sets this header: let it pass the sender's, or keep the sender's in another header and read it \
                     from there";
const QUERY: &str =
    "the sender signs `data.id` of the query as it sends it: verify the query as it arrives";

/// One id as it may have been.
struct Id<T> {
    value: Option<T>,
    cause: &'static str,
    happened: String,
    undone: String,
    tried: &'static str,
}

/// The request with other ids: one of them, then both.
pub(in crate::verify) fn changes(request: &Request<Bytes>) -> Vec<Change> {
    let request_ids = request_ids(request);
    let data_ids = data_ids(request);
    let mut changes = Vec::new();
    for id in &request_ids {
        changes.push(change(with_request_id(request, id), &[id.words()], PROXY));
    }
    for id in &data_ids {
        if let Some(changed) = with_data_id(request, id) {
            changes.push(change(changed, &[id.words()], QUERY));
        }
    }
    for id in &request_ids {
        let first = with_request_id(request, id);
        for other in &data_ids {
            if let Some(changed) = with_data_id(&first, other) {
                changes.push(change(changed, &[id.words(), other.words()], PROXY));
            }
        }
    }
    changes
}

type Words<'a> = (&'static str, &'a str, &'a str, &'static str);

impl<T> Id<T> {
    fn words(&self) -> Words<'_> {
        (self.cause, &self.happened, &self.undone, self.tried)
    }
}

fn change(request: Request<Bytes>, words: &[Words<'_>], advice: &'static str) -> Change {
    let happened: Vec<_> = words.iter().map(|it| it.1).collect();
    let undone: Vec<_> = words.iter().map(|it| it.2).collect();
    Change {
        causes: words.iter().map(|it| it.0).collect(),
        happened: happened.join(", and "),
        undone: undone.join(", and "),
        advice,
        tried: words.iter().map(|it| it.3.to_owned()).collect(),
        request,
    }
}

fn request_ids(request: &Request<Bytes>) -> Vec<Id<HeaderValue>> {
    let headers = request.headers();
    let mut ids = Vec::new();
    let sent: Vec<_> = headers.get_all(&REQUEST_ID).iter().collect();
    if !sent.is_empty() {
        ids.push(Id {
            value: None,
            cause: "request_id_added",
            happened: format!("the header {REQUEST_ID} was added on the way"),
            undone: format!("the header {REQUEST_ID} left out"),
            tried: "x-request-id left out",
        });
    }
    let (cause, what) = match sent.is_empty() {
        true => ("request_id_removed", "removed"),
        false => ("request_id_replaced", "replaced"),
    };
    let others = headers.iter().filter(|(name, value)| {
        **name != REQUEST_ID && !value.is_empty() && value.len() <= LONGEST && !sent.contains(value)
    });
    ids.extend(others.take(HEADERS).map(|(name, value)| Id {
        value: Some(value.clone()),
        cause,
        happened: format!("the header {REQUEST_ID} was {what} on the way"),
        undone: format!("the value of {name} as {REQUEST_ID}"),
        tried: "the values of other headers as x-request-id",
    }));
    ids
}

fn data_ids(request: &Request<Bytes>) -> Vec<Id<String>> {
    let query = request.uri().query().unwrap_or_default();
    let all: Vec<_> = parameters(query, "data.id").take(PARAMETERS).collect();
    if all.len() > 1 {
        let repeated = all.into_iter().enumerate().map(|(at, value)| Id {
            value: Some(value.into_owned()),
            cause: "data_id_repeated",
            happened: "`data.id` is in the query more than once".to_owned(),
            undone: format!("only number {} of them", at + 1),
            tried: "only one `data.id`",
        });
        return repeated.collect();
    }
    let sent = all.into_iter().next();
    let mut ids: Vec<Id<String>> = Vec::new();
    let mut push = |value: Option<String>, cause, happened: &str, undone: &'static str| {
        let is_new = value.as_deref() != sent.as_deref() && ids.iter().all(|it| it.value != value);
        if is_new {
            ids.push(Id {
                value,
                cause,
                happened: happened.to_owned(),
                undone: undone.to_owned(),
                tried: undone,
            });
        }
    };
    let of_query = |text: &str| Some(text.to_owned()).filter(|it| !it.is_empty());
    if let Some(sent) = &sent {
        const OTHER_CASE: &str = "the case of `data.id` in the query was changed";
        push(
            of_query(&sent.to_ascii_uppercase()),
            "data_id_case",
            OTHER_CASE,
            "`data.id` in upper case",
        );
        push(
            of_query(&sent.to_ascii_lowercase()),
            "data_id_case",
            OTHER_CASE,
            "`data.id` in lower case",
        );
        if let Some(of_body) = data_id_of(request.body()) {
            let (cause, happened) = match of_body.eq_ignore_ascii_case(sent) {
                true => ("data_id_case", OTHER_CASE),
                false => ("data_id_replaced", "`data.id` in the query was replaced"),
            };
            push(
                Some(of_body),
                cause,
                happened,
                "`data.id` as it is in the body",
            );
        }
        push(
            None,
            "data_id_added",
            "`data.id` was added to the query",
            "`data.id` of the query left out",
        );
    } else {
        const GONE: &str = "`data.id` is gone from the query";
        if let Some(of_body) = data_id_of(request.body()) {
            let [upper, lower] = [of_body.to_ascii_uppercase(), of_body.to_ascii_lowercase()];
            push(
                Some(of_body),
                "data_id_removed",
                GONE,
                "`data.id` of the body in the query",
            );
            push(
                Some(lower),
                "data_id_removed",
                GONE,
                "`data.id` of the body, in lower case, in the query",
            );
            push(
                Some(upper),
                "data_id_removed",
                GONE,
                "`data.id` of the body, in upper case, in the query",
            );
        }
        if let Some(id) = parameters(query, "id").next() {
            push(
                Some(id.into_owned()),
                "data_id_removed",
                GONE,
                "`id` of the query as `data.id`",
            );
        }
    }
    ids
}

fn data_id_of(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let id = match json.pointer("/data/id")? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!id.is_empty() && id.len() <= LONGEST).then_some(id)
}

/// The values of a parameter of the query, empty ones aside.
fn parameters<'a>(query: &'a str, name: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let values = pairs.filter(move |(other, _)| is_called(other, name));
    let values = values.filter_map(|(_, value)| percent_decode_str(value).decode_utf8().ok());
    values.filter(|value| !value.is_empty())
}

fn is_called(encoded: &str, name: &str) -> bool {
    percent_decode_str(encoded).eq(name.bytes())
}

fn with_request_id(request: &Request<Bytes>, id: &Id<HeaderValue>) -> Request<Bytes> {
    let mut changed = request.clone();
    match &id.value {
        Some(value) => changed.headers_mut().insert(&REQUEST_ID, value.clone()),
        None => changed.headers_mut().remove(&REQUEST_ID),
    };
    changed
}

fn with_data_id(request: &Request<Bytes>, id: &Id<String>) -> Option<Request<Bytes>> {
    let query = request.uri().query().unwrap_or_default();
    let name = |pair: &&str| {
        pair.split_once('=')
            .map_or(*pair, |(name, _)| name)
            .to_owned()
    };
    let others = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_called(&name(pair), "data.id"));
    let mut pairs: Vec<String> = others.map(str::to_owned).collect();
    if let Some(value) = &id.value {
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        pairs.insert(0, format!("data.id={value}"));
    }
    let target = match pairs.is_empty() {
        true => request.uri().path().to_owned(),
        false => format!("{}?{}", request.uri().path(), pairs.join("&")),
    };
    let mut changed = request.clone();
    *changed.uri_mut() = Uri::from(target.parse::<PathAndQuery>().ok()?);
    Some(changed)
}

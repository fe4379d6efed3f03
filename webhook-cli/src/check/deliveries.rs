//! Deliveries that a receiver must take, some of them in a way that it seldom sees.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, EXPECT, HeaderValue};
use http::{HeaderName, Method, Request};
use serde_json::Value;

use super::case::{By, Case, Skip};
use super::kit::{Kit, with_body};
use crate::error::Error;
use crate::senders::{Sample, Verdict};

const UNKNOWN: &str = "webhook_check_unknown";

/// The one that must be taken before anything else can be judged.
pub(super) fn authentic() -> Case {
    Case::accepted("authentic", "an authentic delivery", |kit| {
        Ok(kit.signed(&kit.draft()?)?)
    })
    .damage("nothing that this sender delivers is received")
}

/// The other events of a sender.
pub(super) fn events(kit: &Kit<'_>) -> Result<Vec<Case>, Error> {
    let case = |sample: &Sample| {
        let (name, sent) = (format!("event-{}", sample.name), sample.about.clone());
        let sample = sample.clone();
        Case::accepted(name, sent, move |kit| {
            Ok(kit.signed(&kit.draft_of(&sample)?)?)
        })
        .damage("events of this kind are not received")
    };
    Ok(kit.other_samples()?.into_iter().map(case).collect())
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::accepted("unknown-field", "an event with a field that is new", |kit| {
            // Of some senders only a part of what is drafted is sent.
            for path in [UNKNOWN.to_owned(), format!("data.{UNKNOWN}")] {
                let draft = kit.draft()?.with_field(&path, Value::from(1));
                let request = kit.signed(&draft.map_err(|_| Skip::because("the body is not a JSON object"))?)?;
                if contains(request.body(), UNKNOWN.as_bytes()) {
                    return Ok(request);
                }
            }
            Err(Skip::because("no field can be added to what is signed"))
        })
        .damage("the day the sender adds a field, nothing arrives"),
        Case::accepted("unknown-event", "an event of a kind that is new", |kit| {
            let sample = of_unknown_kind(kit.sample)
                .ok_or_else(|| Skip::because("what is sent does not name the event by its kind"))?;
            Ok(kit.signed(&kit.draft_of(&sample)?)?)
        })
        .damage("the day the sender adds a kind of event, its deliveries fail and its other ones may end"),
        Case::accepted("not-utf8", "an event with a byte that is not UTF-8", |kit| {
            let request = kit.signed(&kit.draft()?)?;
            let mut body = request.body().to_vec();
            let at = body.iter().rposition(|byte| *byte == b'"');
            let at = at.ok_or_else(|| Skip::because("the body has no text"))?;
            body.insert(at, 0xFF);
            let request = kit.signed(&kit.draft()?.with_body(body))?;
            match request.body().contains(&0xFF) {
                true => Ok(request),
                false => Err(Skip::because("the sender cannot sign such a body")),
            }
        })
        .damage("a name in another encoding makes the whole event fail")
        .note(),
        Case::accepted("content-type", "an event as `text/plain`", |kit| {
            let mut request = kit.signed(&kit.draft()?)?;
            let plain = HeaderValue::from_static("text/plain");
            request.headers_mut().insert(CONTENT_TYPE, plain);
            Ok(request)
        })
        .damage("the receiver depends on a header that is not signed")
        .note(),
        Case::accepted("probe", "what the sender sends when a URL is registered", probe)
            .damage("the URL cannot be registered"),
        Case::accepted("in-pieces", "an event in three packets", |kit| {
            Ok(kit.signed(&kit.draft()?)?)
        })
        .damage("what a network cuts into packets fails")
        .by(By::Pieces),
        Case::accepted("expect", "an event with `Expect: 100-continue`", |kit| {
            let mut request = kit.signed(&kit.draft()?)?;
            let value = HeaderValue::from_static("100-continue");
            request.headers_mut().insert(EXPECT, value);
            Ok(request)
        })
        .damage("longer events of senders that use curl or PHP wait or fail")
        .by(By::Expect),
        Case::accepted("keep-alive", "two events on one connection", |kit| {
            Ok(kit.signed(&kit.draft()?)?)
        })
        .damage("the second event on a connection fails")
        .by(By::KeepAlive),
    ]
}

/// A sample whose event has another name, wherever it is named.
fn of_unknown_kind(sample: &Sample) -> Option<Sample> {
    let name = format!("\"{}\"", sample.name);
    let body = sample.body.replace(&name, &format!("\"{UNKNOWN}\""));
    let rename = |value: &String| match *value == sample.name {
        true => UNKNOWN.to_owned(),
        false => value.clone(),
    };
    let headers: BTreeMap<_, _> = sample
        .headers
        .iter()
        .map(|(header, value)| (header.clone(), rename(value)))
        .collect();
    (body != sample.body || headers != sample.headers).then(|| Sample {
        name: UNKNOWN.to_owned(),
        about: sample.about.clone(),
        headers,
        body,
    })
}

/// What senders send unsigned at a registration. The core knows which of them does.
fn probe(kit: &Kit<'_>) -> Result<Request<Bytes>, Skip> {
    let signed = kit.signed(&kit.draft()?)?;
    for (content_type, body) in [
        ("application/json", "{}"),
        ("application/x-www-form-urlencoded", "webhook_id=12"),
    ] {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = signed.uri().clone();
        for name in [http::header::HOST, http::header::USER_AGENT] {
            copy(&signed, &mut request, &name);
        }
        let value = HeaderValue::from_static(content_type);
        request.headers_mut().insert(CONTENT_TYPE, value);
        let request = with_body(request, body);
        if let Verdict::Greeted(_) = kit.verdict(&request) {
            return Ok(request);
        }
    }
    Err(Skip::because("this sender sends none that is not signed"))
}

fn copy(from: &Request<Bytes>, to: &mut Request<Bytes>, name: &HeaderName) {
    if let Some(value) = from.headers().get(name) {
        to.headers_mut().insert(name, value.clone());
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

//! Whether a stranger learns from an answer what is in the body that it belongs to.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderName, Request};

use super::case::Skip;
use super::finding::Finding;
use super::kit::{Kit, with_body};
use super::sent::{Sent, itself};
use crate::net::{Answer, Exchange, Failure};
use crate::senders::Verdict;

/// What is no event, in whatever it is sent.
const NO_JSON: &str = "webhook-check-";

/// A forged event, of a sender whose receivers can verify before they read.
pub(super) fn event(kit: &Kit<'_>) -> Result<Request<Bytes>, Skip> {
    let right = kit.signed(&kit.draft()?)?;
    let respelled = right
        .body()
        .strip_prefix(b"{")
        .map(|fields| with_body(right.clone(), [b"{ ", fields].concat()));
    let is_of_fields = respelled.is_some_and(|respelled| kit.is_proven(&respelled));
    // A proof that another spelling leaves right and another text does not is one of fields.
    if is_of_fields && !kit.is_proven(&with_body(right, NO_JSON)) {
        let why =
            "the proof of this sender is made of fields, so each receiver reads the body first";
        return Err(Skip::because(why));
    }
    kit.forged(&kit.draft()?)
}

/// Sends a forged event and, with the same credential, what is none: a receiver that verifies first answers all alike.
///
/// The event is sent before and after: what differs between these two, such as a clock or a count of requests that are left,
/// says nothing about the body.
pub(super) async fn compared(kit: &Kit<'_>, event: Request<Bytes>, damage: &str) -> Sent {
    let others = [
        ("no JSON", with_body(event.clone(), NO_JSON)),
        ("a JSON list", with_body(event.clone(), "[]")),
        ("an empty object", with_body(event.clone(), "{}")),
    ];
    let documented = |request: &Request<Bytes>| match kit.verdict(request) {
        Verdict::Refused { reply, .. } => Some(reply),
        _ => None,
    };
    let of_event = documented(&event);
    let first = itself(kit, event.clone()).await;
    if first.result.is_err() {
        return Sent::plain(first);
    }
    let mut exchanges = Vec::new();
    for (what, request) in others {
        // The sender itself may ask for another answer, since its proof is made of the body.
        if documented(&request) == of_event {
            let other = itself(kit, request.clone()).await;
            exchanges.push((what, request, other));
        }
    }
    let last = itself(kit, event.clone()).await;
    if last.result.is_err() {
        return Sent::plain(last);
    }
    let mut events = vec![first, last];
    let different = exchanges
        .into_iter()
        .find_map(|(what, request, other)| Some((what, request, difference(&events, &other)?)));
    let mut found = None;
    if let Some((what, request, different)) = different {
        // What alternates, such as the name of a backend, differs by chance: in this order it does not.
        for _ in 0..2 {
            events.push(itself(kit, event.clone()).await);
        }
        let mut is_sure = true;
        for _ in 0..2 {
            let other = itself(kit, request.clone()).await;
            is_sure &= difference(&events, &other).as_deref() == Some(&*different);
        }
        let fault = || Finding::Fault(format!("{what} got {different}: {damage}"));
        found = is_sure.then(fault);
    }
    Sent {
        exchange: events.swap_remove(0),
        found,
    }
}

/// In what an answer differs from all of those to the same request, where these do not differ among themselves.
fn difference(events: &[Exchange], other: &Exchange) -> Option<String> {
    let answers = events.iter().map(|event| event.result.as_ref().ok());
    let answers = answers.collect::<Option<Vec<&Answer>>>()?;
    let (first, more) = answers.split_first()?;
    if more.iter().any(|again| again.status != first.status) {
        return None;
    }
    let other = match &other.result {
        Ok(other) => other,
        // Of a whole answer there is no doubt, of one that is late there is.
        Err(Failure::Broken(_)) => return Some(format!("no answer and not {}", first.status)),
        Err(_) => return None,
    };
    if first.status != other.status {
        return Some(format!("{} and not {}", other.status, first.status));
    }
    if first.body != other.body && more.iter().all(|again| again.body == first.body) {
        return Some("another body".to_owned());
    }
    let is_same =
        |name: &HeaderName, other: &Answer| first.headers.get(name) == other.headers.get(name);
    // The length is that of the body.
    let is_of_it = |name: &HeaderName| ![DATE, CONTENT_LENGTH].contains(name);
    let mut names = first.headers.keys().chain(other.headers.keys());
    let name = names.find(|name| {
        is_of_it(name) && !is_same(name, other) && more.iter().all(|again| is_same(name, again))
    })?;
    Some(format!("another header {name}"))
}

//! Whether a stranger learns from an answer what is in the body that it belongs to.

use bytes::Bytes;
use http::header::DATE;
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
            exchanges.push((what, itself(kit, request).await));
        }
    }
    let last = itself(kit, event).await;
    let (Ok(answer), Ok(again)) = (&first.result, &last.result) else {
        return Sent::plain(last);
    };
    let mut others = exchanges.iter();
    let different =
        others.find_map(|(what, other)| Some((what, difference(answer, again, other)?)));
    let found = different
        .map(|(what, difference)| Finding::Fault(format!("{what} got {difference}: {damage}")));
    Sent {
        exchange: first,
        found,
    }
}

/// In what an answer differs from two to the same request, where these do not differ themselves.
fn difference(first: &Answer, again: &Answer, other: &Exchange) -> Option<String> {
    if first.status != again.status {
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
    if first.body == again.body && first.body != other.body {
        return Some("another body".to_owned());
    }
    let is_same =
        |name: &HeaderName, other: &Answer| first.headers.get(name) == other.headers.get(name);
    let mut names = first.headers.keys().chain(other.headers.keys());
    let name =
        names.find(|name| **name != DATE && is_same(name, again) && !is_same(name, other))?;
    Some(format!("another header {name}"))
}

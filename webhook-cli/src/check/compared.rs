//! Whether a stranger learns from an answer what is in the body that it belongs to.

use bytes::Bytes;
use http::header::DATE;
use http::{HeaderName, Request};

use super::finding::Finding;
use super::kit::{Kit, with_body};
use super::sent::{Sent, itself};
use crate::net::Answer;
use crate::senders::Verdict;

/// Sends a forged event and, with the same credential, what is none: a receiver that verifies first answers all alike.
pub(super) async fn compared(kit: &Kit<'_>, event: Request<Bytes>, damage: &str) -> Sent {
    let others = [
        ("no JSON", with_body(event.clone(), "webhook-check-")),
        ("a JSON list", with_body(event.clone(), "[]")),
        ("an empty object", with_body(event.clone(), "{}")),
    ];
    let documented = |request: &Request<Bytes>| match kit.verdict(request) {
        Verdict::Refused { reply, .. } => Some(reply),
        _ => None,
    };
    let of_event = documented(&event);
    let first = itself(kit, event.clone()).await;
    let again = itself(kit, event).await;
    let (Ok(answer), Ok(again)) = (&first.result, &again.result) else {
        return Sent::plain(first);
    };
    for (what, request) in others {
        // The sender itself may ask for another answer, since its proof is made of the body.
        if documented(&request) != of_event {
            continue;
        }
        let exchange = itself(kit, request).await;
        let Ok(other) = &exchange.result else {
            continue;
        };
        if let Some(difference) = difference(answer, again, other) {
            let fault = format!("{what} got {difference}: {damage}");
            return Sent {
                exchange: first,
                found: Some(Finding::Fault(fault)),
            };
        }
    }
    Sent::plain(first)
}

/// In what an answer differs from two to the same request, where these do not differ themselves.
fn difference(first: &Answer, again: &Answer, other: &Answer) -> Option<String> {
    if first.status != again.status {
        return None;
    }
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

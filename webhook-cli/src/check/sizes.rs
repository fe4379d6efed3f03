//! Requests that are too long, too slow, or not whole. What is in a case here is what is sent of it.

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_LENGTH, HeaderValue};

use super::case::{By, Case, Skip};
use super::kit::{Kit, in_chunks, with_body};
use crate::senders::Verdict;

/// More than any receiver should keep of one request: the longest body of any sender is 25 MiB.
pub(super) const FLOOD: usize = 32 * 1024 * 1024;

const MEMORY: &str = "a few such requests at once fill the memory of the receiver, and it stops";

const SMUGGLED: &str =
    "what a stranger puts into a body is answered as the next request of a proxy's connection";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::refused(
            "long",
            "an event, a byte longer than the core takes of this sender",
            "the receiver keeps more of a request than this sender needs",
            |kit| {
                let mut body = kit.signed(&kit.draft()?)?.into_body().to_vec();
                body.resize(kit.facts.body_limit + 1, b' ');
                let request = kit.signed(&kit.draft()?.with_body(body))?;
                match request.body().len() > kit.facts.body_limit {
                    true => Ok(request),
                    false => Err(Skip::because("the sender cannot sign such a body")),
                }
            },
        )
        .by(By::Poured)
        .note()
        .proven(),
        Case::refused("flood", "a body of 32 MiB, by its length", MEMORY, |kit| {
            let mut request = with_body(kit.signed(&kit.draft()?)?, Bytes::new());
            let length = HeaderValue::from(FLOOD);
            request.headers_mut().insert(CONTENT_LENGTH, length);
            Ok(request)
        })
        .by(By::Flood),
        Case::refused(
            "flood-in-chunks",
            "a body of 32 MiB, in chunks",
            MEMORY,
            |kit| {
                let spaces = vec![b' '; kit.facts.body_limit + 1];
                Ok(in_chunks(with_body(kit.signed(&kit.draft()?)?, spaces)))
            },
        )
        .by(By::Flood),
        Case::refused(
            "cut",
            "half of an event, then the end of the connection",
            "a delivery that the network cut counts as received, and is lost",
            |kit| up_to(kit, [|length| length / 2, |_| 1]),
        )
        .by(By::Cut),
        Case::refused(
            "slow",
            "an event, a byte a second, and never its last byte",
            "a few hundred slow strangers hold every connection, and deliveries wait",
            |kit| up_to(kit, [|length| length.saturating_sub(1), |_| 1]),
        )
        .by(By::Slow),
        Case::refused(
            "request-in-a-body",
            "a forged delivery whose body is a request",
            SMUGGLED,
            smuggling,
        )
        .by(By::Smuggling),
        Case::refused(
            "request-in-a-chunk",
            "the same, in a chunk",
            SMUGGLED,
            |kit| Ok(in_chunks(smuggling(kit)?)),
        )
        .by(By::Smuggling),
    ]
}

fn smuggling(kit: &Kit<'_>) -> Result<Request<Bytes>, Skip> {
    let request = kit.forged(&kit.draft()?)?;
    let host = request.headers().get(http::header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let inner = format!("GET /webhook-check- HTTP/1.1\r\nHost: {host}\r\n\r\n");
    Ok(with_body(request, inner))
}

/// An authentic request of which only a part of the body is sent, and that announces all of it: the first of these parts that
/// is no event by itself, as a part of a form may be.
fn up_to(kit: &Kit<'_>, parts: [fn(usize) -> usize; 2]) -> Result<Request<Bytes>, Skip> {
    let whole = kit.signed(&kit.draft()?)?;
    let mut request = whole.clone();
    for part in parts {
        let body = whole.body();
        *request.body_mut() = body.slice(..part(body.len()).min(body.len()));
        if let Verdict::Refused { .. } = kit.verdict(&request) {
            break;
        }
    }
    Ok(request)
}

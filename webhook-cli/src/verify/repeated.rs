//! The headers that a receiver reads for the proof, found out by sending each of them twice.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request};
use webhook_core::Rejection;

use crate::senders::Judge;

/// Those of a request that a receiver refuses to be there more than once: the credential, and the time, the id or the login that
/// is signed with it.
pub(super) fn read_once(judge: &dyn Judge, request: &Request<Bytes>) -> Vec<HeaderName> {
    let mut once = request.clone();
    // The head alone shows it, and a long body would be hashed for each of the headers.
    *once.body_mut() = Bytes::new();
    for name in request.headers().keys() {
        if let Some(first) = request.headers().get(name) {
            once.headers_mut().insert(name, first.clone());
        }
    }
    let is_read_once = |name: &&HeaderName| {
        let mut twice = once.clone();
        if let Some(value) = once.headers().get(*name) {
            twice.headers_mut().append(*name, value.clone());
        }
        matches!(
            judge.proof(&twice),
            Err(unproven) if matches!(unproven.rejection, Rejection::CredentialRepeated)
        )
    };
    let names = once.headers().keys();
    names.filter(is_read_once).cloned().collect()
}

/// Which of them are there more than once, in words.
pub(super) fn words(judge: &dyn Judge, request: &Request<Bytes>) -> Option<String> {
    let headers = request.headers();
    let read = read_once(judge, request);
    let repeated = read.iter().filter(|name| times(headers, name) > 1);
    let words: Vec<_> = repeated
        .map(|name| format!("its header {name} is there {} times", times(headers, name)))
        .collect();
    (!words.is_empty()).then(|| words.join(", and "))
}

fn times(headers: &HeaderMap, name: &HeaderName) -> usize {
    headers.get_all(name).iter().count()
}

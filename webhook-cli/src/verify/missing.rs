//! What a request lacks that is refused for want of a credential: found out by adding what its sender would send.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use webhook_core::Rejection;

use crate::error::Error;
use crate::senders::{Draft, Ids, Judge, Sender, Unproven};

/// The fewest letters and digits in a row that are a value, and not a name that the sender writes beside it.
const VALUE: usize = 10;

const PART: &str = "the credential, or a part of it, is missing or empty";

/// What it lacks, in words. What would not bring it further is not named.
pub(super) fn words(
    sender: &Sender,
    judge: &dyn Judge,
    request: &Request<Bytes>,
    unproven: &Unproven,
) -> String {
    let names = sender.facts().credential_headers;
    let headers = request.headers();
    let sent = signed(sender).unwrap_or_default();
    let missing = |name: &HeaderName| missing(judge, request, edits(&sent, headers, &names, name));
    let Some(present) = names.iter().find(|name| !is_empty(headers, name)) else {
        let helps = |name: &&HeaderName| missing(name).iter().any(|(it, _)| it == *name);
        return match names.iter().filter(helps).collect::<Vec<_>>() {
            // The head alone shows it.
            none if none.is_empty() && unproven.in_head => none_of(headers, &names),
            none if none.is_empty() => PART.to_owned(),
            found => none_of(headers, found),
        };
    };
    let missing = missing(present);
    if missing.is_empty() {
        return PART.to_owned();
    }
    let words = missing
        .iter()
        .map(|(name, value)| one(headers, name, value));
    words.collect::<Vec<_>>().join(", and ")
}

/// That none of the headers with a credential is there.
fn none_of<'a>(headers: &HeaderMap, names: impl IntoIterator<Item = &'a HeaderName>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    if let Some(empty) = names.iter().find(|name| headers.contains_key(**name)) {
        return format!("its header {empty} is empty");
    }
    match names[..] {
        [] => Rejection::CredentialMissing.to_string(),
        [one] => format!("it has no header {one}"),
        _ => {
            let names: Vec<_> = names.iter().map(|it| it.as_str()).collect();
            format!("it has none of the headers {}", names.join(", "))
        }
    }
}

/// That this header is not there, or not as the sender writes it.
fn one(headers: &HeaderMap, name: &HeaderName, value: &HeaderValue) -> String {
    if !headers.contains_key(name) {
        return format!("it has no header {name}");
    }
    if is_empty(headers, name) {
        return format!("its header {name} is empty");
    }
    let like = shape(&String::from_utf8_lossy(value.as_bytes()));
    format!("its header {name} lacks what a receiver checks: the sender writes it like `{like}`")
}

type Edit = (HeaderName, HeaderValue);

/// The headers of a delivery that a request lacks, and the one with its credential, under the names that go with this one.
fn edits(
    sent: &HeaderMap,
    headers: &HeaderMap,
    names: &[HeaderName],
    credential: &HeaderName,
) -> Vec<Edit> {
    let own = names.iter().find(|name| sent.contains_key(*name));
    let renamed = |name: &HeaderName| match own {
        Some(own) => in_family(name, own, credential),
        None => Some(name.clone()),
    };
    let edits = sent
        .iter()
        .filter_map(|(name, value)| Some((renamed(name)?, value.clone())));
    edits
        .filter(|(name, _)| is_empty(headers, name) || name == credential)
        .collect()
}

/// The name of a header where the credential has another: of `webhook-id`, if it is in `svix-signature`, it is `svix-id`.
fn in_family(name: &HeaderName, own: &HeaderName, other: &HeaderName) -> Option<HeaderName> {
    let ending = |name: &HeaderName| name.as_str().rfind('-').unwrap_or(0);
    let (own, own_ending) = own.as_str().split_at_checked(ending(own))?;
    let (family, ending) = other.as_str().split_at_checked(ending(other))?;
    match name.as_str().strip_prefix(own) {
        Some(rest) if own_ending == ending => format!("{family}{rest}").parse().ok(),
        _ => Some(name.clone()),
    }
}

/// Those of the headers without which a request is refused as before; none if it is with all of them.
fn missing(judge: &dyn Judge, request: &Request<Bytes>, edits: Vec<Edit>) -> Vec<Edit> {
    let mut needed = edits;
    if !helps(judge, request, &needed) {
        return Vec::new();
    }
    let mut at = 0;
    while at < needed.len() {
        let mut fewer = needed.clone();
        fewer.remove(at);
        match helps(judge, request, &fewer) {
            true => needed = fewer,
            false => at += 1,
        }
    }
    needed
}

/// Whether a request with these headers comes as far as to be compared.
fn helps(judge: &dyn Judge, request: &Request<Bytes>, edits: &[Edit]) -> bool {
    let mut changed = request.clone();
    for (name, value) in edits {
        changed.headers_mut().insert(name, value.clone());
    }
    match judge.proof(&changed) {
        Ok(_) => true,
        Err(unproven) => matches!(unproven.rejection, Rejection::CredentialMismatch),
    }
}

/// The headers of a delivery of this sender, signed with a secret of its own.
fn signed(sender: &Sender) -> Result<HeaderMap, Error> {
    let now = SystemTime::now();
    let draft = Draft::new(sender.sample(None)?, &Ids::random("webhook-rs-")?, now)?;
    let headers = sender.signed_headers().iter();
    let draft = headers.fold(draft, |draft, name| {
        draft.with_header(name.clone(), "1".to_owned())
    });
    let secret = sender.generate_secret()?;
    let request = sender.sign(&draft, now, Some(&secret))?;
    Ok(request.headers().clone())
}

fn is_empty(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().all(HeaderValue::is_empty)
}

/// A value with what differs between deliveries left out.
fn shape(value: &str) -> String {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "+/".contains(character);
    let mut shape = String::new();
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let length = rest
            .find(|character| !is_part(character))
            .unwrap_or(rest.len());
        let Some((part, after)) = rest.split_at_checked(length.max(first.len_utf8())) else {
            break;
        };
        rest = match part.len() >= VALUE {
            true => {
                shape.push('…');
                after.trim_start_matches('=')
            }
            false => {
                shape.push_str(part);
                after
            }
        };
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_without_what_differs() {
        for (value, expected) in [
            ("t=1795600000,v1=00112233445566", "t=…,v1=…"),
            ("v1,AAAAAAAAAAAA+A/A==", "v1,…"),
            ("sha256=0011223344", "sha256=…"),
            (
                "V2-HMAC-SHA256, Signature: 0011223344",
                "V2-HMAC-SHA256, Signature: …",
            ),
            ("ñ", "ñ"),
            ("", ""),
        ] {
            assert_eq!(shape(value), expected);
        }
    }
}

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
        let mut families: Vec<_> = names
            .iter()
            .map(|name| family(name, missing(name)))
            .filter(|family| !family.is_empty())
            .collect();
        // With the id of one family there, it is not the other one that is missing.
        let fewest = families.iter().map(Vec::len).min().unwrap_or_default();
        families.retain(|family| family.len() == fewest);
        return match &families[..] {
            // The head alone shows it.
            [] if unproven.in_head => none_of(headers, &[names]),
            [] => PART.to_owned(),
            _ => none_of(headers, &families),
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

/// The headers that are missing where the credential would be in this one, which is the first; none if it would not help.
fn family(credential: &HeaderName, missing: Vec<Edit>) -> Vec<HeaderName> {
    let mut names: Vec<_> = missing.into_iter().map(|(name, _)| name).collect();
    if !names.contains(credential) {
        return Vec::new();
    }
    names.sort_by_key(|name| name != credential);
    names
}

/// That the headers of none of these families are there.
fn none_of(headers: &HeaderMap, families: &[Vec<HeaderName>]) -> String {
    let is_there = |family: &&Vec<HeaderName>| family.iter().any(|it| headers.contains_key(it));
    if let Some(family) = families.iter().find(is_there) {
        let words: Vec<_> = family.iter().map(|name| no_value(headers, name)).collect();
        return words.join(", and ");
    }
    let listed = |names: &[HeaderName]| {
        let names: Vec<_> = names.iter().map(HeaderName::as_str).collect();
        names.join(", ")
    };
    let is_single = families.iter().all(|family| family.len() == 1);
    match families {
        [family] if family.is_empty() => Rejection::CredentialMissing.to_string(),
        [family] if is_single => format!("it has no header {}", listed(family)),
        _ if is_single => format!("it has none of the headers {}", listed(&families.concat())),
        _ => {
            let families: Vec<_> = families.iter().map(|family| listed(family)).collect();
            format!("it has none of the headers {}", families.join(", nor of "))
        }
    }
}

/// That this header is not there, or empty.
fn no_value(headers: &HeaderMap, name: &HeaderName) -> String {
    match headers.contains_key(name) {
        true => format!("its header {name} is empty"),
        false => format!("it has no header {name}"),
    }
}

/// That this header is not there, or not as the sender writes it.
fn one(headers: &HeaderMap, name: &HeaderName, value: &HeaderValue) -> String {
    if is_empty(headers, name) {
        return no_value(headers, name);
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
    let secret = sender.generate_secret()?;
    let signed = |given: &[HeaderName]| {
        let draft = given.iter().fold(draft.clone(), |draft, name| {
            draft.with_header(name.clone(), "1".to_owned())
        });
        sender.sign(&draft, now, Some(&secret))
    };
    // A value that the sender makes by itself may be the only one that a receiver takes, such as the login of an account.
    let mut given = sender.signed_headers().to_vec();
    let mut at = 0;
    while at < given.len() {
        let mut fewer = given.clone();
        fewer.remove(at);
        match signed(&fewer) {
            Ok(_) => given = fewer,
            Err(_) => at += 1,
        }
    }
    Ok(signed(&given)?.headers().clone())
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

//! Requests whose content is not what was signed, not what is expected, or too old; and other methods.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;
use webhook_core::Rejection;

use super::case::{By, Case, Grade, Skip};
use super::compared;
use super::kit::{DAY, Kit, with_body, with_method};
use super::proof::Proven;
use crate::senders::Verdict;

const MINUTE: Duration = Duration::from_secs(60);

const CAPTURED: &str = "someone who sees one delivery can make others of it";
const NO_DELIVERY: &str = "what is no delivery counts as one: a proxy or a crawler repeats it, and no rule for POST protects it";
const NO_EVENT: &str =
    "an event that cannot be read is lost, since the sender takes it for received";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = contents();
    cases.extend(times());
    cases.extend(methods());
    cases.extend(unreadable());
    cases
}

fn contents() -> Vec<Case> {
    vec![
        Case::refused(
            "another-body",
            "the credential of one delivery, the body of another",
            CAPTURED,
            |kit| match Proven::new(kit) {
                Ok(proven) => Ok(proven.with_body_of(&Proven::new(kit)?)),
                // Without a credential it is another delivery.
                Err(_) => Ok(kit.signed(&kit.draft()?)?),
            },
        ),
        Case::refused(
            "body-changed",
            "a digit of the body changed after signing",
            CAPTURED,
            |kit| {
                let request = kit.signed(&kit.draft()?)?;
                let body = another_digit(request.body())
                    .ok_or_else(|| Skip::because("the body has no digit"))?;
                Ok(with_body(request, body))
            },
        ),
        Case::refused(
            "body-respelled",
            "the same JSON with other white space than was signed",
            "the body is written again before it is verified, which fails for what the sender spells differently",
            |kit| {
                let request = kit.signed(&kit.draft()?)?;
                let Some(fields) = request.body().strip_prefix(b"{") else {
                    return Err(Skip::because("the body is not a JSON object"));
                };
                let body = [b"{ ", fields].concat();
                Ok(with_body(request, body))
            },
        ),
        Case::refused(
            "target-changed",
            "a digit of the query changed after signing",
            CAPTURED,
            |kit| {
                let request = kit.signed(&kit.draft()?)?;
                if !kit.adds_to_query()? {
                    return Err(Skip::because("the sender adds nothing to the query"));
                }
                let target = another_digit(request.uri().to_string().as_bytes());
                let uri = target
                    .and_then(|target| String::from_utf8(target).ok())
                    .and_then(|target| target.parse().ok());
                let mut changed = request;
                *changed.uri_mut() = uri.ok_or_else(|| Skip::because("the query has no digit"))?;
                Ok(changed)
            },
        ),
        Case::refused(
            "beside-changed",
            "a digit changed of the time or the id that is signed beside the body",
            "a captured delivery passes for a new one, as often as someone likes",
            |kit| {
                let is_mismatch = |request: &Request<Bytes>| {
                    let verdict = kit.verdict(request);
                    matches!(verdict, Verdict::Refused { rejection: Rejection::CredentialMismatch, .. })
                };
                let changed = Proven::new(kit)?.changed_beside();
                changed.into_iter().find(is_mismatch).ok_or_else(|| {
                    Skip::because("no header of this sender is signed")
                })
            },
        ),
        Case::refused(
            "differs-before-verifying",
            "forged: an event, and bodies that are no event",
            "it reads what it has not verified: a stranger's body reaches the parser, and tells from the answers what the app expects",
            compared::event,
        )
        .by(By::Compared),
        Case::refused(
            "signed-list-cut",
            "an event whose own list of what is signed leaves the last out",
            "the sender does not sign the list: someone who sees one delivery makes others of it, such as with another amount",
            signed_list_cut,
        ),
    ]
}

fn times() -> Vec<Case> {
    vec![
        Case::refused(
            "old",
            "signed a day before what the sender's tolerance allows",
            "a captured delivery can be sent again at any time",
            |kit| at(kit, |now, tolerance| now.checked_sub(tolerance + DAY)),
        )
        .graded(|kit| match kit.signs_each_attempt() {
            true => Grade::Fault,
            // The time is that of the event, so a receiver that tolerates any loses none.
            false => Grade::Note,
        })
        .proven(),
        Case::refused(
            "too-old",
            "signed a minute before what the sender's tolerance allows",
            "the receiver tolerates more than the sender recommends",
            |kit| at(kit, |now, tolerance| now.checked_sub(tolerance + MINUTE)),
        )
        .note()
        .proven(),
        Case::refused(
            "from-the-future",
            "signed for a day after what the sender's tolerance allows",
            "a delivery that is captured today can be sent again until then",
            |kit| at(kit, |now, tolerance| now.checked_add(tolerance + DAY)),
        )
        .note()
        .proven(),
    ]
}

fn at(
    kit: &Kit<'_>,
    time: impl Fn(SystemTime, Duration) -> Option<SystemTime>,
) -> Result<Request<Bytes>, Skip> {
    let tolerance = kit
        .tolerance()
        .ok_or_else(|| Skip::because("the sender signs no time, or documents no limit for it"))?;
    let time = time(SystemTime::now(), tolerance)
        .ok_or_else(|| Skip::because("the clock of this machine has no such time"))?;
    Ok(kit.signed_at(&kit.draft()?, time)?)
}

fn methods() -> Vec<Case> {
    let with = |name: &'static str, sent: &'static str, method: Method| {
        Case::refused(name, sent, NO_DELIVERY, move |kit| {
            Ok(with_method(kit.signed(&kit.draft()?)?, method.clone()))
        })
    };
    vec![
        with("get", "GET, with a right credential", Method::GET).by(By::Page),
        with("head", "HEAD, with a right credential", Method::HEAD).by(By::Page),
        with("put", "PUT, with a right credential", Method::PUT),
        with("patch", "PATCH, with a right credential", Method::PATCH),
        with("delete", "DELETE, with a right credential", Method::DELETE),
    ]
}

fn unreadable() -> Vec<Case> {
    let signed = |name, sent, body: &'static str| {
        Case::refused(name, sent, NO_EVENT, move |kit| {
            let request = kit.signed(&kit.draft()?.with_body(body))?;
            match request.body() == body {
                true => Ok(request),
                false => Err(Skip::because("the sender cannot sign such a body")),
            }
        })
        .note()
        .proven()
    };
    vec![
        signed(
            "array",
            "a JSON list, with a right credential",
            r#"["webhook-check-"]"#,
        ),
        signed(
            "not-json",
            "no JSON, with a right credential",
            "webhook-check-",
        ),
        signed("empty-body", "nothing, with a right credential", ""),
    ]
}

/// Where a body has a list of the values that are signed, one that names less.
fn signed_list_cut(kit: &Kit<'_>) -> Result<Request<Bytes>, Skip> {
    let signed = kit.signed(&kit.draft()?)?;
    let mut lists = Vec::new();
    if let Ok(body) = serde_json::from_slice(signed.body()) {
        lists_of_texts(&body, &mut Vec::new(), &mut lists);
    }
    for (path, list) in lists {
        let draft = kit.draft()?.with_field(&path, Value::from(list));
        let Ok(request) = draft.and_then(|draft| kit.signed(&draft)) else {
            continue;
        };
        if let Verdict::Refused { .. } = kit.verdict(&request) {
            return Ok(request);
        }
    }
    Err(Skip::because("no list in the body says what is signed"))
}

/// The lists of texts in a value without their last one, each with the path to it.
fn lists_of_texts<'v>(
    value: &'v Value,
    path: &mut Vec<&'v str>,
    found: &mut Vec<(String, Vec<Value>)>,
) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                path.push(name);
                lists_of_texts(value, path, found);
                path.pop();
            }
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            if let [others @ .., _] = &items[..] {
                found.push((path.join("."), others.to_vec()));
            }
        }
        _ => {}
    }
}

/// The last digit as another one, so that JSON stays JSON.
fn another_digit(text: &[u8]) -> Option<Vec<u8>> {
    let mut text = text.to_vec();
    let at = text.iter().rposition(u8::is_ascii_digit)?;
    let digit = text.get_mut(at)?;
    *digit = b'1' + (*digit - b'0') % 9;
    Some(text)
}

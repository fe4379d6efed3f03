//! Requests whose content is not what was signed, not what is expected, or too old; and other methods.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request};
use webhook_core::Rejection;

use super::case::{By, Case, Skip};
use super::kit::{Kit, with_body, with_method};
use super::proof::Proven;
use crate::senders::Verdict;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
            |kit| {
                let request = kit.signed(&kit.draft()?)?;
                let another = kit.signed(&kit.draft()?)?;
                Ok(with_body(request, another.into_body()))
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
            |kit| kit.forged(&kit.draft()?),
        )
        .by(By::Compared),
        Case::refused(
            "handshake",
            "the registration of a URL by someone who does not know the verify token",
            "anyone can register this URL with an app of theirs",
            |kit| {
                let mut request = with_method(kit.signed(&kit.draft()?)?, Method::GET);
                let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=webhook-check-stranger";
                let target = format!("{}?{query}", request.uri().path());
                *request.uri_mut() = target
                    .parse()
                    .map_err(|_| Skip::because("it cannot be requested"))?;
                let request = with_body(request, Bytes::new());
                match kit.verdict(&request) {
                    Verdict::Refused { rejection: Rejection::HandshakeRefused, .. } => Ok(request),
                    _ => Err(Skip::because("this sender has no such handshake")),
                }
            },
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
        ),
        Case::refused(
            "too-old",
            "signed a minute before what the sender's tolerance allows",
            "the receiver tolerates more than the sender recommends",
            |kit| at(kit, |now, tolerance| now.checked_sub(tolerance + MINUTE)),
        )
        .note(),
        Case::refused(
            "from-the-future",
            "signed for a day after what the sender's tolerance allows",
            "a delivery that is captured today can be sent again until then",
            |kit| at(kit, |now, tolerance| now.checked_add(tolerance + DAY)),
        )
        .note(),
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
        with("get", "GET, with a right credential", Method::GET),
        with("head", "HEAD, with a right credential", Method::HEAD),
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

/// The last digit as another one, so that JSON stays JSON.
fn another_digit(text: &[u8]) -> Option<Vec<u8>> {
    let mut text = text.to_vec();
    let at = text.iter().rposition(u8::is_ascii_digit)?;
    let digit = text.get_mut(at)?;
    *digit = b'1' + (*digit - b'0') % 9;
    Some(text)
}

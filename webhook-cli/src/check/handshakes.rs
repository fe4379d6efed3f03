//! Handshakes that someone else begins.

use bytes::Bytes;
use http::{Method, Request};
use webhook_core::Rejection;

use super::case::{Case, Skip};
use super::kit::{Kit, with_body, with_method};
use super::proof::Proven;
use crate::error::Error;
use crate::senders::{Sample, Verdict};

const ANY_APP: &str = "anyone can register this URL with an app of theirs";

pub(super) fn cases() -> Vec<Case> {
    vec![Case::refused(
        "handshake",
        "the registration of a URL by someone who does not know the verify token",
        ANY_APP,
        registration,
    )]
}

/// The handshakes of this sender that need a credential.
pub(super) fn of(kit: &Kit<'_>) -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for sample in [kit.sample].into_iter().chain(kit.other_samples()?) {
        let signed = kit.signed(&kit.draft_of(sample)?)?;
        if kit.sender.is_authenticated() && matches!(kit.verdict(&signed), Verdict::Greeted(_)) {
            cases.extend(forged(sample));
        }
    }
    Ok(cases)
}

fn forged(sample: &Sample) -> [Case; 2] {
    let [signed, unsigned] = [sample.clone(), sample.clone()];
    [
        Case::refused(
            format!("forged-{}", sample.name),
            "a handshake, signed with another secret",
            ANY_APP,
            move |kit| kit.forged(&kit.draft_of(&signed)?),
        ),
        Case::refused(
            format!("unsigned-{}", sample.name),
            "a handshake without a credential",
            ANY_APP,
            move |kit| Proven::of(kit, &kit.draft_of(&unsigned)?)?.without(),
        ),
    ]
}

fn registration(kit: &Kit<'_>) -> Result<Request<Bytes>, Skip> {
    let mut request = with_method(kit.signed(&kit.draft()?)?, Method::GET);
    let query =
        "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=webhook-check-stranger";
    let target = format!("{}?{query}", request.uri().path());
    *request.uri_mut() = target
        .parse()
        .map_err(|_| Skip::because("it cannot be requested"))?;
    let request = with_body(request, Bytes::new());
    match kit.verdict(&request) {
        Verdict::Refused {
            rejection: Rejection::HandshakeRefused,
            ..
        } => Ok(request),
        _ => Err(Skip::because("this sender has no such handshake")),
    }
}

//! Whatever happens to a request, no wrong cause is named.

mod accidents;
mod captures;
mod causes;
mod lacks;
mod spellings;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Request;
use webhook_core::Secret;

use super::capture::Captured;
use super::change::Diagnosis;
use super::examination::{Finding, Outcome, examine};
use super::search::WORK;
use crate::senders::{Draft, Ids, Sender, Senders, Verdict};

fn at() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_600_000)
}

/// A sender with a delivery of its own, whose receiver has two secrets.
struct Signed {
    request: Request<Bytes>,
    configured: Vec<Secret>,
}

/// All senders that prove something.
fn authenticated() -> Vec<Sender> {
    let mut senders = Senders::load(None).unwrap();
    let names: Vec<_> = senders
        .iter()
        .filter(|sender| sender.is_authenticated())
        .map(|sender| sender.name.to_string())
        .collect();
    assert!(names.len() > 20, "{names:?}");
    names
        .iter()
        .map(|name| senders.take(name).unwrap())
        .collect()
}

fn signed(of: &Sender, body: Option<&str>) -> Signed {
    let sample = of.sample(None).unwrap();
    let mut draft = Draft::new(sample, &Ids::random("t-").unwrap(), at()).unwrap();
    if let Some(body) = body {
        draft = draft.with_body(body.to_owned());
    }
    let secret = of.generate_secret().unwrap();
    let other = of.generate_secret().unwrap();
    Signed {
        request: of.sign(&draft, at(), Some(&secret)).unwrap(),
        configured: [other, secret]
            .map(|secret| of.configured_secret(&secret).unwrap())
            .into(),
    }
}

fn captured(request: Request<Bytes>) -> Captured {
    Captured {
        request,
        folded: Vec::new(),
        notes: Vec::new(),
    }
}

fn finding(sender: &Sender, request: &Request<Bytes>, secrets: &[Secret]) -> Finding {
    examine(sender, &captured(request.clone()), secrets, WORK).unwrap()
}

fn with_body(request: &Request<Bytes>, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut changed = request.clone();
    *changed.body_mut() = body.into();
    changed
}

fn diagnosis(finding: &Finding) -> Option<&Diagnosis> {
    match &finding.outcome {
        Outcome::Refused { diagnosis, .. } => diagnosis.as_deref(),
        _ => None,
    }
}

fn is_authentic(finding: &Finding) -> bool {
    matches!(finding.outcome, Outcome::Authentic { .. })
}

/// Whether the proof of a sender covers every byte of the body.
fn covers_body(sender: &Sender) -> bool {
    let signed = signed(sender, None);
    let body = [signed.request.body(), &b" "[..]].concat();
    let request = with_body(&signed.request, body);
    !is_authentic(&finding(sender, &request, &signed.configured))
}

fn covering() -> Vec<Sender> {
    let mut senders = authenticated();
    senders.retain(covers_body);
    assert!(senders.len() > 12);
    senders
}

#[test]
fn an_undamaged_request_is_authentic_with_the_secret_that_signed_it() {
    for sender in authenticated() {
        let signed = signed(&sender, None);
        let finding = finding(&sender, &signed.request, &signed.configured);
        let Outcome::Authentic { secret, verdict } = &finding.outcome else {
            panic!("{}: {finding:?}", sender.name);
        };
        assert_eq!(*secret, 2, "{}", sender.name);
        assert!(matches!(verdict, Verdict::Authentic(_)), "{}", sender.name);
        if let Some(time) = finding.time {
            assert_eq!(time, at(), "{}", sender.name);
        }
    }
}

#[test]
fn a_sender_that_signs_nothing_proves_nothing() {
    let senders = Senders::load(None).unwrap();
    for sender in senders.iter().filter(|it| !it.is_authenticated()) {
        let sample = sender.sample(None).unwrap();
        let draft = Draft::new(sample, &Ids::random("t-").unwrap(), at()).unwrap();
        let request = sender.sign(&draft, at(), None).unwrap();
        let finding = finding(sender, &request, &[]);
        assert!(
            matches!(finding.outcome, Outcome::ProvesNothing { .. }),
            "{}: {finding:?}",
            sender.name
        );
    }
}

#[test]
fn the_wrong_secret_is_no_cause_that_can_be_shown() {
    for sender in authenticated() {
        let signed = signed(&sender, None);
        let finding = finding(&sender, &signed.request, &signed.configured[..1]);
        let Outcome::Refused {
            diagnosis: None,
            tried,
            ..
        } = &finding.outcome
        else {
            panic!("{}: {finding:?}", sender.name);
        };
        assert!(tried.count() > 0, "{}", sender.name);
        assert!(!tried.was_limited, "{}", sender.name);
    }
}

//! What is said of a request without a part of its credential.

use bytes::Bytes;
use http::{HeaderName, Request};
use webhook_core::Rejection;

use super::{Signed, authenticated, diagnosis, finding, signed};
use crate::senders::{Sender, Senders};
use crate::verify::examination::{Finding, Outcome, Reason};

#[test]
fn what_is_missing_is_named_and_not_what_is_there() {
    let senders = Senders::load(None).unwrap();
    const SVIX: [(&str, &str); 3] = [
        ("webhook-id", "svix-id"),
        ("webhook-timestamp", "svix-timestamp"),
        ("webhook-signature", "svix-signature"),
    ];
    let (id, time) = ("webhook-id", "webhook-timestamp");
    for (name, without, family, expected) in [
        (
            "standard-webhooks",
            &[id][..],
            false,
            "it has no header webhook-id",
        ),
        (
            "standard-webhooks",
            &[time],
            false,
            "it has no header webhook-timestamp",
        ),
        (
            "standard-webhooks",
            &["svix-id"],
            true,
            "it has no header svix-id",
        ),
        (
            "gitlab-signing",
            &[id],
            false,
            "it has no header webhook-id",
        ),
        (
            "slack",
            &["x-slack-request-timestamp"],
            false,
            "it has no header x-slack-request-timestamp",
        ),
        (
            "slack",
            &["x-slack-signature"],
            false,
            "it has no header x-slack-signature",
        ),
        (
            "standard-webhooks",
            &[id, time, "webhook-signature"],
            false,
            "it has none of the headers webhook-signature, webhook-id, webhook-timestamp, nor of svix-signature, svix-id, \
             svix-timestamp",
        ),
    ] {
        let sender = senders.find(name).unwrap();
        let mut request = signed(sender, None).request;
        let headers = request.headers_mut();
        for (own, other) in SVIX.iter().filter(|_| family) {
            let value = headers.remove(*own).unwrap();
            headers.insert(*other, value);
        }
        for header in without {
            headers.remove(*header).unwrap();
        }
        let secrets = signed(sender, None).configured;
        let found = finding(sender, &request, &secrets);
        assert_eq!(lacks(&found), expected, "{name}");
    }
    let sender = senders.find("standard-webhooks").unwrap();
    let signed = signed(sender, None);
    let signature = signed.request.headers()["webhook-signature"].clone();
    let signature = signature.to_str().unwrap();
    for (value, expected) in [
        (signature.replace("v1,", "v2,"), "like `v1,…`"),
        (signature.replace("v1,", ""), "like `v1,…`"),
        (signature.replace("v1,", "v1a,"), "like `v1,…`"),
        (String::new(), "its header webhook-signature is empty"),
    ] {
        let mut request = signed.request.clone();
        let headers = request.headers_mut();
        headers.insert("webhook-signature", value.parse().unwrap());
        let found = finding(sender, &request, &signed.configured);
        assert!(
            lacks(&found).contains(expected),
            "{value}: {}",
            lacks(&found)
        );
        request.headers_mut().remove(id);
        let found = finding(sender, &request, &signed.configured);
        let both = lacks(&found).contains("no header webhook-id") || value.is_empty();
        assert!(both, "{value}: {}", lacks(&found));
    }
    // One of the two headers of GitHub is of an algorithm that no receiver accepts.
    let github = senders.find("github").unwrap();
    for header in ["x-github-event", "x-hub-signature"] {
        let secrets = super::signed(github, None).configured;
        let request = Request::post("/").header(header, "sha1=00112233");
        let found = finding(github, &request.body(Bytes::new()).unwrap(), &secrets);
        assert_eq!(lacks(&found), "it has no header x-hub-signature-256");
    }
    // The signature of Wompi is in the body.
    let wompi = senders.find("wompi").unwrap();
    let secrets = super::signed(wompi, None).configured;
    let request = Request::post("/").body(Bytes::from_static(b"{}")).unwrap();
    let found = finding(wompi, &request, &secrets);
    assert!(
        lacks(&found).contains("missing or empty"),
        "{}",
        lacks(&found)
    );
}

/// What a request lacks.
fn lacks(finding: &Finding) -> &str {
    match &finding.outcome {
        Outcome::Refused {
            reason: Reason::Missing(words),
            diagnosis: None,
            ..
        } => words,
        outcome => panic!("{outcome:?}"),
    }
}

/// The headers without which a receiver does not find the credential, each alone, in the request of this sender.
fn needed(signed: &Signed, sender: &Sender) -> Vec<HeaderName> {
    let judge = sender.judge(signed.configured.clone()).unwrap();
    let is_needed = |name: &&HeaderName| {
        let request = without(&signed.request, &[name]);
        let rejection = judge.proof(&request).err().map(|it| it.rejection);
        matches!(rejection, Some(Rejection::CredentialMissing))
    };
    let names = signed.request.headers().keys();
    names.filter(is_needed).cloned().collect()
}

fn without(request: &Request<Bytes>, names: &[&HeaderName]) -> Request<Bytes> {
    let mut request = request.clone();
    for name in names {
        request.headers_mut().remove(*name).unwrap();
    }
    request
}

#[test]
fn every_header_that_is_missing_is_named_of_every_sender() {
    let mut several = 0;
    for sender in authenticated() {
        let signed = signed(&sender, None);
        let needed = needed(&signed, &sender);
        several += usize::from(needed.len() > 1);
        for mask in 1..1 << needed.len() {
            let names = needed.iter().enumerate();
            let missing: Vec<_> = names
                .filter(|(at, _)| mask & (1 << at) != 0)
                .map(|(_, name)| name)
                .collect();
            let request = without(&signed.request, &missing);
            let found = finding(&sender, &request, &signed.configured);
            let said: Vec<_> = lacks(&found)
                .split([' ', ','])
                .filter(|word| needed.iter().any(|name| name == word))
                .collect();
            for name in &needed {
                let is_said = said.contains(&name.as_str());
                assert_eq!(
                    is_said,
                    missing.contains(&name),
                    "{} without {missing:?}: {}",
                    sender.name,
                    lacks(&found)
                );
            }
        }
    }
    assert!(several > 4, "{several}");
}

#[test]
fn a_header_that_is_there_twice_is_named_of_every_sender() {
    for sender in authenticated() {
        let signed = signed(&sender, None);
        for name in needed(&signed, &sender) {
            let mut request = signed.request.clone();
            let value = request.headers()[&name].clone();
            request.headers_mut().append(&name, value);
            let found = finding(&sender, &request, &signed.configured);
            let shown = &diagnosis(&found).unwrap_or_else(|| panic!("{}: {found:?}", sender.name));
            assert_eq!(shown.causes, ["header_repeated"], "{}", sender.name);
            let expected = format!("the header {name} is there 2 times");
            assert_eq!(shown.happened, expected, "{}", sender.name);
            // Nothing shows the cause, and it is named all the same.
            let found = finding(&sender, &request, &signed.configured[..1]);
            let Outcome::Refused {
                reason: Reason::Repeated(words),
                diagnosis: None,
                ..
            } = &found.outcome
            else {
                panic!("{}: {found:?}", sender.name);
            };
            assert_eq!(*words, format!("its header {name} is there 2 times"));
        }
    }
}

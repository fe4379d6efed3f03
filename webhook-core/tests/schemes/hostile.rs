//! Heads that someone without a secret writes to cost time.

use std::time::{Duration, Instant};

use webhook_core::signing::{Credential, Scheme, SchemeBuilder, TimeField};
use webhook_core::testing::TestRequest;

use crate::{NOW, SECRET, acme, deliver, signed, verifier, with};

/// The least time of several runs, so that a busy machine does not count.
fn cost(builder: &SchemeBuilder, request: &TestRequest) -> Duration {
    let verifier = verifier(builder);
    let runs = (0..20).map(|_| {
        let start = Instant::now();
        let _ = std::hint::black_box(deliver(&verifier, request));
        start.elapsed()
    });
    runs.min().unwrap()
}

/// Heads of so many bytes, each against the scheme that reads it.
fn heads(size: usize) -> Vec<(SchemeBuilder, TestRequest)> {
    let pairs = || {
        Scheme::builder("acme")
            .hmac_sha256(Credential::header("x-signature").pair("v1").hex())
            .time(TimeField::pair("t").seconds())
            .signs("{time}.{body}")
    };
    let list = |separator| {
        Scheme::builder("acme")
            .hmac_sha256(Credential::header("x-signature").list(separator).hex())
            .signs("{body}")
    };
    let query = || Scheme::builder("acme").token(Credential::query_which_logs_show("k"));
    let header = || acme().signs("{header:x-id}.{body}");
    let signature = "ab".repeat(32);
    let entry = |text: &str| text.repeat(size / text.len());
    let sent = |builder: SchemeBuilder, value: &str| {
        let request = signed(&acme().signs("{body}"), &[], "{}");
        let request = with(&request, &[("x-signature", value)]);
        (builder, request)
    };
    let mut of_query = signed(&query(), &[], "{}");
    // The target of a request has 64 KiB at most.
    of_query.uri = format!("/?{}", entry("%6=&").get(..size.min(60_000)).unwrap())
        .parse()
        .unwrap();
    let id = signed(&header(), &[("x-id", &"a".repeat(size))], "{}");
    vec![
        sent(
            pairs(),
            &format!("t={NOW},{}", entry(&format!("v1={signature},"))),
        ),
        sent(pairs(), &format!("t={NOW},v1={signature},{}", entry(","))),
        sent(pairs(), &entry("t=1,")),
        sent(pairs(), &format!("v1={signature},{}", entry("a=b,"))),
        sent(list(' '), &entry(" ")),
        sent(list(' '), &entry(&format!("{signature} "))),
        sent(list('—'), &entry("—")),
        sent(acme().signs("{body}"), &entry("ab")),
        sent(acme().signs("{body}"), &entry("\u{e9}")),
        (query(), of_query),
        (header(), id),
    ]
}

#[test]
fn the_cost_of_a_head_grows_with_its_length_and_no_faster() {
    for ((builder, small), (_, large)) in heads(5_000).into_iter().zip(heads(100_000)) {
        // Twenty times the length; quadratic would be four hundred times, each time that a busy machine lets it be measured.
        let is_linear = (0..5).any(|_| {
            let least = cost(&builder, &small).max(Duration::from_micros(20));
            cost(&builder, &large) < least * 120
        });
        assert!(is_linear, "{builder:?}");
    }
}

#[test]
fn at_most_sixteen_signatures_cost_a_comparison() {
    let list = Scheme::builder("acme")
        .hmac_sha256(Credential::header("x-signature").list(' ').hex())
        .signs("{body}");
    let right = signed(&list, &[], "{}");
    let own = right.headers["x-signature"].to_str().unwrap().to_owned();
    // Blanks count as entries, so that nobody gets more comparisons with them.
    for (blanks, accepted) in [(0, true), (15, true), (16, false), (1000, false)] {
        let value = format!("{}{own}", " ".repeat(blanks));
        let request = with(&right, &[("x-signature", &value)]);
        assert_eq!(
            deliver(&verifier(&list), &request).is_ok(),
            accepted,
            "{blanks}"
        );
    }
    assert!(!own.contains(SECRET));
}

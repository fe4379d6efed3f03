//! Receivers whose answers depend on what came before, or on when they come.

use std::sync::atomic::{AtomicUsize, Ordering};

use webhook_core::http::{HeaderName, HeaderValue, StatusCode};
use webhook_tests::directory::Directory;

use crate::at_once::{Case, cases};
use crate::planted::{finds, finds_with, github, stripe, tusfacturas};
use crate::receiver::Plant;

/// All of them.
pub(crate) const ALL: &[Case] = cases![
    answers_that_change_with_time_do_not_depend_on_the_body,
    a_stranger_who_locks_the_sender_out_is_found,
    a_page_is_no_delivery_that_counts,
    a_count_that_never_rests_is_not_judged,
];

/// A number that every second answer increases, as a clock does, so that two answers are alike.
fn now(answers: &AtomicUsize) -> usize {
    answers.fetch_add(1, Ordering::Relaxed) / 2
}

fn answers_that_change_with_time_do_not_depend_on_the_body() {
    let only = ["--only", "differs-before-verifying"];
    let clock = github(Plant {
        refuses: |mut reply| {
            static ANSWERS: AtomicUsize = AtomicUsize::new(0);
            reply.body = format!("refused at {}", now(&ANSWERS)).into();
            reply
        },
        ..Plant::default()
    });
    finds_with(clock, &[], &only);
    let limit = stripe(Plant {
        refuses: |mut reply| {
            static ANSWERS: AtomicUsize = AtomicUsize::new(0);
            let name = HeaderName::from_static("x-ratelimit-remaining");
            let left = HeaderValue::from(1000 - now(&ANSWERS));
            reply.headers.push((name, left));
            reply
        },
        ..Plant::default()
    });
    finds_with(limit, &[], &only);
    // Two servers that take turns.
    let turns = stripe(Plant {
        refuses: |mut reply| {
            static ANSWERS: AtomicUsize = AtomicUsize::new(0);
            let name = HeaderName::from_static("x-served-by");
            let server = ANSWERS.fetch_add(1, Ordering::Relaxed) % 2;
            reply.headers.push((name, HeaderValue::from(server)));
            reply
        },
        ..Plant::default()
    });
    finds_with(turns, &[], &only);
}

fn a_page_is_no_delivery_that_counts() {
    let receiver = stripe(Plant {
        page: Some("up"),
        ..Plant::default()
    });
    let checked = finds_with(receiver, &[], &["--only", "get", "--only", "head"]);
    assert_eq!(checked.with("cannot_tell"), ["get", "head"].into());
}

fn a_stranger_who_locks_the_sender_out_is_found() {
    let receiver = stripe(Plant {
        locks_after: 12,
        ..Plant::default()
    });
    finds(receiver, &["authentic-after"]);
    // Of one that counts by address, nothing is known: there is only one here.
    let receiver = stripe(Plant {
        locks_after: 12,
        locks_with: StatusCode::TOO_MANY_REQUESTS,
        ..Plant::default()
    });
    let checked = finds(receiver, &[]);
    let unknown = checked.with("cannot_tell");
    for name in ["another-body", "get", "delete", "authentic-after"] {
        assert!(unknown.contains(name), "{name}: {}", checked.printed);
    }
}

fn a_count_that_never_rests_is_not_judged() {
    let directory = Directory::new();
    let file = directory.file("count").display().to_string();
    let command = format!("echo >> {file}; wc -l < {file}");
    let arguments = [
        "--effects",
        &command,
        "--effects-settle",
        "200ms",
        "--only",
        "acts-twice",
        "--only",
        "acts-on-forgeries",
    ];
    let checked = finds_with(tusfacturas(Plant::default()), &[], &arguments);
    for name in ["acts-twice", "acts-on-forgeries"] {
        assert!(checked.with("cannot_tell").contains(name));
        assert!(checked.why(name).contains("--effects-settle"));
    }
}

//! Receivers with one fault each, which is found by the checks that are there for it and by no other.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use webhook_core::driver::Verifier;
use webhook_core::github::Github;
use webhook_core::http::StatusCode;
use webhook_core::meta::Meta;
use webhook_core::multicaja::Multicaja;
use webhook_core::scheme::Preset as _;
use webhook_core::slack::{Slack, SlackScheme};
use webhook_core::stripe::Stripe;
use webhook_core::testing;
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{Rejection, Reply};
use webhook_tests::directory::Directory;

use crate::at_once::{Case, cases, each};
use crate::command::{Checked, check};
use crate::receiver::{Acts, Plant, Running, plant};

pub(crate) const TOKEN: &str = "token-of-pdv-3-9f8e7d";
pub(crate) const KEY: &str = "key-of-the-sender-4f5e6d";
pub(crate) const STRIPE_SECRET: &str = "whsec_4f5e6d7a8b9c";
pub(crate) const SIGNING_TOKEN: &str = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
pub(crate) const VARIABLES: [(&str, &str); 7] = [
    ("META_APP_SECRET", KEY),
    ("TF_WEBHOOK_TOKEN", TOKEN),
    ("MULTICAJA_API_KEY", KEY),
    ("GITHUB_WEBHOOK_SECRET", KEY),
    ("SLACK_SIGNING_SECRET", KEY),
    ("STRIPE_WEBHOOK_SECRET", STRIPE_SECRET),
    ("STANDARD_WEBHOOKS_SECRET", SIGNING_TOKEN),
];

pub(crate) fn tusfacturas(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<TusFacturas>::try_new(TOKEN).unwrap();
    ("tusfacturas", plant(verifier, wrong))
}

pub(crate) fn klap(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<Multicaja>::try_new(KEY).unwrap();
    ("klap", plant(verifier, wrong))
}

pub(crate) fn github(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<Github>::try_new(KEY).unwrap();
    ("github", plant(verifier, wrong))
}

pub(crate) fn stripe(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<Stripe>::try_new(STRIPE_SECRET).unwrap();
    ("stripe", plant(verifier, wrong))
}

pub(crate) fn slack(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<Slack>::try_new(KEY).unwrap();
    ("slack", plant(verifier, wrong))
}

pub(crate) fn checked((sender, receiver): &(&str, Running), more: &[&str]) -> Checked {
    let url = receiver.url("/webhook_confirm");
    let arguments = [&[sender, &*url, "--slow-after", "8s"], more].concat();
    check(&arguments, &VARIABLES)
}

#[track_caller]
pub(crate) fn finds(receiver: (&'static str, Running), faults: &[&str]) -> Checked {
    finds_with(receiver, faults, &[])
}

#[track_caller]
pub(crate) fn finds_with(
    receiver: (&'static str, Running),
    faults: &[&str],
    more: &[&str],
) -> Checked {
    let checked = checked(&receiver, more);
    let expected: BTreeSet<_> = faults.iter().copied().collect();
    assert_eq!(checked.faults(), expected, "{}", checked.printed);
    assert_eq!(checked.status, Some(i32::from(!faults.is_empty())));
    checked
}

/// All of them.
pub(crate) const ALL: &[Case] = cases![
    nothing_is_found_where_nothing_is_planted,
    a_path_of_the_receivers_own_is_checked_as_well,
    a_token_of_which_only_the_start_is_compared_is_found,
    a_start_of_the_token_that_is_taken_for_the_token_is_found,
    a_signature_of_which_only_the_start_is_compared_is_found,
    a_receiver_without_any_check_is_found,
    a_receiver_that_was_started_without_its_token_is_found,
    an_ignored_time_is_found,
    a_time_that_is_not_part_of_what_is_verified_is_found,
    a_body_that_is_written_again_before_it_is_verified_is_found,
    a_forged_body_that_is_read_before_it_is_verified_is_found,
    a_204_to_tusfacturas_is_found,
    an_ok_to_klap_is_found,
    a_redirect_is_found,
    an_answer_that_comes_too_late_is_found,
    a_receiver_without_a_limit_is_found,
    a_receiver_that_waits_for_a_slow_body_is_found,
    any_method_that_is_taken_is_found,
    a_handshake_that_is_not_answered_is_found,
    a_handshake_of_a_stranger_that_is_answered_is_found,
    an_unknown_event_that_is_declined_is_found,
    a_receiver_that_acts_twice_is_found_by_its_effects_only,
];

fn nothing_is_found_where_nothing_is_planted() {
    each([tusfacturas, klap, github, stripe, slack], |make| {
        let checked = finds(make(Plant::default()), &[]);
        assert!(checked.tried() > 35, "{}", checked.printed);
    });
}

fn a_path_of_the_receivers_own_is_checked_as_well() {
    let verifier = Verifier::<Multicaja>::try_new(KEY).unwrap();
    let verifier = verifier.configure(Multicaja::serve_confirm_only);
    let receiver = plant(verifier, Plant::default());
    let url = receiver.url("/pagos/aceptado");
    let checked = check(&["klap", &url], &VARIABLES);
    assert_eq!(checked.status, Some(0), "{}", checked.printed);
    assert!(checked.tried() > 35, "{}", checked.printed);
}

fn a_token_of_which_only_the_start_is_compared_is_found() {
    let receiver = tusfacturas(Plant {
        takes: |headers, _, _| {
            let token = headers.get("tf-webhooktoken");
            token.is_some_and(|token| token.as_bytes().starts_with(&TOKEN.as_bytes()[..8]))
        },
        ..Plant::default()
    });
    let faults = ["last-character", "first-half", "cut-to-half", "huge"];
    let checked = finds(receiver, &faults);
    assert!(checked.with("note").contains("longer"));
    assert!(checked.why("first-half").contains("guessed part by part"));
}

fn a_start_of_the_token_that_is_taken_for_the_token_is_found() {
    let receiver = tusfacturas(Plant {
        takes: |headers, _, _| {
            let token = headers
                .get("tf-webhooktoken")
                .map_or(&b""[..], |it| it.as_bytes());
            !token.is_empty() && TOKEN.as_bytes().starts_with(token)
        },
        ..Plant::default()
    });
    finds(receiver, &["cut-to-half", "cut-to-one"]);
}

fn a_signature_of_which_only_the_start_is_compared_is_found() {
    let receiver = github(Plant {
        takes: |headers, body, _| {
            let right = testing::github("push", Bytes::copy_from_slice(body), KEY);
            let name = "x-hub-signature-256";
            let [sent, right] = [headers, &right.headers].map(|it| it.get(name));
            let start = |value: Option<&webhook_core::http::HeaderValue>| {
                value.and_then(|it| it.as_bytes().get(..20).map(<[u8]>::to_vec))
            };
            start(sent).is_some() && start(sent) == start(right)
        },
        ..Plant::default()
    });
    let faults = ["last-character", "first-half", "cut-to-half", "huge"];
    finds(receiver, &faults);
}

fn a_receiver_without_any_check_is_found() {
    let receiver = tusfacturas(Plant {
        takes: |_, _, rejection| matches!(rejection, Rejection::CredentialMissing),
        ..Plant::default()
    });
    // With the token of a stranger it refuses.
    let faults = [
        "credential-missing",
        "bare",
        "credential-empty",
        "unsigned-as-text",
        "unsigned-as-form",
        "unsigned-as-multipart",
        "unsigned-encoded",
        "unsigned-untyped",
        "unsigned-in-chunks",
        "unsigned-empty",
    ];
    let checked = finds(receiver, &faults);
    assert!(
        checked
            .why("credential-missing")
            .contains("anyone who knows the URL can forge")
    );
}

fn a_receiver_that_was_started_without_its_token_is_found() {
    let receiver = tusfacturas(Plant {
        takes: |headers, _, _| {
            headers
                .get("tf-webhooktoken")
                .is_some_and(|it| it == "undefined")
        },
        ..Plant::default()
    });
    finds(receiver, &["unset-secret"]);
}

fn an_ignored_time_is_found() {
    let receiver = stripe(Plant {
        takes: |_, _, rejection| *rejection == Rejection::TimestampOutsideTolerance,
        ..Plant::default()
    });
    let checked = finds(receiver, &["old"]);
    let noted = checked.with("note");
    assert!(noted.contains("too-old") && noted.contains("from-the-future"));
}

fn a_time_that_is_not_part_of_what_is_verified_is_found() {
    let receiver = slack(Plant {
        // The signature over the body as it would be with any time of the last minutes.
        takes: |headers, body, _| {
            let scheme = SlackScheme::scheme().build().unwrap();
            let now = std::time::SystemTime::now();
            (0..20).any(|seconds| {
                let at = now - Duration::from_secs(seconds);
                let right = testing::scheme(&scheme, at, &[], Bytes::copy_from_slice(body), KEY);
                let name = "x-slack-signature";
                right.headers.get(name) == headers.get(name)
            })
        },
        ..Plant::default()
    });
    let checked = checked(
        &receiver,
        &["--only", "beside-changed", "--only", "another-body"],
    );
    assert_eq!(
        checked.faults(),
        BTreeSet::from(["beside-changed"]),
        "{}",
        checked.printed
    );
}

fn a_body_that_is_written_again_before_it_is_verified_is_found() {
    let receiver = github(Plant {
        takes: |headers, body, _| {
            let written = String::from_utf8_lossy(body).replace("{ ", "{");
            let right = testing::github("push", written, KEY);
            let name = "x-hub-signature-256";
            headers.get(name) == right.headers.get(name)
                && headers.get_all(name).iter().count() == 1
                && !body.is_empty()
                && body.starts_with(b"{ ")
        },
        ..Plant::default()
    });
    finds(receiver, &["body-respelled"]);
}

fn a_forged_body_that_is_read_before_it_is_verified_is_found() {
    let receiver = github(Plant {
        parses_first: true,
        ..Plant::default()
    });
    let checked = finds(receiver, &["differs-before-verifying"]);
    let why = checked.why("differs-before-verifying");
    assert!(
        why.starts_with("no JSON got 422 Unprocessable Entity and not 401 Unauthorized"),
        "{why}"
    );
}

/// Finds that nothing is received, once, and nothing else.
#[track_caller]
pub(crate) fn finds_that_nothing_is_received(
    receiver: (&'static str, Running),
    why: &str,
    then: &str,
) {
    let checked = finds(receiver, &["authentic"]);
    let found = checked.why("authentic");
    assert!(found.contains(why) && found.contains(then), "{found}");
    let unknown = checked.with("cannot_tell");
    for name in [
        "unknown-field",
        "in-pieces",
        "keep-alive",
        "replay",
        "another-attempt",
    ] {
        assert!(unknown.contains(name), "{name}: {}", checked.printed);
    }
}

fn a_204_to_tusfacturas_is_found() {
    let receiver = tusfacturas(Plant {
        answers: |_| Reply::new(StatusCode::NO_CONTENT),
        ..Plant::default()
    });
    let why = "the sender counts only 200, and this is 204 No Content";
    let then = "the sender repeats it for 21 h 35 min; TusFacturas never sends it again, and drops an endpoint";
    finds_that_nothing_is_received(receiver, why, then);
}

fn an_ok_to_klap_is_found() {
    let receiver = klap(Plant {
        answers: |_| Reply::text(StatusCode::OK, "ok"),
        ..Plant::default()
    });
    let why = "a 2xx with a JSON body, and this body is text/plain";
    finds_that_nothing_is_received(receiver, why, "Klap reverses the payment");
}

fn a_redirect_is_found() {
    let receiver = github(Plant {
        answers: |_| Reply::new(StatusCode::FOUND),
        ..Plant::default()
    });
    let why = "and this is 302 Found";
    finds_that_nothing_is_received(receiver, why, "redeliver it by hand");
}

fn an_answer_that_comes_too_late_is_found() {
    let receiver = slack(Plant {
        works: Duration::from_secs(5),
        ..Plant::default()
    });
    let checked = checked(&receiver, &["--only", "authentic"]);
    assert_eq!(
        checked.faults(),
        BTreeSet::from(["authentic"]),
        "{}",
        checked.printed
    );
    assert!(
        checked
            .why("authentic")
            .starts_with("the sender waits 3 s and no longer")
    );
}

fn a_receiver_without_a_limit_is_found() {
    let verifier = Verifier::<Stripe>::try_new(STRIPE_SECRET).unwrap();
    let wrong = Plant {
        body_limit: usize::MAX,
        body_time: Duration::from_secs(7),
        ..Plant::default()
    };
    let receiver = ("stripe", plant(verifier.body_limit(usize::MAX), wrong));
    let checked = finds(receiver, &["flood", "flood-in-chunks"]);
    assert!(checked.why("flood").contains("fill the memory"));
}

fn a_receiver_that_waits_for_a_slow_body_is_found() {
    let receiver = stripe(Plant {
        body_time: Duration::from_secs(60),
        ..Plant::default()
    });
    let checked = finds(receiver, &["slow"]);
    assert!(checked.why("slow").starts_with("it still waits after 8 s"));
}

fn any_method_that_is_taken_is_found() {
    let receiver = stripe(Plant {
        any_method: true,
        ..Plant::default()
    });
    finds(receiver, &["get", "head", "put", "patch", "delete"]);
}

fn a_handshake_that_is_not_answered_is_found() {
    let receiver = slack(Plant {
        greets: |_| Reply::text(StatusCode::OK, "ok"),
        ..Plant::default()
    });
    let checked = finds(receiver, &["event-url_verification"]);
    let why = checked.why("event-url_verification");
    assert_eq!(
        why,
        "the sender does not accept this URL, and delivers nothing"
    );
}

fn a_handshake_of_a_stranger_that_is_answered_is_found() {
    let verifier = Verifier::<Meta>::try_new(KEY).unwrap();
    let wrong = Plant {
        takes: |_, _, rejection| *rejection == Rejection::HandshakeRefused,
        ..Plant::default()
    };
    finds(("meta", plant(verifier, wrong)), &["handshake"]);
}

fn an_unknown_event_that_is_declined_is_found() {
    let receiver = stripe(Plant {
        declines: |_, body| contains(body, "webhook_check_unknown\""),
        ..Plant::default()
    });
    let checked = finds(receiver, &["unknown-event", "unknown-field"]);
    assert!(
        checked
            .why("unknown-event")
            .contains("the day the sender adds a kind of event")
    );
}

fn a_receiver_that_acts_twice_is_found_by_its_effects_only() {
    let both = ["acts-twice", "acts-on-forgeries"];
    let wrong = [
        (Acts::EachTime, false, &[][..]),
        (Acts::Once, true, &[]),
        (Acts::EachTime, true, &["acts-twice"]),
        (Acts::BeforeItVerifies, true, &both),
    ];
    each(wrong, |(acts, is_counted, faults)| {
        let directory = Directory::new();
        let effects = directory.file("count");
        let command = format!("cat {}", effects.display());
        let receiver = tusfacturas(Plant {
            acts,
            effects: Some(effects),
            ..Plant::default()
        });
        let counting = ["--effects", &command, "--effects-settle", "1s"];
        let more = if is_counted { &counting[..] } else { &[] };
        let checked = finds_with(receiver, faults, more);
        if !is_counted {
            assert_eq!(checked.with("cannot_tell"), BTreeSet::from(both));
        }
        if faults == ["acts-twice"] {
            assert_eq!(checked.row("acts-twice")["answered"], "acted 3x");
        }
    });
}

pub(crate) fn contains(body: &[u8], wanted: &str) -> bool {
    body.windows(wanted.len())
        .any(|part| part == wanted.as_bytes())
}

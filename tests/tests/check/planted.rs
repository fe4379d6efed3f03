//! Receivers with one fault each, which is found by the checks that are there for it and by no other.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::thread;
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

use crate::command::{Checked, check};
use crate::receiver::{Acts, Plant, Running, plant};

const TOKEN: &str = "token-of-pdv-3-9f8e7d";
const KEY: &str = "key-of-the-sender-4f5e6d";
const STRIPE_SECRET: &str = "whsec_4f5e6d7a8b9c";
const VARIABLES: [(&str, &str); 6] = [
    ("META_APP_SECRET", KEY),
    ("TF_WEBHOOK_TOKEN", TOKEN),
    ("MULTICAJA_API_KEY", KEY),
    ("GITHUB_WEBHOOK_SECRET", KEY),
    ("SLACK_SIGNING_SECRET", KEY),
    ("STRIPE_WEBHOOK_SECRET", STRIPE_SECRET),
];

fn tusfacturas(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<TusFacturas>::try_new(TOKEN).unwrap();
    ("tusfacturas", plant(verifier, wrong))
}

fn klap(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<Multicaja>::try_new(KEY).unwrap();
    ("klap", plant(verifier, wrong))
}

fn github(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<Github>::try_new(KEY).unwrap();
    ("github", plant(verifier, wrong))
}

fn stripe(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<Stripe>::try_new(STRIPE_SECRET).unwrap();
    ("stripe", plant(verifier, wrong))
}

fn slack(wrong: Plant) -> (&'static str, Running) {
    let verifier = Verifier::<Slack>::try_new(KEY).unwrap();
    ("slack", plant(verifier, wrong))
}

fn checked((sender, receiver): &(&str, Running), more: &[&str]) -> Checked {
    let url = receiver.url("/webhook_confirm");
    let arguments = [&[sender, &*url, "--slow-after", "8s"], more].concat();
    check(&arguments, &VARIABLES)
}

#[track_caller]
fn finds(receiver: (&'static str, Running), faults: &[&str]) -> Checked {
    finds_with(receiver, faults, &[])
}

#[track_caller]
fn finds_with(receiver: (&'static str, Running), faults: &[&str], more: &[&str]) -> Checked {
    let checked = checked(&receiver, more);
    let expected: BTreeSet<_> = faults.iter().copied().collect();
    assert_eq!(checked.faults(), expected, "{}", checked.printed);
    assert_eq!(checked.status, Some(i32::from(!faults.is_empty())));
    checked
}

#[test]
fn nothing_is_found_where_nothing_is_planted() {
    for make in [tusfacturas, klap, github, stripe, slack] {
        let checked = finds(make(Plant::default()), &[]);
        assert!(checked.tried() > 35, "{}", checked.printed);
    }
}

#[test]
fn a_path_of_the_receivers_own_is_checked_as_well() {
    let verifier = Verifier::<Multicaja>::try_new(KEY).unwrap();
    let verifier = verifier.configure(Multicaja::serve_confirm_only);
    let receiver = plant(verifier, Plant::default());
    let url = receiver.url("/pagos/aceptado");
    let checked = check(&["klap", &url], &VARIABLES);
    assert_eq!(checked.status, Some(0), "{}", checked.printed);
    assert!(checked.tried() > 35, "{}", checked.printed);
}

#[test]
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

#[test]
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

#[test]
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

#[test]
fn a_receiver_without_any_check_is_found() {
    let receiver = tusfacturas(Plant {
        takes: |_, _, rejection| matches!(rejection, Rejection::CredentialMissing),
        ..Plant::default()
    });
    // With the token of a stranger it refuses.
    let checked = finds(receiver, &["credential-missing", "credential-empty"]);
    assert!(
        checked
            .why("credential-missing")
            .contains("anyone who knows the URL can forge")
    );
}

#[test]
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

#[test]
fn an_ignored_time_is_found() {
    let receiver = stripe(Plant {
        takes: |_, _, rejection| *rejection == Rejection::TimestampOutsideTolerance,
        ..Plant::default()
    });
    let checked = finds(receiver, &["old"]);
    let noted = checked.with("note");
    assert!(noted.contains("too-old") && noted.contains("from-the-future"));
}

#[test]
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

#[test]
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

#[test]
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
fn finds_that_nothing_is_received(receiver: (&'static str, Running), why: &str, then: &str) {
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

#[test]
fn a_204_to_tusfacturas_is_found() {
    let receiver = tusfacturas(Plant {
        answers: |_| Reply::new(StatusCode::NO_CONTENT),
        ..Plant::default()
    });
    let why = "the sender counts only 200, and this is 204 No Content";
    let then = "the sender repeats it for 21 h 35 min; TusFacturas never sends it again, and drops an endpoint";
    finds_that_nothing_is_received(receiver, why, then);
}

#[test]
fn an_ok_to_klap_is_found() {
    let receiver = klap(Plant {
        answers: |_| Reply::text(StatusCode::OK, "ok"),
        ..Plant::default()
    });
    let why = "a 2xx with a JSON body, and this body is text/plain";
    finds_that_nothing_is_received(receiver, why, "Klap reverses the payment");
}

#[test]
fn a_redirect_is_found() {
    let receiver = github(Plant {
        answers: |_| Reply::new(StatusCode::FOUND),
        ..Plant::default()
    });
    let why = "and this is 302 Found";
    finds_that_nothing_is_received(receiver, why, "redeliver it by hand");
}

#[test]
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

#[test]
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

#[test]
fn a_receiver_that_waits_for_a_slow_body_is_found() {
    let receiver = stripe(Plant {
        body_time: Duration::from_secs(60),
        ..Plant::default()
    });
    let checked = finds(receiver, &["slow"]);
    assert!(checked.why("slow").starts_with("it still waits after 8 s"));
}

#[test]
fn a_receiver_that_takes_half_a_body_is_found() {
    let receiver = ("tusfacturas", half_a_body());
    let (sender, (addr, _)) = &receiver;
    let url = format!("http://{addr}/webhook");
    let checks = [
        "--only",
        "cut",
        "--only",
        "wrong-secret",
        "--only",
        "not-json",
    ];
    let checked = check(&[&[sender, &url[..]], &checks[..]].concat(), &VARIABLES);
    assert_eq!(
        checked.faults(),
        BTreeSet::from(["cut"]),
        "{}",
        checked.printed
    );
    assert!(checked.why("cut").contains("is lost"));
}

#[test]
fn any_method_that_is_taken_is_found() {
    let receiver = stripe(Plant {
        any_method: true,
        ..Plant::default()
    });
    finds(receiver, &["get", "head", "put", "patch", "delete"]);
}

#[test]
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

#[test]
fn a_handshake_of_a_stranger_that_is_answered_is_found() {
    let verifier = Verifier::<Meta>::try_new(KEY).unwrap();
    let wrong = Plant {
        takes: |_, _, rejection| *rejection == Rejection::HandshakeRefused,
        ..Plant::default()
    };
    finds(("meta", plant(verifier, wrong)), &["handshake"]);
}

#[test]
fn an_unknown_event_that_is_declined_is_found() {
    let receiver = stripe(Plant {
        declines: |body| contains(body, "webhook_check_unknown\""),
        ..Plant::default()
    });
    let checked = finds(receiver, &["unknown-event", "unknown-field"]);
    assert!(
        checked
            .why("unknown-event")
            .contains("the day the sender adds a kind of event")
    );
}

#[test]
fn a_receiver_that_acts_twice_is_found_by_its_effects_only() {
    let directory = Directory::new();
    let effects = directory.file("count");
    let command = format!("cat {}", effects.display());
    let acting = |acts| Plant {
        acts,
        effects: Some(effects.clone()),
        ..Plant::default()
    };
    let with_command = ["--effects", &command];

    let without = finds(tusfacturas(acting(Acts::EachTime)), &[]);
    assert_eq!(
        without.with("cannot_tell"),
        BTreeSet::from(["acts-twice", "acts-on-forgeries"])
    );

    finds_with(tusfacturas(acting(Acts::Once)), &[], &with_command);
    let twice = finds_with(
        tusfacturas(acting(Acts::EachTime)),
        &["acts-twice"],
        &with_command,
    );
    assert_eq!(twice.row("acts-twice")["answered"], "acted 3x");
    let faults = ["acts-twice", "acts-on-forgeries"];
    let early = acting(Acts::BeforeItVerifies);
    finds_with(tusfacturas(early), &faults, &with_command);
}

#[test]
fn a_receiver_that_reads_one_packet_is_found() {
    let (addr, _receiver) = one_packet();
    let url = format!("http://{addr}/webhook");
    let checks = ["in-pieces", "expect", "keep-alive", "wrong-secret"];
    let checks: Vec<_> = checks
        .into_iter()
        .flat_map(|name| ["--only", name])
        .collect();
    let checked = check(
        &[&["tusfacturas", &url[..]], &checks[..]].concat(),
        &VARIABLES,
    );
    let found = BTreeSet::from(["in-pieces", "expect"]);
    assert_eq!(checked.faults(), found, "{}", checked.printed);
}

#[test]
fn a_receiver_that_a_stranger_can_stop_is_found() {
    let (addr, _receiver) = stops_at_a_long_header();
    let url = format!("http://{addr}/webhook");
    let checks = [
        "--only",
        "longer",
        "--only",
        "huge",
        "--only",
        "twice-right-first",
    ];
    let checked = check(
        &[&["tusfacturas", &url[..]], &checks[..]].concat(),
        &VARIABLES,
    );
    let found = BTreeSet::from(["twice-right-first"]);
    assert_eq!(checked.faults(), found, "{}", checked.printed);
    assert!(
        checked
            .why("twice-right-first")
            .contains("strangers can stop it")
    );
}

#[test]
fn a_body_that_is_read_as_the_next_request_is_found() {
    let (addr, _receiver) = reads_on();
    let url = format!("http://{addr}/webhook");
    let checks = ["--only", "request-in-a-body", "--only", "wrong-secret"];
    let checked = check(
        &[&["tusfacturas", &url[..]], &checks[..]].concat(),
        &VARIABLES,
    );
    let found = BTreeSet::from(["request-in-a-body"]);
    assert_eq!(checked.faults(), found, "{}", checked.printed);
}

fn contains(body: &[u8], wanted: &str) -> bool {
    body.windows(wanted.len())
        .any(|part| part == wanted.as_bytes())
}

/// How many connections a receiver written by hand serves: more than a check makes.
const CONNECTIONS: usize = 20;

/// Serves one connection after another, until it is told to stop.
fn by_hand(serve: fn(TcpStream) -> ControlFlow<()>) -> (SocketAddr, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let receiver = thread::spawn(move || {
        for stream in listener.incoming().take(CONNECTIONS) {
            let stream = stream.unwrap();
            let timeout = Some(Duration::from_secs(10));
            stream.set_read_timeout(timeout).unwrap();
            if serve(stream).is_break() {
                return;
            }
        }
    });
    (addr, receiver)
}

/// What a connection has so far of a request: its head, and the length of its body.
fn head_of(read: &[u8]) -> Option<(String, usize)> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.trim().parse().unwrap());
    Some((head, length))
}

fn is_authentic(head: &str) -> bool {
    head.contains(&format!("tf-webhooktoken: {TOKEN}\r\n"))
}

/// Answers by token and body, and closes.
fn answer(stream: &mut TcpStream, head: &str, body: &[u8]) -> ControlFlow<()> {
    let status = match (
        is_authentic(head),
        body.starts_with(b"{") && body.ends_with(b"}"),
    ) {
        (true, true) => "200 OK",
        (true, false) => "400 Bad Request",
        (false, _) => "403 Forbidden",
    };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _gone = stream.write_all(answer.as_bytes());
    ControlFlow::Continue(())
}

/// Takes what it has of a body when the connection ends.
fn half_a_body() -> (SocketAddr, thread::JoinHandle<()>) {
    by_hand(|mut stream| {
        let mut read = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = stream.read(&mut buffer).unwrap_or(0);
            read.extend_from_slice(&buffer[..count]);
            match head_of(&read) {
                Some((head, length)) if count == 0 || read.len() >= head.len() + length => {
                    let body = [&read[head.len()..], b"}"].concat();
                    return answer(&mut stream, &head, &body);
                }
                None if count == 0 => return ControlFlow::Continue(()),
                _ => {}
            }
        }
    })
}

/// Takes the first packet for the whole request.
fn one_packet() -> (SocketAddr, thread::JoinHandle<()>) {
    by_hand(|mut stream| {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).unwrap_or(0);
        match head_of(&buffer[..count]) {
            Some((head, _)) => answer(&mut stream, &head, &buffer[head.len()..count]),
            None => ControlFlow::Continue(()),
        }
    })
}

/// Has room for a short head only, and ends where there is none.
fn stops_at_a_long_header() -> (SocketAddr, thread::JoinHandle<()>) {
    by_hand(|mut stream| {
        let mut read = Vec::new();
        let mut buffer = [0; 1024];
        loop {
            let count = stream.read(&mut buffer).unwrap_or(0);
            read.extend_from_slice(&buffer[..count]);
            match head_of(&read) {
                _ if read.len() > 4096 => return ControlFlow::Break(()),
                Some((head, length)) if read.len() >= head.len() + length => {
                    return answer(&mut stream, &head, &read[head.len()..]);
                }
                _ if count == 0 => return ControlFlow::Continue(()),
                _ => {}
            }
        }
    })
}

/// Refuses by the head, and takes the body for the next request.
fn reads_on() -> (SocketAddr, thread::JoinHandle<()>) {
    by_hand(|mut stream| {
        let mut read = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            while let Some((head, length)) = head_of(&read) {
                let (status, whole) = match is_authentic(&head) {
                    true => ("200 OK", head.len() + length),
                    false => ("403 Forbidden", head.len()),
                };
                if read.len() < whole {
                    break;
                }
                read.drain(..whole);
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                let _gone = stream.write_all(answer.as_bytes());
            }
            match stream.read(&mut buffer) {
                Ok(count) if count > 0 => read.extend_from_slice(&buffer[..count]),
                _ => return ControlFlow::Continue(()),
            }
        }
    })
}

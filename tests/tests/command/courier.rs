//! How deliveries are sent, and what is said of the answer.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use webhook_tests::server::Server;

use crate::canned::Canned;
use crate::run::WebhookRs;

const TOKEN: &str = "token-of-the-point-of-sale-3";
const TF: (&str, &str) = ("TF_WEBHOOK_TOKEN", TOKEN);
const KLAP: (&str, &str) = ("MULTICAJA_API_KEY", "key-of-the-merchant-4711");

#[test]
fn what_counts_as_received_is_the_senders_rule() {
    let command = WebhookRs::new();
    let json = "application/json";
    for (sender, status, content_type, body, expected) in [
        (
            "tusfacturas",
            "200 OK",
            "text/plain",
            "OK",
            "received: the sender counts only 200",
        ),
        (
            "tusfacturas",
            "204 No Content",
            "text/plain",
            "",
            "the sender counts only 200, and this is 204 No Content",
        ),
        (
            "tusfacturas",
            "302 Found\r\nLocation: http://127.0.0.1:1/",
            "text/plain",
            "",
            "and this is 302 Found",
        ),
        (
            "woocommerce",
            "302 Found",
            "text/plain",
            "",
            "received: the sender counts 200 to 302",
        ),
        (
            "woocommerce",
            "303 See Other",
            "text/plain",
            "",
            "the sender counts 200 to 302, and this is 303 See Other",
        ),
        (
            "klap",
            "200 OK",
            json,
            "{}",
            "received: the sender counts a 2xx with a JSON body",
        ),
        (
            "klap",
            "200 OK",
            "text/plain",
            "ok",
            "and this body is text/plain",
        ),
        (
            "klap",
            "200 OK",
            json,
            "ok",
            "and this body says that it is JSON and is not",
        ),
        ("klap", "200 OK", json, "", "and this body is empty"),
        (
            "klap",
            "500 Internal Server Error",
            "text/plain",
            "error",
            "Klap reverses the payment",
        ),
    ] {
        let server = Canned::answering(status, content_type, body);
        let ran = command.run(
            &["send", sender, &server.url("/webhook_confirm")],
            &[TF, KLAP],
        );
        let received = expected.starts_with("received");
        assert_eq!(
            ran.status,
            Some(i32::from(!received)),
            "{sender} {status}: {}",
            ran.stdout
        );
        assert!(
            ran.stdout.contains(expected),
            "{sender} {status}: {}",
            ran.stdout
        );
        assert_eq!(server.seen().len(), 1, "a redirect is not followed");
    }
}

#[test]
fn the_schedule_is_followed_at_its_speed_until_an_answer_counts() {
    let command = WebhookRs::new();
    let server = Canned::answering("500 Internal Server Error", "text/plain", "");
    let url = server.url("/webhook");
    // 21 h 35 min take 1.5 s.
    let arguments = [
        "send",
        "tusfacturas",
        &url,
        "--follow",
        "--speed",
        "51800",
        "--json",
    ];
    let started = Instant::now();
    let ran = command.run(&arguments, &[TF]);
    assert!(
        started.elapsed() >= Duration::from_millis(1_499),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(ran.status, Some(1));
    let attempts = ran.json();
    assert_eq!(attempts.len(), 6);
    let ids: BTreeSet<_> = attempts
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 1, "an attempt is the same delivery");
    assert_eq!(attempts[5]["retries_after_s"], json!([]));
    assert!(
        ran.stderr
            .contains("attempt 6 of 6 in 12 h: 833 ms at this speed"),
        "{}",
        ran.stderr
    );

    let server = Canned::answering("200 OK", "text/plain", "OK");
    let arguments = [
        "send",
        "tusfacturas",
        &server.url("/webhook"),
        "--follow",
        "--json",
    ];
    assert_eq!(command.run(&arguments, &[TF]).json().len(), 1);
}

/// Of the senders that sign the time of each attempt.
#[test]
fn each_attempt_is_signed_at_its_own_time() {
    let command = WebhookRs::new();
    let server = Canned::answering("500 Internal Server Error", "text/plain", "");
    let url = server.url("/wompi");
    let arguments = [
        "send", "wompi", &url, "--follow", "--speed", "43200", "--json",
    ];
    let ran = command.run(
        &arguments,
        &[("WOMPI_WEBHOOK_SECRET", "test_events_4f5e6d")],
    );
    let bodies: Vec<Value> = ran
        .json()
        .iter()
        .map(|it| serde_json::from_str(it["request"]["body"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(bodies.len(), 4);
    assert_eq!(bodies[0]["data"], bodies[3]["data"]);
    assert!(
        bodies[0]["timestamp"].as_u64() < bodies[3]["timestamp"].as_u64(),
        "{bodies:?}"
    );
}

#[test]
fn an_answer_that_comes_after_the_sender_has_left_does_not_count() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let server = Canned::start(answer, Duration::from_secs(2));
    let url = server.url("/mercadolibre");
    // Mercado Libre waits half a second.
    let ran = WebhookRs::new().run(&["send", "mercadolibre", &url], &[]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stdout.contains("the sender waits 500 ms and no longer"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_connection_that_fails_is_said_to_have_failed() {
    let command = WebhookRs::new();
    let url = "http://127.0.0.1:1/webhook";
    let ran = command.run(&["send", "tusfacturas", url, "--json"], &[TF]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.one()["failure"]
            .as_str()
            .unwrap()
            .contains("no connection"),
        "{}",
        ran.stdout
    );

    let server = Canned::start("no HTTP\r\n\r\n", Duration::ZERO);
    let ran = command.run(
        &["send", "tusfacturas", &server.url("/webhook"), "--json"],
        &[TF],
    );
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.one()["failure"]
            .as_str()
            .unwrap()
            .starts_with("no answer"),
        "{}",
        ran.stdout
    );
}

#[test]
fn it_hangs_up_when_it_was_told_to() {
    let server = Canned::start("", Duration::from_secs(60));
    let arguments = [
        "send",
        "tusfacturas",
        &server.url("/webhook"),
        "--hang-up-after",
        "200ms",
        "--json",
    ];
    let started = Instant::now();
    let ran = WebhookRs::new().run(&arguments, &[TF]);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.one()["failure"], "hung up after 200 ms");
    assert_eq!(server.seen().len(), 1, "the request has been sent by then");
}

#[test]
fn many_deliveries_have_ids_of_their_own_unless_they_are_the_same() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "text/plain", "OK");
    let url = server.url("/webhook");
    let send = |more: &[&str]| {
        let arguments = [
            &["send", "tusfacturas", &url, "--json", "--repeat", "20"],
            more,
        ]
        .concat();
        let ran = command.run(&arguments, &[TF]);
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        let lines = ran.json();
        assert_eq!(lines.len(), 20);
        let bodies: BTreeSet<_> = lines
            .iter()
            .map(|it| it["request"]["body"].to_string())
            .collect();
        bodies.len()
    };
    assert_eq!(send(&[]), 20);
    assert_eq!(send(&["--concurrency", "8"]), 20);
    let total = command
        .run(&["send", "tusfacturas", &url, "--repeat", "3"], &[TF])
        .stdout;
    assert!(
        total.contains("3 sent, 3 received, 0 not; the slowest answer took"),
        "{total}"
    );
    assert_eq!(send(&["--same", "--concurrency", "8"]), 1);
}

#[test]
fn body_fields_and_headers_are_what_the_user_gives() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "text/plain", "OK");
    let url = server.url("/webhook?pdv=3");
    let file = command.home().file("body.json");
    std::fs::write(&file, b"{\"evento\":\"nuevo\"}\r\n").unwrap();
    let run = |more: &[&str]| {
        let arguments = [&["send", "tusfacturas", &url][..], more].concat();
        assert_eq!(command.run(&arguments, &[TF]).status, Some(0));
        server.seen().pop().unwrap()
    };
    let sent = run(&["--body", file.to_str().unwrap(), "-H", "X-Trace: 7"]);
    assert!(
        sent.starts_with("POST /webhook?pdv=3 HTTP/1.1\r\n"),
        "{sent}"
    );
    assert!(
        sent.ends_with("\r\n\r\n{\"evento\":\"nuevo\"}\r\n"),
        "{sent}"
    );
    assert!(sent.contains("\r\nx-trace: 7\r\n"), "{sent}");
    assert!(
        sent.contains(&format!("\r\nhost: {}\r\n", server.addr)),
        "{sent}"
    );

    let sent = run(&[
        "--set",
        "external_reference=% 'M17051",
        "--set",
        "intento=2",
        "--set",
        "msg.0=x",
    ]);
    let body: Value = serde_json::from_str(sent.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["external_reference"], "% 'M17051");
    assert_eq!(body["intento"], 2);
}

#[test]
fn no_secret_is_shown_unless_asked_for() {
    let command = WebhookRs::new();
    // A receiver may echo what it was sent.
    let server = Canned::answering("200 OK", "text/plain", TOKEN);
    let url = server.url("/webhook");
    for more in [&[][..], &["--json"], &["--repeat", "2"]] {
        let arguments = [&["send", "tusfacturas", &url], more].concat();
        let ran = command.run(&arguments, &[TF]);
        assert!(
            !ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN),
            "{}",
            ran.stdout
        );
    }
    let ran = command.run(&["send", "tusfacturas", &url, "--reveal"], &[TF]);
    assert_eq!(ran.stdout.matches(TOKEN).count(), 2, "{}", ran.stdout);
}

#[test]
fn a_token_in_the_query_is_not_shown_either() {
    const FILE: &str = r#"
        [acme]
        secret = "ACME_SECRET"
        algorithm = "token"
        credential = { query-which-logs-show = "key" }
    "#;

    let command = WebhookRs::new();
    let file = command.home().file("schemes.toml");
    std::fs::write(&file, FILE).unwrap();
    let server = Canned::answering("200 OK", "text/plain", "OK");
    let url = server.url("/acme");
    let schemes = file.to_str().unwrap();
    for more in [&[][..], &["--json"]] {
        let arguments = [&["send", "acme", &url, "--schemes", schemes], more].concat();
        let ran = command.run(&arguments, &[("ACME_SECRET", "secret-of-acme-4f5e6d")]);
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        assert!(!ran.stdout.contains("4f5e6d"), "{}", ran.stdout);
        let sent = server.seen().pop().unwrap();
        assert!(sent.contains("4f5e6d"), "{sent}");
    }
}

#[test]
fn a_scheme_whose_deliveries_nobody_can_send_is_said_to_be_one() {
    let command = WebhookRs::new();
    let file = command.home().file("schemes.toml");
    let long = "k".repeat(70_000);
    for (credential, expected) in [
        (
            format!(r#"{{ query-which-logs-show = "{long}" }}"#),
            "shorten the name of its parameter",
        ),
        (
            r#"{ header = "x-a", prefix = "a\n" }"#.to_owned(),
            "the header x-a cannot be sent",
        ),
    ] {
        let text =
            format!("[acme]\nsecret = \"S\"\nalgorithm = \"token\"\ncredential = {credential}");
        std::fs::write(&file, text).unwrap();
        let schemes = file.to_str().unwrap();
        let arguments = [
            "send",
            "acme",
            "http://127.0.0.1:1/acme",
            "--schemes",
            schemes,
        ];
        let ran = command.run(&arguments, &[("S", "secret-of-acme-4f5e6d")]);
        assert_eq!(ran.status, Some(2), "{}", ran.stderr);
        assert!(
            ran.stderr.starts_with("webhook-rs: acme: "),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
}

#[test]
fn secrets_come_from_a_file_or_a_variable_of_ones_own() {
    let command = WebhookRs::new();
    let file = command.home().file("secret");
    std::fs::write(&file, "pdv-3=from-a-file-3f2e1d\n").unwrap();
    let server = Canned::answering("200 OK", "text/plain", "OK");
    let url = server.url("/webhook");
    for (more, expected) in [
        (
            ["--secret-file", file.to_str().unwrap()],
            "from-a-file-3f2e1d",
        ),
        (["--secret-env", "MINE"], "from-mine-3f2e1d"),
    ] {
        let arguments = [&["send", "tusfacturas", &url][..], &more].concat();
        let ran = command.run(&arguments, &[TF, ("MINE", "from-mine-3f2e1d,other")]);
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        let sent = server.seen().pop().unwrap();
        assert!(
            sent.contains(&format!("tf-webhooktoken: {expected}\r\n")),
            "{sent}"
        );
    }
}

#[test]
fn to_this_machine_a_secret_is_made_once_and_kept_from_others() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "text/plain", "OK");
    let token = || {
        let ran = command.run(&["send", "tusfacturas", &server.url("/webhook")], &[]);
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("set TF_WEBHOOK_TOKEN"),
            "{}",
            ran.stderr
        );
        let sent = server.seen().pop().unwrap();
        let at = sent.find("tf-webhooktoken: ").unwrap();
        sent[at..].lines().next().unwrap().to_owned()
    };
    assert_eq!(token(), token());
    let other = WebhookRs::new();
    other.run(&["send", "tusfacturas", &server.url("/webhook")], &[]);
    let sent = server.seen().pop().unwrap();
    assert!(
        !sent.contains(&token()),
        "another machine has another secret"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let file = command.home().file("secrets.toml");
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_sender_of_a_file_signs_as_the_file_says() {
    const FILE: &str = r#"
        [acme]
        secret = "ACME_SECRET"
        algorithm = "hmac-sha256"
        credential = { header = "x-acme-signature", prefix = "v0=", encoding = "hex" }
        time = { header = "x-acme-timestamp", unit = "seconds" }
        signs = "v0:{time}:{header:x-acme-shop}:{body}"
        headers.x-acme-shop = { characters = "word" }
        topic = { body = "type" }
    "#;

    let command = WebhookRs::new();
    let file = command.home().file("schemes.toml");
    std::fs::write(&file, FILE).unwrap();
    let file = file.to_str().unwrap();
    let secret = ("ACME_SECRET", "secret-of-acme-4f5e6d");
    for receiver in webhook_tests::receivers!() {
        let server = Server::start(receiver, &[("SCHEMES", file), secret]);
        let url = format!("http://{}/acme", server.addr);
        let send = |more: &[&str]| {
            let arguments = [&["send", "acme", &url, "--schemes", file], more].concat();
            command.run(&arguments, &[secret])
        };
        let ran = send(&[]);
        assert_eq!(ran.status, Some(2));
        assert!(
            ran.stderr
                .contains("acme signs the header x-acme-shop: give its value with --header"),
            "{}",
            ran.stderr
        );
        let ran = send(&["-H", "x-acme-shop: 3"]);
        assert_eq!(ran.status, Some(0), "{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_setting_of_one_sender_does_not_refuse_the_others() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "text/plain", "OK");
    let url = server.url("/webhook");
    for (variable, sender) in [
        (("META_VERIFY_TOKEN", ""), "meta"),
        (("DLOCAL_LOGIN", "two words"), "dlocal"),
        (("SCHEMES", ""), "none"),
    ] {
        let ran = command.run(&["send", "tusfacturas", &url], &[TF, variable]);
        assert_eq!(ran.status, Some(0), "{variable:?}: {}", ran.stderr);
        let ran = command.run(&["senders"], &[variable]);
        assert_eq!(ran.status, Some(0), "{variable:?}: {}", ran.stderr);
        let ran = command.run(&["send", sender, &url], &[variable]);
        assert_eq!(ran.status, Some(2), "{variable:?}");
        let named = if sender == "none" {
            "no sender `none`"
        } else {
            variable.0
        };
        assert!(ran.stderr.contains(named), "{}", ran.stderr);
    }
}

#[test]
fn a_mistake_in_a_file_of_senders_is_named_without_its_line() {
    let command = WebhookRs::new();
    let file = command.home().file("senders.toml");
    std::fs::write(&file, "[acme]\nalgorithm = \"token\"\nsecret = s3cr3t\n").unwrap();
    let ran = command.run(&["--schemes", file.to_str().unwrap(), "senders"], &[]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("senders.toml: line 3: "),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("s3cr3t"), "{}", ran.stderr);
}

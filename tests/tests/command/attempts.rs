//! What differs between the attempts of a delivery, and what ends them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::canned::Canned;
use crate::run::WebhookRs;

const MERCADO_PAGO: (&str, &str) = ("MERCADOPAGO_WEBHOOK_SECRET", "secret-of-the-app-4f5e6d");
const SLACK: (&str, &str) = ("SLACK_SIGNING_SECRET", "secret-of-the-app-4f5e6d");
const STANDARD: (&str, &str) = (
    "STANDARD_WEBHOOKS_SECRET",
    "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=",
);

/// The value of a header in a line of JSON.
fn header(said: &Value, name: &str) -> Option<String> {
    let headers = said["request"]["headers"].as_array().unwrap();
    let found = headers.iter().find(|it| it[0] == name)?;
    Some(found[1].as_str().unwrap().to_owned())
}

fn body(said: &Value) -> Value {
    serde_json::from_str(said["request"]["body"].as_str().unwrap()).unwrap()
}

#[test]
fn every_attempt_of_mercado_pago_has_ids_of_its_own() {
    let server = Canned::answering("500 Internal Server Error", "text/plain", "");
    let url = server.url("/mercadopago");
    // 6 days take half a second.
    let follow = ["--follow", "--speed", "1088000"];
    let repeat = ["--repeat", "3", "--same"];
    for (more, attempts) in [(&follow[..], 6), (&repeat, 3)] {
        let arguments = [&["send", "mercadopago", &url, "--json"], more].concat();
        let ran = WebhookRs::new().run(&arguments, &[MERCADO_PAGO]);
        let said = ran.json();
        let different = |of: &dyn Fn(&Value) -> String| -> usize {
            said.iter().map(of).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(said.len(), attempts, "{}", ran.stderr);
        let request_id = |it: &Value| header(it, "x-request-id").unwrap();
        assert_eq!(different(&request_id), attempts, "{more:?}");
        assert_eq!(different(&|it| body(it)["id"].to_string()), attempts);
        assert_eq!(different(&|it| body(it)["data"].to_string()), 1);
        assert_eq!(
            different(&|it| it["request"]["target"].to_string()),
            1,
            "it is about the same payment"
        );
    }
}

#[test]
fn a_retry_of_slack_says_which_it_is_and_why() {
    let server = Canned::answering("500 Internal Server Error", "text/plain", "");
    let url = server.url("/slack");
    let arguments = [
        "send", "slack", &url, "--follow", "--speed", "1000", "--json",
    ];
    let said = WebhookRs::new().run(&arguments, &[SLACK]).json();
    let numbers: Vec<_> = said
        .iter()
        .map(|it| header(it, "x-slack-retry-num"))
        .collect();
    let expected = [None, Some("1"), Some("2"), Some("3")];
    assert_eq!(numbers, expected.map(|it| it.map(str::to_owned)));
    let reason = header(&said[1], "x-slack-retry-reason");
    assert_eq!(reason.as_deref(), Some("http_error"));
}

#[test]
fn an_answer_that_ends_the_retries_is_the_last() {
    let command = WebhookRs::new();
    for (sender, answer, expected) in [
        (
            "slack",
            "500 Internal Server Error\r\nX-Slack-No-Retry: 1",
            "the sender does not try again after x-slack-no-retry: 1; Slack gives the event up",
        ),
        (
            "standard",
            "410 Gone",
            "the sender does not try again after 410 Gone; Standard Webhooks asks senders to turn the endpoint off",
        ),
    ] {
        let server = Canned::answering(answer, "text/plain", "");
        let url = server.url("/hook");
        let arguments = ["send", sender, &url, "--follow", "--speed", "1000000"];
        let ran = command.run(&arguments, &[SLACK, STANDARD]);
        assert_eq!(ran.status, Some(1), "{sender}");
        assert!(ran.stdout.contains(expected), "{sender}: {}", ran.stdout);
        assert!(!ran.stdout.contains("tries again"), "{}", ran.stdout);
        assert_eq!(server.seen().len(), 1, "{sender}");
    }
}

#[test]
fn retry_after_is_waited_for_where_the_sender_documents_it() {
    let answer = "503 Service Unavailable\r\nRetry-After: 172800";
    let server = Canned::answering(answer, "text/plain", "");
    let command = WebhookRs::new();
    let url = server.url("/hook");
    let ran = command.run(&["send", "standard", &url, "--json"], &[STANDARD]);
    assert_eq!(ran.one()["retries_after_s"][0], 172_800);
    assert_eq!(ran.one()["retries_after_s"][1], 300);
    let ran = command.run(&["send", "slack", &url, "--json"], &[SLACK]);
    assert_eq!(
        ran.one()["retries_after_s"],
        serde_json::json!([0, 60, 300])
    );
}

#[test]
fn what_a_sender_does_not_document_exactly_is_not_said_to_be_nothing() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "text/plain", "");
    let url = server.url("/hook");
    let roughly = Some("does not document when exactly it tries again");
    for (sender, listed, noted) in [
        ("stripe", "for 3 days, at growing intervals", roughly),
        ("fintoc", "after 3 seconds and then at growing", roughly),
        (
            "github",
            "only by hand, within 3 d",
            Some("does not try again by itself"),
        ),
        ("woocommerce", "never", Some("does not try again by itself")),
        ("slack", "at once, then in 1 min, then in 5 min", None),
        (
            "khipu",
            "not documented",
            Some("does not document whether it tries again"),
        ),
    ] {
        let printed = command.run(&["senders", sender], &[]).stdout;
        let line = printed.lines().find(|it| it.starts_with("tries again"));
        let when = line.unwrap()["tries again".len()..].trim();
        assert!(when.starts_with(listed), "{sender}: {printed}");
        let ran = command.run(&["send", sender, &url, "--follow"], &[SLACK]);
        let noted = noted.map(|what| format!("{sender} {what}: one attempt is made\n"));
        assert!(
            ran.stderr.ends_with(&noted.unwrap_or_default()),
            "{}",
            ran.stderr
        );
        assert_eq!(
            ran.stderr.contains("attempt"),
            sender != "slack",
            "{}",
            ran.stderr
        );
    }
    for (sender, expected) in [
        ("tusfacturas", "20 s, then 5 s"),
        ("mercadopago", "22 s, then 5 s"),
        ("slack", "3 s"),
        ("khipu", "not documented"),
    ] {
        let listed = command.run(&["senders", sender], &[]).stdout;
        let line = listed.lines().find(|it| it.starts_with("waits"));
        assert_eq!(line.unwrap()["waits".len()..].trim(), expected, "{sender}");
    }
}

/// Mercado Libre waits half a second.
#[test]
fn no_patience_is_longer_than_the_senders() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let server = Canned::start(answer, Duration::from_secs(2));
    let url = server.url("/mercadolibre");
    for (after, expected) in [
        ("20s", "the sender waits 500 ms and no longer"),
        ("10ms", "hung up after 10 ms"),
    ] {
        let arguments = ["send", "mercadolibre", &url, "--hang-up-after", after];
        let ran = WebhookRs::new().run(&arguments, &[]);
        assert_eq!(ran.status, Some(1));
        assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    }
}

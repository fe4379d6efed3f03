//! What is sent with a body, headers and settings of the user's, and handshakes.

use serde_json::json;

use crate::canned::Canned;
use crate::run::WebhookRs;

const SECRET: &str = "secret-of-the-app-4f5e6d";
const STANDARD: &str = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";

#[test]
fn a_header_that_spoils_the_signature_is_named() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "text/plain", "");
    let url = server.url("/hook");
    for (sender, variable, header, spoils) in [
        (
            "mercadopago",
            "MERCADOPAGO_WEBHOOK_SECRET",
            "x-request-id: 1",
            true,
        ),
        (
            "mercadopago",
            "MERCADOPAGO_WEBHOOK_SECRET",
            "x-trace-id: 1",
            false,
        ),
        (
            "slack",
            "SLACK_SIGNING_SECRET",
            "x-slack-request-timestamp: 1",
            true,
        ),
        (
            "slack",
            "SLACK_SIGNING_SECRET",
            "content-type: text/plain",
            false,
        ),
        ("kushki", "KUSHKI_WEBHOOK_SECRET", "x-kushki-id: 1", true),
        (
            "dlocal",
            "DLOCAL_WEBHOOK_SECRET",
            "x-date: 2026-11-29T12:00:00.000Z",
            true,
        ),
        (
            "github",
            "GITHUB_WEBHOOK_SECRET",
            "x-github-delivery: 1",
            false,
        ),
    ] {
        let arguments = ["send", sender, &url, "-H", header, "-H", "x-other: 1"];
        let ran = command.run(
            &arguments,
            &[(variable, SECRET), ("DLOCAL_LOGIN", "login-1")],
        );
        let (name, value) = header.split_once(": ").unwrap();
        let expected = match spoils {
            true => format!("{name} is signed: with this value the delivery is not authentic\n"),
            false => String::new(),
        };
        assert_eq!(ran.stderr, expected, "{sender}");
        let sent = server.seen().pop().unwrap();
        assert!(sent.contains(&format!("{name}: {value}\r\n")), "{sent}");
    }
    let arguments = [
        "send",
        "github",
        &url,
        "-H",
        "x-hub-signature-256: sha256=00",
    ];
    let ran = command.run(&arguments, &[("GITHUB_WEBHOOK_SECRET", SECRET)]);
    assert!(
        ran.stderr
            .starts_with("x-hub-signature-256 is the credential: ")
    );
}

#[test]
fn an_id_of_the_users_is_signed() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "text/plain", "");
    let url = server.url("/hook");
    let send = |secret: &str| {
        let arguments = ["send", "standard", &url, "-H", "webhook-id: msg_mine"];
        let ran = command.run(&arguments, &[("STANDARD_WEBHOOKS_SECRET", secret)]);
        assert_eq!(ran.stderr, "");
        server.seen().pop().unwrap()
    };
    let sent = send(STANDARD);
    assert!(sent.contains("webhook-id: msg_mine\r\n"), "{sent}");
    let file = command.home().file("request.http");
    std::fs::write(&file, sent).unwrap();
    let arguments = ["verify", "standard", "--file", file.to_str().unwrap()];
    let ran = command.run(&arguments, &[("STANDARD_WEBHOOKS_SECRET", STANDARD)]);
    assert_eq!(ran.status, Some(0), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_handshake_is_judged_by_what_it_asks_for() {
    let command = WebhookRs::new();
    let (text, json) = ("text/plain", "application/json");
    let challenge = r#"{"type":"url_verification","token":"t","challenge":"abc"}"#;
    let file = command.home().file("challenge.json");
    std::fs::write(&file, challenge).unwrap();
    let slack = ["slack", "--body", file.to_str().unwrap()];
    let discord = ["discord", "--event", "ping"];
    for (sender, status, content_type, body, received) in [
        (&slack, "200 OK", text, "abc", true),
        (&slack, "200 OK", json, r#"{"challenge":"abc"}"#, true),
        (&slack, "200 OK", text, "OK", false),
        (&slack, "500 Internal Server Error", text, "abc", false),
        (&discord, "204 No Content", text, "", true),
        (&discord, "200 OK", text, "OK", false),
    ] {
        let server = Canned::answering(status, content_type, body);
        let [name, option, value] = *sender;
        let url = server.url("/hook");
        let arguments = ["send", name, &url, option, value, "--follow", "--json"];
        let said = command
            .run(&arguments, &[("SLACK_SIGNING_SECRET", SECRET)])
            .one();
        assert_eq!(said["received"], json!(received), "{name} {status} {body}");
        assert_eq!(said["retries_after_s"], json!([]), "{name}");
        let then = said["then"].as_str().unwrap();
        assert_eq!(
            then.contains("does not accept this URL"),
            !received,
            "{then}"
        );
    }
}

/// Meta signs the escapes that it writes.
#[test]
fn what_is_not_set_stays_as_the_sender_writes_it() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "text/plain", "");
    let url = server.url("/meta");
    let field = "entry.0.changes.0.value.metadata.phone_number_id";
    let big = format!("{field}=123456789012345678901234567890");
    let new = "entry.0.amount=1.10";
    let arguments = ["send", "meta", &url, "--set", &big, "--set", new];
    let ran = command.run(&arguments, &[("META_APP_SECRET", SECRET)]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let sent = server.seen().pop().unwrap();
    for expected in [
        r#"\r\n\r\n{"object":"whatsapp_business_account","entry":[{"id":"#,
        r#""phone_number_id":123456789012345678901234567890}"#,
        r#""text":{"body":"\u00bfEst\u00e1 lista mi factura? https:\/\/example.com\/1"}"#,
        r#","amount":1.10}]}"#,
    ] {
        let expected = expected.replace(r"\r\n", "\r\n");
        assert!(sent.contains(&expected), "{expected}: {sent}");
    }
}

#[test]
fn a_field_can_be_set_beside_what_each_attempt_makes() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "application/json", "{}");
    for (sender, variable) in [
        ("linear", "LINEAR_WEBHOOK_SECRET"),
        ("mercadopago", "MERCADOPAGO_WEBHOOK_SECRET"),
    ] {
        let url = server.url("/hook");
        let arguments = ["send", sender, &url, "--set", "action=x", "--json"];
        let said = command.run(&arguments, &[(variable, SECRET)]).one();
        let body = said["request"]["body"].as_str().unwrap();
        assert!(body.contains(r#""action":"x""#), "{body}");
        assert!(!body.contains("{{") && !body.contains("11111"), "{body}");
        assert!(
            serde_json::from_str::<serde_json::Value>(body).is_ok(),
            "{body}"
        );
    }
}

#[test]
fn a_setting_that_is_signed_and_not_set_is_named() {
    let command = WebhookRs::new();
    let server = Canned::answering("200 OK", "text/plain", "");
    let url = server.url("/dlocal");
    let secret = ("DLOCAL_WEBHOOK_SECRET", SECRET);
    let ran = command.run(&["send", "dlocal", &url], &[secret]);
    assert_eq!(
        ran.stderr,
        "DLOCAL_LOGIN is not set: set it to the login of the account, which is signed\n"
    );
    let ran = command.run(
        &["send", "dlocal", &url],
        &[secret, ("DLOCAL_LOGIN", "mine")],
    );
    assert_eq!(ran.stderr, "");
}

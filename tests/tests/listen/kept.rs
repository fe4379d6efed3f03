//! What is kept of deliveries is of no use to someone who reads it.

use std::time::SystemTime;

use serde_json::json;
use webhook_core::testing::{self, TestRequest};
use webhook_tests::client::post;
use webhook_tests::directory::Directory;

use super::canned::Canned;
use super::listener::{Listener, SECRETS, klap, stripe};

const WOMPI: &str = "test_events_of-the-tests-0123456789";

/// What is in the page's answers and in the file.
fn all(listener: &Listener, home: &Directory) -> String {
    let mut seen = Vec::new();
    for delivery in listener.list() {
        seen.extend(
            listener
                .get(&format!("/api/deliveries/{}", delivery["id"]))
                .body,
        );
    }
    for file in std::fs::read_dir(home.path()).unwrap() {
        let path = file.unwrap().path();
        // What the command makes for this machine is of no use elsewhere.
        if !path.ends_with("secrets.toml") {
            seen.extend(std::fs::read(path).unwrap());
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}

fn credentials(request: &TestRequest) -> Vec<String> {
    let headers = ["apikey", "stripe-signature"];
    let values = headers.iter().filter_map(|name| request.headers.get(*name));
    let values = values.map(|value| value.to_str().unwrap());
    let parts = values.flat_map(|value| value.split([',', '=']));
    parts
        .filter(|part| part.len() > 32)
        .map(str::to_owned)
        .collect()
}

#[test]
fn an_app_that_shows_what_it_was_sent_has_no_credential_kept() {
    let requests = [
        ("/klap/webhook_confirm", klap()),
        ("/stripe", stripe("evt_1")),
    ];
    for (path, request) in requests {
        let sent = credentials(&request);
        let [credential] = &sent[..] else {
            panic!("{sent:?}")
        };
        let page = format!("<h1>Error</h1><pre>headers: {credential}</pre>");
        let app = Canned::answering("500 Internal Server Error", "text/html", &page);
        let home = Directory::new();
        let listener = Listener::start(&home, &["--forward", &app.url("/")]);
        let answer = listener.deliver(path, request);
        assert_eq!(answer.body, page.as_bytes(), "the sender gets all of it");
        let kept = &listener.newest()["answer"]["body"];
        assert_eq!(*kept, "<h1>Error</h1><pre>headers: (masked)</pre>");
        assert!(!all(&listener, &home).contains(credential), "{path}");
    }
}

#[test]
fn what_is_kept_of_wompi_is_no_authentic_request_and_is_signed_again() {
    let home = Directory::new();
    let listener = Listener::with(&home, &["wompi"], &[("WOMPI_WEBHOOK_SECRET", WOMPI)]);
    let transaction = json!({"id": "1-2-3", "status": "APPROVED", "amount_in_cents": 4490000});
    let sent = testing::wompi(&transaction, SystemTime::now(), WOMPI);
    let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    let checksum = body["signature"]["checksum"].as_str().unwrap().to_owned();
    assert_eq!(listener.deliver("/wompi", sent).status, 200);
    let kept = listener.newest();
    assert_eq!(kept["masked"], json!(["checksum"]));
    let body = kept["body"].as_str().unwrap().to_owned();
    assert!(body.contains(r#""checksum":"(masked)""#), "{body}");
    let curl = kept["curl"].as_str().unwrap();
    assert!(
        curl.contains("what was masked is not in the body"),
        "{curl}"
    );
    assert!(!all(&listener, &home).contains(&checksum));

    let repeated = post("/wompi", body).header("Content-Type", "application/json");
    assert_eq!(repeated.send(listener.server.addr).status, 401);
    let (status, again) = listener.change("/api/deliveries/1/send-again");
    assert_eq!((status, &again["received"]), (200, &true.into()), "{again}");
    assert_eq!(again["masked"], json!([]), "the checksum is new");
    assert_eq!(listener.newest()["verdict"], "authentic");
}

#[test]
fn what_signs_and_what_greets_are_masked_as_secrets_are() {
    const PRIVATE: &str = "0707070707070707070707070707070707070707070707070707070707070707";
    const PUBLIC: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    const VERIFY: &str = "verify-token-of-the-tests";
    const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    let page = format!("private {PRIVATE}, verify {VERIFY}, key {KEY}");
    let app = Canned::answering("500 Internal Server Error", "text/plain", &page);
    let home = Directory::new();
    let whsec = format!("whsec_{KEY}");
    let variables = [
        &SECRETS[..],
        &[
            ("DISCORD_PRIVATE_KEY", PRIVATE),
            ("DISCORD_PUBLIC_KEY", PUBLIC),
            ("META_VERIFY_TOKEN", VERIFY),
            ("STANDARD_WEBHOOKS_SECRET", &whsec),
        ],
    ]
    .concat();
    let listener = Listener::with(&home, &["--forward", &app.url("/")], &variables);
    assert_eq!(listener.deliver("/stripe", stripe("evt_1")).status, 500);
    let kept = &listener.newest()["answer"]["body"];
    assert_eq!(*kept, "private (masked), verify (masked), key (masked)");
    let seen = all(&listener, &home);
    for secret in [PRIVATE, VERIFY, KEY] {
        assert!(!seen.contains(secret), "{secret}");
    }
}

use std::time::SystemTime;

use webhook_core::slack::Slack;
use webhook_core::{FromSecrets as _, Keyring, testing};
use webhook_tests::client::{Connection, post};
use webhook_tests::directory::Directory;

use super::listener::{
    CARD, KLAP, Listener, SECRETS, SLACK, STRIPE, TUSFACTURAS, klap, sent, stripe,
};

const INVOICE: &str = r#"{"hook_id":"h-1","evento":"emitido","external_reference":"17"}"#;

#[test]
fn a_delivery_is_answered_as_its_sender_asks_and_shown_with_what_it_proves() {
    let home = Directory::new();
    let listener = Listener::start(&home, &[]);

    let answer = listener.deliver("/stripe", stripe("evt_1"));
    assert_eq!(answer.status, 200);
    let shown = listener.newest();
    assert_eq!(shown["verdict"], "authentic");
    assert_eq!(shown["sender"], "stripe");
    assert_eq!(shown["delivery_id"], "evt_1");
    assert_eq!(shown["proves"], "body and time");
    assert_eq!(shown["received"], true);
    assert_eq!(shown["answer"]["by"], "webhook-rs");
    assert_eq!(
        shown["hidden_headers"],
        serde_json::json!(["stripe-signature"])
    );
    assert_eq!(
        shown["conclusion"][0],
        "received: the sender counts any 2xx"
    );
    assert_eq!(shown["body_is"], "text");

    // Klap counts only JSON, and proves no more than two ids.
    let answer = listener.deliver("/klap/webhook_confirm", klap());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let shown = listener.newest();
    assert_eq!(
        (&shown["sender"], &shown["kind"]),
        (&"multicaja".into(), &"confirm".into())
    );
    assert!(
        shown["event"]["order"]["unauthenticated"].is_object(),
        "{shown}"
    );

    // Without the endpoint, as the receivers of the workspace answer it.
    assert_eq!(listener.deliver("/klap", klap()).status, 404);
    assert_eq!(listener.newest()["reason"], "endpoint_unnamed");
}

#[test]
fn what_is_forged_is_refused_and_shown_with_the_reason() {
    let home = Directory::new();
    let listener = Listener::start(&home, &[]);
    let other = testing::stripe(SystemTime::now(), r#"{"id":"evt_1"}"#, "whsec_of-another");
    assert_eq!(listener.deliver("/stripe", other).status, 401);
    let shown = listener.newest();
    assert_eq!(shown["verdict"], "refused");
    assert_eq!(shown["reason"], "credential_mismatch");
    assert_eq!(shown["received"], false);
    assert_eq!(shown["event"], serde_json::Value::Null);
    assert_eq!(shown["body"], r#"{"id":"evt_1"}"#);

    let long = SystemTime::now() - std::time::Duration::from_secs(3600);
    listener.deliver("/stripe", testing::stripe(long, "{}", STRIPE));
    assert_eq!(listener.newest()["reason"], "timestamp_outside_tolerance");

    // TusFacturas documents another answer.
    let missing = post("/tusfacturas", INVOICE).send(listener.server.addr);
    assert_eq!(missing.status, 403);
    assert_eq!(listener.newest()["reason"], "credential_missing");

    let get = post("/stripe", "").method("GET").send(listener.server.addr);
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    assert_eq!(listener.newest()["method"], "GET");
}

#[test]
fn a_handshake_is_answered_and_shown_as_one() {
    let home = Directory::new();
    let listener = Listener::start(&home, &[]);
    let body = r#"{"token":"XXYYZZ","challenge":"c-17","type":"url_verification"}"#;
    let slack = Slack::<webhook_core::Value>::from_keyring(Keyring::new(SLACK).unwrap());
    let signed = testing::scheme(slack.scheme(), SystemTime::now(), &[], body, SLACK);
    let answer = listener.deliver("/slack", signed);
    assert_eq!((answer.status, &*answer.body), (200, b"c-17".as_slice()));
    let shown = listener.newest();
    assert_eq!(shown["verdict"], "handshake");
    assert_eq!(shown["received"], serde_json::Value::Null);
    assert_eq!(shown["masked"], serde_json::json!(["token"]));
}

#[test]
fn a_body_that_is_too_long_is_not_read_and_the_request_is_shown() {
    let home = Directory::new();
    let listener = Listener::start(&home, &["stripe"]);
    // More than any sender but GitHub sends.
    let long = vec![b' '; 30 * 1024 * 1024];
    let mut announced = Connection::open(listener.server.addr);
    announced.write(&post("/stripe", long.clone()).head());
    assert_eq!(announced.response().status, 413);
    let chunked = post("/stripe", long).chunked().send(listener.server.addr);
    assert_eq!(chunked.status, 413);
    let shown = listener.list();
    assert_eq!(shown.len(), 2);
    assert!(shown.iter().all(|it| it["reason"] == "body_too_large"));
    let shown = listener.newest();
    assert_eq!(
        (&shown["body_is"], &shown["status"]),
        (&"not kept".into(), &413.into())
    );
}

#[test]
fn of_what_nobody_has_proven_a_huge_body_is_not_kept() {
    let listener = Listener::alone(&["github"]);
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(2 * 1024 * 1024));
    let secret = "github-secret-of-the-tests";
    let forged = testing::github("push", long.clone(), secret);
    assert_eq!(listener.deliver("/github", forged).status, 401);
    let shown = listener.newest();
    assert_eq!(shown["body_is"], "not kept");
    assert_eq!(shown["bytes"], long.len());
    drop(listener);

    let home = Directory::new();
    let variables = [("GITHUB_WEBHOOK_SECRET", secret)];
    let listener = Listener::with(&home, &["github"], &variables);
    let proven = testing::github("push", long.clone(), secret);
    assert_eq!(listener.deliver("/github", proven).status, 200);
    assert_eq!(listener.newest()["body"], long);
}

#[test]
fn a_body_that_does_not_come_is_waited_for_ten_seconds() {
    let home = Directory::new();
    let listener = Listener::start(&home, &["stripe"]);
    let started = std::time::Instant::now();
    let mut slow = Connection::open(listener.server.addr);
    slow.write(&post("/stripe", "never sent").head());
    assert_eq!(slow.response().status, 408);
    assert!(started.elapsed() >= std::time::Duration::from_secs(10));
    assert_eq!(listener.newest()["reason"], "body_timeout");
}

#[test]
fn a_path_of_no_sender_is_404_and_not_kept() {
    let home = Directory::new();
    let listener = Listener::start(&home, &["stripe", "github"]);
    for path in [
        "/",
        "/tusfacturas",
        "/stripes",
        "/stripe/../github",
        "/stripe/%2e%2e/x",
    ] {
        assert_eq!(
            listener.deliver(path, stripe("evt_1")).status,
            404,
            "{path}"
        );
    }
    let method = "M".repeat(33).leak();
    let method = post("/stripe", "").method(method);
    assert_eq!(method.send(listener.server.addr).status, 501);
    let long = format!("/stripe/{}", "a".repeat(4096));
    assert_eq!(listener.deliver(&long, stripe("evt_1")).status, 414);
    assert_eq!(listener.list().len(), 0);
    assert_eq!(
        listener.deliver("/stripe/below/it", stripe("evt_1")).status,
        200
    );

    let only = Listener::alone(&["stripe"]);
    for path in ["/", "/anything", "/stripe", "/stripe/x"] {
        assert_eq!(only.deliver(path, stripe("evt_1")).status, 200, "{path}");
    }
}

#[test]
fn no_credential_and_no_card_token_is_in_the_file_the_page_or_the_output() {
    let home = Directory::new();
    let listener = Listener::start(&home, &[]);
    let mut digests = Vec::new();
    for request in [
        stripe("evt_1"),
        klap(),
        super::listener::tusfacturas(INVOICE),
    ] {
        let hidden = ["stripe-signature", "apikey", "tf-webhooktoken"];
        let values = request
            .headers
            .iter()
            .filter(|(name, _)| hidden.contains(&name.as_str()));
        digests.extend(values.map(|(_, value)| value.to_str().unwrap().to_owned()));
        // Right, on the way of another sender, and with the secrets where they do not belong.
        for path in ["/klap/webhook_confirm", "/stripe", "/tusfacturas"] {
            listener.deliver(path, request.clone());
        }
    }
    assert_eq!(digests.len(), 3);
    for (_, secret) in SECRETS {
        let body = format!(r#"{{"token_id":"{CARD}","note":"{secret}","{secret}":[1]}}"#);
        let form = format!("token_id={CARD}&a={secret}");
        let target = format!("/multicaja/{secret}/x?api_key={secret}&webhook=confirm");
        for body in [body, form] {
            let hostile = post(&target, body)
                .header("Authorization", &format!("Bearer {secret}"))
                .header("Cookie", "session=of-the-developer")
                .header("X-Api-Key", secret)
                .header("User-Agent", secret)
                .header("Content-Type", "application/x-www-form-urlencoded");
            hostile.send(listener.server.addr);
        }
    }
    // Once all of these are kept: what is authentic can repeat its own secret.
    listener.list();
    let body = format!(r#"{{"id":"evt_2","type":"x","data":{{"{STRIPE}":"{STRIPE}"}}}}"#);
    let repeated = testing::stripe(SystemTime::now(), body, STRIPE);
    assert_eq!(listener.deliver("/stripe", repeated).status, 200);
    let event = listener.newest()["event"].to_string();
    assert!(event.contains("(masked)"), "{event}");
    let mut seen = Vec::new();
    for delivery in listener.list() {
        let detail = listener.get(&format!("/api/deliveries/{}", delivery["id"]));
        assert_eq!(detail.status, 200);
        seen.extend(detail.body);
    }
    for file in std::fs::read_dir(home.path()).unwrap() {
        let path = file.unwrap().path();
        // What the command makes for this machine is not what was given to it.
        seen.extend(std::fs::read(path).unwrap());
    }
    let mut forbidden = vec![
        CARD,
        "session=of-the-developer",
        STRIPE,
        KLAP,
        TUSFACTURAS,
        SLACK,
    ];
    forbidden.extend(digests.iter().map(String::as_str));
    let kept = listener.list().len();
    assert_eq!(kept, 9 + 2 * SECRETS.len() + 1);
    let written = listener.server.stop();
    seen.extend(written.as_bytes());
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("(masked)"));
    for secret in forbidden {
        assert!(!seen.contains(secret), "{secret}");
    }
}

#[test]
fn deliveries_survive_a_restart() {
    let home = Directory::new();
    let mut listener = Listener::start(&home, &[]);
    for at in 0..5 {
        listener.deliver("/stripe", stripe(&format!("evt_{at}")));
    }
    let before = listener.list();
    let detail = listener.newest();
    listener.server.signal("TERM");
    assert!(listener.server.wait().success());

    let again = Listener::start(&home, &[]);
    assert_eq!(again.list(), before);
    let mut newest = again.newest();
    // The port is another.
    newest["curl"] = detail["curl"].clone();
    assert_eq!(newest, detail);
    again.deliver("/stripe", stripe("evt_5"));
    assert_eq!(again.list()[0]["id"], 6);
}

#[test]
fn deliveries_survive_a_crash() {
    let home = Directory::new();
    let mut listener = Listener::start(&home, &[]);
    for at in 0..5 {
        listener.deliver("/stripe", stripe(&format!("evt_{at}")));
    }
    listener.server.signal("KILL");
    assert!(!listener.server.wait().success());
    assert_eq!(Listener::start(&home, &[]).list().len(), 5);
}

#[test]
fn a_sender_that_hangs_up_has_sent_the_delivery() {
    let home = Directory::new();
    let app = super::canned::Canned::start(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        std::time::Duration::from_millis(500),
    );
    let listener = Listener::start(&home, &["--forward", &app.url("/hook")]);
    let sent = sent("/stripe", &stripe("evt_1"));
    let mut connection = Connection::open(listener.server.addr);
    connection.write(&sent.head());
    connection.write(&sent.body());
    let deadline = std::time::Instant::now() + webhook_tests::patience::PATIENCE;
    while app.seen().is_empty() && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    connection.hang_up();
    while listener.list().is_empty() && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(listener.newest()["received"], true);
}

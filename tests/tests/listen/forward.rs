use std::time::{Duration, SystemTime};

use webhook_core::slack::Slack;
use webhook_core::{FromSecrets as _, Keyring, testing};
use webhook_tests::directory::Directory;
use webhook_tests::server;

use super::canned::Canned;
use super::listener::{
    CARD, KLAP, Listener, SLACK, STRIPE, TUSFACTURAS, command, klap, sent, stripe, tusfacturas,
};

#[test]
fn a_delivery_is_passed_on_as_it_was_received_and_the_answer_as_it_was_given() {
    let app = Canned::start(
        "HTTP/1.1 202 Accepted\r\nContent-Type: text/x-own\r\nX-Of-App: 1\r\nSet-Cookie: a=of-the-app\r\n\
         Connection: close, x-hop\r\nX-Hop: 1\r\nContent-Length: 4\r\n\r\nhola",
        Duration::ZERO,
    );
    let home = Directory::new();
    let listener = Listener::start(&home, &["--forward", &app.url("/base/?key=1")]);
    let body = "{\"hook_id\":\"h-1\", \"evento\":\"emitido\"}";
    let mut request = tusfacturas(body);
    request.headers.insert("x-extra", "kept".parse().unwrap());
    let answer = listener.deliver("/tusfacturas/below/it?q=2", request);
    assert_eq!((answer.status, &*answer.body), (202, b"hola".as_slice()));
    assert_eq!(answer.header("content-type"), Some("text/x-own"));
    assert_eq!(answer.header("x-of-app"), Some("1"));
    assert_eq!(answer.header("set-cookie"), Some("a=of-the-app"));
    assert_eq!(answer.header("x-hop"), None);

    let seen = app.seen();
    let [seen] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert!(
        seen.starts_with("POST /base/below/it?key=1&q=2 HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(seen.ends_with(body), "{seen}");
    let lower = seen.to_lowercase();
    assert!(lower.contains(&format!("tf-webhooktoken: {TUSFACTURAS}")));
    assert!(lower.contains("x-extra: kept"));
    assert!(lower.contains(&format!("host: {}", app.addr)));
    assert!(!lower.contains("x-forwarded"), "as it was received");

    let shown = listener.newest();
    assert_eq!(shown["answer"]["by"], "app");
    assert_eq!(shown["answer"]["body"], "hola");
    assert!(
        !shown.to_string().contains("of-the-app"),
        "a cookie is a credential"
    );
    assert_eq!(
        (&shown["status"], &shown["received"]),
        (&202.into(), &false.into())
    );
    assert!(
        shown["conclusion"]
            .to_string()
            .contains("the sender counts only 200"),
        "{shown}"
    );
}

#[test]
fn what_is_forged_is_not_passed_on_unless_all_is() {
    let app = Canned::answering("200 OK", "text/plain", "");
    let forged = || testing::stripe(SystemTime::now(), "{}", "whsec_of-another");
    let listener = Listener::alone(&["--forward", &app.url("/")]);
    assert_eq!(listener.deliver("/stripe", forged()).status, 401);
    assert_eq!(app.seen().len(), 0);
    assert_eq!(listener.deliver("/stripe", stripe("evt_1")).status, 200);
    assert_eq!(app.seen().len(), 1);

    let arguments = ["--forward", &app.url("/"), "--forward-all"];
    let listener = Listener::alone(&arguments);
    assert_eq!(listener.deliver("/stripe", forged()).status, 200);
    assert_eq!(app.seen().len(), 2);
    let shown = listener.newest();
    assert_eq!(
        (&shown["verdict"], &shown["answer"]["by"]),
        (&"refused".into(), &"app".into())
    );
}

#[test]
fn a_redirect_is_passed_back_and_not_followed() {
    let elsewhere = Canned::answering("200 OK", "text/plain", "");
    let app = Canned::start(
        format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            elsewhere.url("/")
        ),
        Duration::ZERO,
    );
    let listener = Listener::alone(&["--forward", &app.url("/")]);
    let answer = listener.deliver("/stripe", stripe("evt_1"));
    assert_eq!(
        (answer.status, answer.header("location")),
        (307, Some(&*elsewhere.url("/")))
    );
    assert_eq!((app.seen().len(), elsewhere.seen().len()), (1, 0));
    let shown = listener.newest();
    assert_eq!(shown["received"], false);
    assert!(
        shown["conclusion"].to_string().contains("and this is 307"),
        "{shown}"
    );
}

#[test]
fn an_app_that_is_down_is_a_502_and_says_so_on_the_page() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/hook");
    let listener = Listener::alone(&["--forward", &url]);
    assert_eq!(listener.deliver("/stripe", stripe("evt_1")).status, 502);
    let shown = listener.newest();
    assert_eq!(shown["answer"], serde_json::Value::Null);
    assert!(
        shown["failure"]
            .as_str()
            .unwrap()
            .starts_with("no connection")
    );
    assert_eq!(
        (&shown["status"], &shown["received"]),
        (&502.into(), &false.into())
    );
}

#[test]
fn an_app_that_is_slower_than_its_sender_waits_is_a_504() {
    // Mercado Libre waits half a second.
    let app = Canned::start(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        Duration::from_secs(2),
    );
    let listener = Listener::alone(&["--forward", &app.url("/")]);
    let hint = testing::unsigned(
        "/",
        r#"{"_id":"1","resource":"/orders/1","topic":"orders"}"#,
    );
    assert_eq!(listener.deliver("/mercadolibre", hint).status, 504);
    let shown = listener.newest();
    assert!(
        shown["conclusion"].to_string().contains("waits 500 ms"),
        "{shown}"
    );
}

#[test]
fn a_delivery_is_shown_while_the_app_is_at_work() {
    let app = Canned::start(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK",
        Duration::from_secs(3),
    );
    let listener = Listener::alone(&["--forward", &app.url("/")]);
    let addr = listener.server.addr;
    std::thread::scope(|scope| {
        let answer = scope.spawn(move || sent("/stripe", &stripe("evt_1")).send(addr).status);
        let pending = (0..2_000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(1));
            let list = listener.json("/api/deliveries");
            Some(list["deliveries"].as_array()?.first()?.clone())
        });
        let pending = pending.expect("a row while the app is at work");
        assert_eq!(pending["verdict"], "authentic");
        for unknown in ["status", "received", "took_ms"] {
            assert_eq!(pending[unknown], serde_json::Value::Null, "{pending}");
        }
        assert_eq!(answer.join().unwrap(), 200);
    });
    let answered = listener.newest();
    assert_eq!(
        (&answered["id"], &answered["status"]),
        (&1.into(), &200.into())
    );
    assert_eq!(answered["answer"]["body"], "OK");
    assert_eq!(answered["received"], true);
}

#[test]
fn what_listen_itself_receives_is_not_passed_on_to_itself() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let addr = free.to_string();
    let url = format!("http://localhost:{}/x", free.port());
    let home = Directory::new();
    let arguments = ["--addr", &addr, "--page", "127.0.0.1:0", "--forward", &url];
    let ran = server::run(command(&home, &arguments, &[]));
    let stderr = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("give the URL of the app"), "{stderr}");
}

#[test]
fn a_delivery_is_sent_again_signed_for_the_time_of_now() {
    let listener = Listener::alone(&[]);
    let long = SystemTime::now() - Duration::from_secs(86_400);
    let body = r#"{"id":"evt_1","object":"event","type":"invoice.paid"}"#;
    listener.deliver("/stripe", testing::stripe(long, body, STRIPE));
    assert_eq!(listener.newest()["reason"], "timestamp_outside_tolerance");
    let (status, sent) = listener.change("/api/deliveries/1/send-again");
    assert_eq!(status, 200, "{sent}");
    assert_eq!(
        (&sent["signed_anew"], &sent["received"]),
        (&true.into(), &true.into())
    );
    assert_eq!(sent["masked"], serde_json::json!([]));
    assert_eq!(
        sent["target"],
        format!("http://{}/stripe", listener.server.addr)
    );
    let shown = listener.newest();
    assert_eq!(
        (&shown["id"], &shown["verdict"]),
        (&2.into(), &"authentic".into())
    );
    assert_eq!(shown["body"], body);

    // With its time in a header, which must not be the old one.
    let slack = Slack::<webhook_core::Value>::from_keyring(Keyring::new(SLACK).unwrap());
    let old = testing::scheme(slack.scheme(), long, &[], body, SLACK);
    listener.deliver("/slack", old);
    assert_eq!(listener.newest()["reason"], "timestamp_outside_tolerance");
    let (status, sent) = listener.change("/api/deliveries/3/send-again");
    assert_eq!((status, &sent["received"]), (200, &true.into()), "{sent}");
}

#[test]
fn what_is_sent_again_has_the_endpoint_and_the_tenant_of_the_first() {
    let home = Directory::new();
    let variables = [
        ("MULTICAJA_API_KEY", KLAP),
        (
            "TF_WEBHOOK_TOKEN",
            "pdv-1=token-of-the-first,pdv-3=token-of-the-third",
        ),
    ];
    let listener = Listener::with(&home, &[], &variables);
    listener.deliver("/klap?webhook=confirm", klap());
    let (_, sent) = listener.change("/api/deliveries/1/send-again");
    assert_eq!(sent["received"], true, "{sent}");
    assert_eq!(listener.newest()["path"], "/klap?webhook=confirm");

    let body = r#"{"hook_id":"h-1","evento":"emitido"}"#;
    let third = testing::tusfacturas_body(body, "token-of-the-third");
    listener.deliver("/tusfacturas", third);
    assert_eq!(listener.newest()["label"], "pdv-3");
    let (_, sent) = listener.change("/api/deliveries/3/send-again");
    assert_eq!(sent["received"], true, "{sent}");
    assert_eq!(listener.newest()["label"], "pdv-3");
    drop(listener);

    // It cannot be of another tenant, whatever is configured later.
    let variables = [("TF_WEBHOOK_TOKEN", "pdv-1=token-of-the-first")];
    let listener = Listener::with(&home, &[], &variables);
    let (status, why) = listener.change("/api/deliveries/3/send-again");
    assert_eq!(status, 409);
    let why = why["error"].as_str().unwrap();
    assert!(why.contains("no secret with the label pdv-3"), "{why}");
}

#[test]
fn what_arrived_while_every_path_was_one_sender_s_is_sent_again_to_its_own() {
    let home = Directory::new();
    let listener = Listener::start(&home, &["stripe"]);
    listener.deliver("/hooks/pay", stripe("evt_1"));
    let (_, sent) = listener.change("/api/deliveries/1/send-again");
    let own = |path: &str, listener: &Listener| format!("http://{}{path}", listener.server.addr);
    assert_eq!(sent["target"], own("/hooks/pay", &listener));
    drop(listener);
    let listener = Listener::start(&home, &[]);
    let (_, sent) = listener.change("/api/deliveries/1/send-again");
    assert_eq!(sent["target"], own("/stripe", &listener));
    assert_eq!(sent["received"], true, "{sent}");
}

#[test]
fn the_beginning_of_an_answer_is_not_passed_back_as_the_answer() {
    let long = "a".repeat(2 * 1024 * 1024);
    let length = long.len();
    let app = Canned::start(
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{long}"),
        Duration::ZERO,
    );
    let listener = Listener::alone(&["--forward", &app.url("/")]);
    assert_eq!(listener.deliver("/stripe", stripe("evt_1")).status, 502);
    let shown = listener.newest();
    assert_eq!(shown["received"], false);
    let failure = shown["failure"].as_str().unwrap();
    assert!(
        failure.starts_with("the answer is longer than"),
        "{failure}"
    );
}

#[test]
fn what_was_masked_is_said_when_it_is_sent_again_to_the_app() {
    let app = Canned::answering("200 OK", "application/json", "{}");
    let listener = Listener::alone(&["--forward", &app.url("/base")]);
    listener.deliver("/klap/webhook_confirm", klap());
    let (status, sent) = listener.change("/api/deliveries/1/send-again");
    assert_eq!(status, 200, "{sent}");
    assert_eq!(sent["masked"], serde_json::json!(["token_id"]));
    assert_eq!(sent["answer"]["by"], "app");
    assert_eq!(sent["received"], true);
    let seen = app.seen();
    assert!(seen[0].contains(CARD), "the first time as it was received");
    assert!(
        seen[1].starts_with("POST /base/webhook_confirm HTTP/1.1"),
        "{}",
        seen[1]
    );
    assert!(!seen[1].contains(CARD) && seen[1].contains(r#""token_id" : "(masked)""#));
    assert!(seen[1].to_lowercase().contains("apikey: "));
}

#[test]
fn what_cannot_be_signed_is_not_sent_again() {
    let app = Canned::answering("200 OK", "text/plain", "");
    let arguments = ["--forward", &app.url("/"), "--forward-all"];
    let public = "a".repeat(64);
    let variables = [
        ("DISCORD_PUBLIC_KEY", &*public),
        ("STRIPE_WEBHOOK_SECRET", STRIPE),
    ];
    let home = Directory::new();
    let listener = Listener::with(&home, &arguments, &variables);
    let again = |id: u32| {
        let (status, why) = listener.change(&format!("/api/deliveries/{id}/send-again"));
        assert_eq!(status, 409, "{why}");
        why["error"].as_str().unwrap().to_owned()
    };
    let plain = testing::unsigned("/", "{}");
    listener.deliver("/discord", plain.clone());
    assert!(again(1).contains("set DISCORD_PRIVATE_KEY"));
    let mut hidden = plain;
    hidden
        .headers
        .insert("content-encoding", "gzip".parse().unwrap());
    listener.deliver("/stripe", hidden);
    assert!(again(2).contains("the body was not kept"));
    webhook_tests::client::post("/stripe", "")
        .method("GET")
        .send(listener.server.addr);
    assert!(again(3).contains("only what is sent by POST"));
    assert_eq!(app.seen().len(), 3, "each once, as it was received");
    assert_eq!(listener.change("/api/deliveries/4/send-again").0, 404);
}

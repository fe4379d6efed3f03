use webhook_tests::client::post;
use webhook_tests::directory::Directory;

use super::listener::{Listener, stripe};

#[test]
fn the_page_is_only_on_its_own_port() {
    for arguments in [&[][..], &["stripe"]] {
        let listener = Listener::alone(arguments);
        for path in [
            "/",
            "/app.js",
            "/app.css",
            "/api/state",
            "/api/deliveries",
            "/api/events",
        ] {
            let asked = post(path, "").method("GET").send(listener.server.addr);
            assert!(
                [404, 405].contains(&asked.status),
                "{path}: {}",
                asked.status
            );
            let text = String::from_utf8(asked.body).unwrap();
            assert!(
                !text.contains("token") && !text.contains("deliveries"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_request_that_is_not_the_page_s_own_is_refused() {
    let listener = Listener::alone(&[]);
    listener.deliver("/stripe", stripe("evt_1"));
    let token = listener.token();
    let own = format!("http://{}", listener.page);
    let receiving = listener.server.addr.to_string();
    let with_token = |headers: &[(&'static str, &str)]| {
        let headers = [headers, &[("X-Webhook-Rs-Token", &*token)]].concat();
        listener.ask("POST", "/api/clear", &headers).status
    };
    for host in [
        "evil.example",
        "evil.example:4001",
        &receiving,
        "192.168.0.1",
    ] {
        let asked = listener.ask("GET", "/api/state", &[("Host", host)]);
        assert_eq!(asked.status, 403, "{host}");
        assert!(!String::from_utf8_lossy(&asked.body).contains("stripe"));
        assert_eq!(with_token(&[("Host", host), ("Origin", &own)]), 403);
    }
    for name in [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "Via",
        "CF-Ray",
    ] {
        assert_eq!(
            listener.ask("GET", "/", &[(name, "x")]).status,
            403,
            "{name}"
        );
    }
    assert_eq!(with_token(&[]), 403);
    assert_eq!(with_token(&[("Origin", "http://evil.example")]), 403);
    assert_eq!(with_token(&[("Origin", "null")]), 403);
    assert_eq!(
        with_token(&[("Origin", &own), ("Sec-Fetch-Site", "cross-site")]),
        403
    );
    for token in ["", "0", &token[1..], &"0".repeat(64)] {
        let headers = [("Origin", &*own), ("X-Webhook-Rs-Token", token)];
        assert_eq!(
            listener.ask("POST", "/api/clear", &headers).status,
            403,
            "{token}"
        );
    }
    for site in ["cross-site", "same-site"] {
        let headers = [("Sec-Fetch-Site", site)];
        assert_eq!(listener.ask("GET", "/api/deliveries", &headers).status, 403);
    }
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
        assert_eq!(
            listener.ask(method, "/api/clear", &[]).status,
            405,
            "{method}"
        );
    }
    assert_eq!(listener.ask("GET", "/api/clear", &[]).status, 405);
    assert_eq!(listener.list().len(), 1, "nothing was changed");

    assert_eq!(with_token(&[("Origin", &own)]), 200);
    assert_eq!(listener.list().len(), 0);
}

#[test]
fn a_browser_is_told_to_run_nothing_foreign_and_to_frame_nothing() {
    let listener = Listener::alone(&[]);
    let refused = listener.ask("GET", "/", &[("Host", "evil.example")]);
    let answers = ["/", "/app.js", "/app.css", "/api/state", "/nothing"].map(|it| listener.get(it));
    for answer in answers.iter().chain([&refused]) {
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|it| it == part), "{part}: {policy}");
        }
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value));
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    let types = [
        "text/html; charset=utf-8",
        "text/javascript; charset=utf-8",
        "text/css; charset=utf-8",
    ];
    for (answer, expected) in answers.iter().zip(types) {
        assert_eq!(answer.header("content-type"), Some(expected));
    }
}

#[test]
fn the_token_is_another_one_after_a_restart() {
    let home = Directory::new();
    let mut first = Listener::start(&home, &[]);
    let token = first.token();
    first.server.signal("TERM");
    first.server.wait();
    assert_ne!(Listener::start(&home, &[]).token(), token);
}

#[test]
fn the_state_says_what_is_received_and_how_much_is_kept() {
    let listener = Listener::alone(&[]);
    listener.deliver("/stripe", stripe("evt_1"));
    let state = listener.json("/api/state");
    assert_eq!(
        state["receiving"],
        format!("http://{}", listener.server.addr)
    );
    assert_eq!(state["forward"], serde_json::Value::Null);
    assert_eq!(state["kept"]["deliveries"], 1);
    assert_eq!(state["kept"]["most_deliveries"], 10_000);
    assert_eq!(state["kept"]["most_bytes"], 256 * 1024 * 1024);
    let secrets = |name: &str| {
        let senders = state["senders"].as_array().unwrap();
        let sender = senders.iter().find(|it| it["name"] == name).unwrap();
        sender["secret"].clone()
    };
    assert_eq!(secrets("stripe"), "variable");
    assert_eq!(secrets("github"), "made");
    assert_eq!(secrets("flow"), "none");
}

#[test]
fn the_list_is_bounded_and_filtered() {
    let listener = Listener::alone(&[]);
    for at in 0..5 {
        listener.deliver("/stripe", stripe(&format!("evt_{at}")));
    }
    post("/github", "{}").send(listener.server.addr);
    listener.settle();
    let ids = |query: &str| {
        let list = listener.json(&format!("/api/deliveries?{query}"));
        let ids = list["deliveries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["id"].as_i64().unwrap());
        (ids.collect::<Vec<_>>(), list["more"].as_bool().unwrap())
    };
    assert_eq!(ids("limit=2"), (vec![6, 5], true));
    assert_eq!(ids("limit=2&before=3"), (vec![2, 1], false));
    assert_eq!(ids("sender=github"), (vec![6], false));
    assert_eq!(ids("verdict=refused"), (vec![6], false));
    assert_eq!(ids("verdict=authentic&q=EVT_3"), (vec![4], false));
    assert_eq!(ids("q=%25").0, [0; 0]);
    for wrong in ["limit=x", "before=x", "verdict=x", "other=1"] {
        assert_eq!(
            listener.get(&format!("/api/deliveries?{wrong}")).status,
            400
        );
    }
    for gone in ["7", "x", "-1", "99999999999999999999"] {
        assert_eq!(listener.get(&format!("/api/deliveries/{gone}")).status, 404);
    }
}

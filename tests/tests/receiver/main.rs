//! Starts the real receivers, sends them real HTTP, and reads the lines that they write.

mod cases;
mod presets;
mod real;
mod schemes;
mod signing;

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use cases::{API_KEY, CARD_TOKEN, Case, OTHER_TOKEN, Sent, TOKEN, VARIABLES};
use webhook_examples::Limits;
use webhook_tests::client::{Connection, post};
use webhook_tests::server::{self, Server};

const RECEIVERS: [&str; 2] = webhook_tests::receivers!();

/// Runs a test on both receivers at once. A failure shows the receiver as its thread.
fn on_both(test: fn(&'static str)) {
    let runs = RECEIVERS.map(|binary| {
        let name = Path::new(binary).file_stem().unwrap().to_string_lossy();
        let run = thread::Builder::new().name(name.into_owned());
        run.spawn(move || test(binary)).unwrap()
    });
    let failed = runs.map(|run| run.join().is_err());
    assert_eq!(failed, [false, false], "failed on {RECEIVERS:?}");
}

fn start(binary: &str) -> Server {
    Server::start(binary, &VARIABLES)
}

fn assert_healthy(server: &Server) {
    let health = post("/health", "").method("GET");
    assert_eq!(health.send(server.addr).status, 200);
}

#[test]
fn both_receivers_answer_every_case_as_documented_and_print_no_secret() {
    on_both(|binary| {
        let [tokens, keys] = VARIABLES;
        let mut server = Server::start(binary, &[tokens, keys, ("RUST_LOG", "trace")]);
        check_all(&server, cases::all());
        assert_healthy(&server);
        assert_eq!(server.other_events(), [""; 0]);

        let written = server.stop();
        assert!(written.contains("webhook received"), "the log is on");
        for secret in [TOKEN, OTHER_TOKEN, API_KEY, "old-key-8899aabb", CARD_TOKEN] {
            let shown = written.lines().find(|line| line.contains(secret));
            assert_eq!(shown, None, "{secret}");
        }
    });
}

/// Sends one request after another, and then waits for the connections that must close: actix takes a second for that.
fn check_all(server: &Server, cases: impl IntoIterator<Item = Case>) {
    let mut closing = Vec::new();
    for case in cases {
        if let Some(connection) = check(server, &case) {
            closing.push((case.name, connection));
        }
    }
    for (name, mut connection) in closing {
        assert!(connection.is_closed_by_server(), "{name}");
    }
}

/// Sends a request, and returns the connection if the server must close it.
fn check(server: &Server, case: &Case) -> Option<Connection> {
    let name = &case.name;
    let mut connection = Connection::open(server.addr);
    connection.write(&case.request.head());
    let body = case.request.body();
    match case.sent {
        Sent::Whole => connection.write(&body),
        Sent::HeadOnly => {}
        Sent::Unended => connection.write(&body[..body.len() - "\r\n0\r\n\r\n".len()]),
    }
    let response = connection
        .try_response()
        .unwrap_or_else(|error| panic!("{name}: {error}\n{}", server.last_lines()));

    let expected = &case.answer;
    assert_eq!(response.status, expected.status, "{name}: {response:?}");
    assert_eq!(
        response.header("content-type"),
        expected.content_type,
        "{name}"
    );
    assert_eq!(response.header("allow"), expected.allow, "{name}");
    let (body, expected_body) = [&response.body, &expected.body]
        .map(|body| String::from_utf8_lossy(body))
        .into();
    assert_eq!(body, expected_body, "{name}");
    if let Some(event) = &case.event {
        assert_eq!(server.event(), *event, "{name}");
    }
    expected.closes.then(|| {
        assert_eq!(response.header("connection"), Some("close"), "{name}");
        connection
    })
}

#[test]
fn a_refused_credential_is_answered_without_waiting_for_the_body() {
    on_both(|binary| {
        let server = start(binary);
        for (path, status) in [("/webhook", 403), ("/webhook_confirm", 500)] {
            let refused = post(path, vec![b' '; 1000]).header("TF-WebhookToken", "wrong");
            for refused in [refused.clone(), refused.chunked()] {
                let mut connection = Connection::open(server.addr);
                connection.write(&refused.head());
                // A receiver that waited for the body would wait longer than the client waits for the answer.
                assert_eq!(connection.response().status, status);
                assert!(connection.is_closed_by_server());
            }
        }
    });
}

#[test]
fn the_body_of_a_refused_request_is_never_read_as_the_next_request() {
    on_both(|binary| {
        let mut server = start(binary);
        let inner = cases::tusfacturas(r#"{"evento":"test"}"#);
        let smuggled = [inner.head(), inner.body()].concat();
        for path in ["/webhook", "/webhook_confirm", "/webhooks"] {
            let mut connection = Connection::open(server.addr);
            let refused = post(path, smuggled.clone());
            connection.write(&refused.head());
            assert_ne!(connection.response().status, 200);
            // The server may either close the connection, or skip the body and answer this.
            let next = post("/health", "")
                .method("GET")
                .header("Connection", "close");
            connection.write(&[refused.body(), next.head()].concat());
            let answers = connection.until_closed();
            assert!(answers.matches("HTTP/1.1").count() <= 1, "{answers}");
        }
        assert_healthy(&server);
        assert_eq!(server.other_events(), [""; 0]);
    });
}

#[test]
fn deliveries_on_one_connection_are_answered_one_after_another() {
    on_both(|binary| {
        let server = start(binary);
        let mut connection = Connection::open(server.addr);
        for _ in 0..3 {
            let (invoice, order) = (cases::tusfacturas(r#"{"evento":"test"}"#), cases::confirm());
            connection
                .write(&[invoice.head(), invoice.body(), order.head(), order.body()].concat());
            for provider in ["tusfacturas", "multicaja"] {
                assert_eq!(connection.response().status, 200);
                assert_eq!(server.event()["provider"], provider);
            }
        }
    });
}

/// The variables of [`start`], and one limit.
fn start_limited(binary: &str, variable: &str, limit: Duration) -> Server {
    let [tokens, keys] = VARIABLES;
    let limit = limit.as_millis().to_string();
    Server::start(binary, &[tokens, keys, (variable, &limit)])
}

#[test]
fn a_late_body_is_answered_with_408_and_the_connection_closed() {
    // Far shorter than the default: ending before that shows that the setting is used. The limit for the headers is
    // longer than the client waits, so only this limit can end a request.
    const LIMIT: Duration = Duration::from_secs(1);
    on_both(|binary| {
        let mut server = start_limited(binary, "BODY_TIMEOUT_MS", LIMIT);
        let body = r#"{"evento":"test"}"#;
        let requests = [
            cases::tusfacturas(body),
            cases::tusfacturas(body).chunked(),
            cases::confirm(),
        ];
        let slow = requests.map(|request| {
            let opened = Instant::now();
            let mut connection = Connection::open(server.addr);
            connection.write(&request.head());
            connection.write(&request.body()[..5]);
            (opened, connection)
        });
        for (opened, mut connection) in slow {
            let response = connection.response();
            let after = opened.elapsed();
            assert!(after >= LIMIT, "{after:?}");
            assert!(after < Limits::default().body, "{after:?}");
            assert_eq!(response.status, 408);
            assert_eq!(response.header("connection"), Some("close"));
            assert_eq!(response.header("content-type"), None);
            assert_eq!(response.body, b"");
            assert!(connection.is_closed_by_server());
        }
        assert_healthy(&server);
        assert_eq!(server.other_events(), [""; 0]);
    });
}

#[test]
fn headers_that_do_not_arrive_in_time_end_the_connection() {
    // Far shorter than the default, as above. How much earlier than this a connection ends is not asserted: actix
    // checks the clock only twice a second, or less often on a busy machine, and counts from there.
    const LIMIT: Duration = Duration::from_secs(2);
    on_both(|binary| {
        let server = start_limited(binary, "HEAD_TIMEOUT_MS", LIMIT);
        // The last one begins like HTTP/2.
        let heads = ["", "POST /webhook HTTP/1.1\r\nHost: rec", "PRI * HTTP/2."];
        let silent = heads.map(|head| {
            let opened = Instant::now();
            let mut connection = Connection::open(server.addr);
            connection.write(head.as_bytes());
            (opened, connection)
        });
        for (opened, connection) in silent {
            connection.until_closed();
            let after = opened.elapsed();
            assert!(after > LIMIT / 4, "{after:?}");
            assert!(after < Limits::default().head, "{after:?}");
        }
        assert_healthy(&server);
    });
}

#[test]
fn a_sender_that_hangs_up_while_sending_leaves_no_event_and_no_error() {
    on_both(|binary| {
        let mut server = start(binary);
        let body = r#"{"evento":"test"}"#;
        for request in [
            cases::tusfacturas(body),
            cases::tusfacturas(body).chunked(),
            cases::confirm(),
        ] {
            let framed = request.body();
            for sent in [0, 1, framed.len() - 1] {
                let mut connection = Connection::open(server.addr);
                connection.write(&request.head());
                connection.write(&framed[..sent]);
                connection.hang_up();
            }
        }
        assert_healthy(&server);
        let whole = cases::tusfacturas(r#"{"evento":"emitido"}"#);
        assert_eq!(whole.send(server.addr).status, 200);
        assert_eq!(server.event()["event"]["evento"], "emitido");
        assert_eq!(server.other_events(), [""; 0]);

        let written = server.stop();
        assert!(
            !written.contains("ERROR") && !written.contains("WARN"),
            "{written}"
        );
    });
}

#[test]
fn a_request_in_flight_is_answered_before_a_signal_ends_the_server() {
    on_both(|binary| {
        for signal in ["TERM", "INT"] {
            let mut server = start(binary);
            let request =
                cases::tusfacturas(r#"{"evento":"emitido"}"#).header("Expect", "100-continue");
            let body = request.body();
            let (first, last) = body.split_at(5);
            let mut connection = Connection::open(server.addr);
            connection.write(&request.head());
            // It is in flight once the server asks for the body.
            connection.is_told_to_continue();
            connection.write(first);
            let mut idle = Connection::open(server.addr);
            idle.write(&post("/health", "").method("GET").head());
            assert_eq!(idle.response().status, 200);

            server.signal(signal);
            server.wait_until_closed();
            connection.write(last);
            assert_eq!(connection.response().status, 200);
            assert_eq!(server.event()["event"]["evento"], "emitido");
            assert!(server.wait().success());
        }
    });
}

#[test]
fn an_empty_secret_prevents_the_start_and_names_the_variable() {
    on_both(|binary| {
        for (variable, value) in [
            ("TF_WEBHOOK_TOKEN", ""),
            ("TF_WEBHOOK_TOKEN", "  "),
            ("TF_WEBHOOK_TOKEN", "one,,two"),
            ("TF_WEBHOOK_TOKEN", "one,"),
            ("TF_WEBHOOK_TOKEN", "pdv-3="),
            ("TF_WEBHOOK_TOKEN", "one\n"),
            ("TF_WEBHOOK_TOKEN", "one,one"),
            ("MULTICAJA_API_KEY", ""),
            ("MULTICAJA_API_KEY", "a=1,b= ,c=3"),
            ("ADDR", ""),
            ("ADDR", "3000"),
            ("HEAD_TIMEOUT_MS", ""),
            ("HEAD_TIMEOUT_MS", "10s"),
            ("BODY_TIMEOUT_MS", "0"),
        ] {
            let output = server::run(server::command(binary, &[(variable, value)]));
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success(), "{variable}={value:?}: {stderr}");
            assert!(
                stderr.starts_with(&format!("Error: {variable} ")),
                "{stderr}"
            );
            assert!(!stderr.contains("panicked"), "{stderr}");
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
        }
    });
}

#[test]
fn a_generated_secret_is_printed_and_accepted() {
    on_both(|binary| {
        let server = Server::start(binary, &[]);
        let commands = server.commands();
        let generated = |variable: &str| {
            let export = format!("export {variable}=");
            let mut found = commands
                .iter()
                .filter_map(|line| line.strip_prefix(&export));
            found.next().unwrap()
        };
        let (token, key) = (
            generated("TF_WEBHOOK_TOKEN"),
            generated("MULTICAJA_API_KEY"),
        );
        assert_ne!(token, key);
        let invoice = post("/webhook", r#"{"evento":"test"}"#).header("TF-WebhookToken", token);
        assert_eq!(invoice.send(server.addr).status, 200);
        let order = post(
            "/webhook_reject",
            r#"{"reference_id":"ABC","order_id":"123"}"#,
        );
        assert_eq!(
            order.signed("ABC", "123", key).send(server.addr).status,
            200
        );
    });
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that was skipped says so")]
fn the_printed_commands_succeed_in_a_shell() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: curl is not installed");
        return;
    }
    on_both(|binary| {
        for (tokens, keys, key) in [
            (None, None, None),
            (
                Some("one $HOME \"token\" \\n %s"),
                Some("a key's 'quotes'"),
                None,
            ),
            (Some("Zm9vYg=="), Some("abcd=="), None),
            (Some("one,two"), Some("one,b=two"), None),
            (Some("pdv-3=one=="), Some("pdv-3=one"), Some("pdv-3")),
            (
                Some("pdv-3=a=b,pdv-4=two"),
                Some("pdv-3=Zm9vYg==,two"),
                Some("pdv-3"),
            ),
        ] {
            let variables: Vec<_> = [("TF_WEBHOOK_TOKEN", tokens), ("MULTICAJA_API_KEY", keys)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect();
            let server = Server::start(binary, &variables);
            let commands = server.commands();
            let mut shell = server::command("sh", &variables);
            shell.args(["-euc", &commands.join("\n")]);
            let output = server::run(shell);
            let shown = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{commands:#?}\n{output:?}");
            assert_eq!(
                shown.matches("200 OK").count(),
                commands
                    .iter()
                    .filter(|line| line.starts_with("curl"))
                    .count()
            );
            for provider in ["tusfacturas", "multicaja"] {
                let event = server.event();
                assert_eq!(event["provider"], provider);
                assert_eq!(event["key"].as_str(), key);
            }
            for (_, value) in variables {
                let written = commands.join("\n");
                let secret = value.split(',').next().unwrap();
                let secret = secret.strip_prefix("pdv-3=").unwrap_or(secret);
                assert!(secret.len() < 5 || !written.contains(secret), "{written}");
            }
        }
    });
}

#[test]
fn the_layer_serves_on_bare_hyper() {
    let mut server = Server::start(env!("CARGO_BIN_EXE_test-hyper"), &VARIABLES);
    let delivery = cases::tusfacturas(r#"{"evento":"emitido"}"#);
    for _ in 0..2 {
        let response = delivery.send(server.addr);
        assert_eq!((response.status, response.body), (200, b"OK".to_vec()));
        assert_eq!(server.event()["key"], "pdv-3");
    }
    assert_eq!(post("/webhook", "{}").send(server.addr).status, 403);
    let response = delivery.method("GET").send(server.addr);
    assert_eq!(
        (response.status, response.header("allow")),
        (405, Some("POST"))
    );
    assert_eq!(server.other_events(), [""; 0]);
}

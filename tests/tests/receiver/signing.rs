//! The senders that sign, through both receivers: the answer, and the line on stdout.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use webhook_core::testing::{self, TestRequest};

use crate::cases::{Answer, Case, Sent};
use crate::presets::can_sign_in_a_shell;
use crate::{check_all, on_both};
use webhook_tests::client::{Request, post};
use webhook_tests::server::{self, Server};

const STANDARD_KEY: &str = "whsec_bmluZXR5LXNpeCBiaXRzIG9mIGtleSBvciBtb3JlISE=";
const OTHER_STANDARD_KEY: &str = "b25lIG1vcmUga2V5IG9mIG1hbnkgYnl0ZXMuLg==";
const GITHUB_KEY: &str = "It's a Secret to Everybody";
const OTHER_GITHUB_KEY: &str = "bmV3ZXIga2V5==";
const STRIPE_KEY: &str = "whsec_stripe-4f5e6d";
const MERCADOPAGO_KEY: &str = "mercadopago-7a8b9c0d";

const VARIABLES: [(&str, &str); 4] = [
    (
        "STANDARD_WEBHOOKS_SECRET",
        "new=whsec_bmluZXR5LXNpeCBiaXRzIG9mIGtleSBvciBtb3JlISE=,b25lIG1vcmUga2V5IG9mIG1hbnkgYnl0ZXMuLg==",
    ),
    (
        "GITHUB_WEBHOOK_SECRET",
        "org-1=It's a Secret to Everybody,bmV3ZXIga2V5==",
    ),
    ("STRIPE_WEBHOOK_SECRET", "whsec_stripe-4f5e6d"),
    ("MERCADOPAGO_WEBHOOK_SECRET", "app-1=mercadopago-7a8b9c0d"),
];

const MIB: usize = 1024 * 1024;
const PAYLOAD: &str = r#"{"type":"factura.pagada","texto":"ñandú \u00f3","monto":15990.50}"#;

/// The change of a row to an authentic request.
type Change<'a> = &'a dyn Fn(&mut TestRequest);

/// The cases of a sender are signed only after those before were sent: on a slow machine a signature could otherwise
/// get older than the tolerance.
fn cases() -> impl Iterator<Item = Case> {
    let senders = [standard_webhooks, github, stripe, mercadopago];
    senders.into_iter().flat_map(|cases| cases())
}

fn row(name: &str, request: Request, status: u16, event: Option<Value>) -> Case {
    let answer = Answer {
        status,
        content_type: None,
        allow: (status == 405).then_some("POST"),
        body: Vec::new(),
        closes: status == 413,
    };
    Case {
        name: name.to_owned(),
        request,
        sent: Sent::Whole,
        answer,
        event,
    }
}

/// Rows that are refused, each made from an authentic request.
fn refused(sender: &str, authentic: &TestRequest, rows: &[(&str, Change<'_>, u16)]) -> Vec<Case> {
    let changed = |(name, change, status): &(&str, Change<'_>, u16)| {
        let mut request = authentic.clone();
        change(&mut request);
        row(
            &format!("{sender}: {name}"),
            as_sent(&request),
            *status,
            None,
        )
    };
    rows.iter().map(changed).collect()
}

/// A request that is refused by its headers is answered before its body is sent.
fn head_only(mut case: Case) -> Case {
    case.sent = Sent::HeadOnly;
    case
}

fn as_sent(request: &TestRequest) -> Request {
    let sent = post(&request.uri.to_string(), request.body.to_vec());
    let headers = request.headers.iter();
    headers.fold(sent, |sent, (name, value)| {
        sent.header(name.as_str(), value.to_str().unwrap())
    })
}

fn set(request: &mut TestRequest, name: &'static str, value: &str) {
    request.headers.insert(name, value.parse().unwrap());
}

fn value(request: &TestRequest, name: &str) -> String {
    request.headers[name].to_str().unwrap().to_owned()
}

fn repeat(request: &mut TestRequest, name: &'static str) {
    let value = request.headers[name].clone();
    request.headers.append(name, value);
}

/// JSON of this length, most of it whitespace: it is read, signed and buffered, but its event stays small.
fn padded(length: usize) -> String {
    let json = r#"{"type":"long"}"#;
    json.to_owned() + &" ".repeat(length - json.len())
}

fn long_ago() -> SystemTime {
    SystemTime::now() - Duration::from_secs(3600)
}

fn standard_webhooks() -> Vec<Case> {
    let now = SystemTime::now();
    let sign = |body: &str, key| testing::standard_webhooks("msg_1", now, body.to_owned(), key);
    let authentic = sign(PAYLOAD, STANDARD_KEY);
    let timestamp: u64 = value(&authentic, "webhook-timestamp").parse().unwrap();
    let line = |key: Option<&str>, payload: &str| {
        let payload: Value = serde_json::from_str(payload).unwrap();
        Some(json!({
            "provider": "standard_webhooks",
            "key": key,
            "event": {"id": "msg_1", "timestamp": timestamp, "payload": payload},
        }))
    };
    let to_svix = |request: &mut TestRequest| {
        for (from, to) in [
            ("webhook-id", "svix-id"),
            ("webhook-timestamp", "svix-timestamp"),
            ("webhook-signature", "svix-signature"),
        ] {
            let value = request.headers.remove(from).unwrap();
            request.headers.insert(to, value);
        }
    };
    let mut svix = authentic.clone();
    to_svix(&mut svix);
    let accepted =
        |name, request: &TestRequest, key| row(name, as_sent(request), 200, line(key, PAYLOAD));
    let mut cases = vec![
        accepted("webhook-*", &authentic, Some("new")),
        accepted("svix-*", &svix, Some("new")),
        accepted(
            "the key without a label",
            &sign(PAYLOAD, OTHER_STANDARD_KEY),
            None,
        ),
        row(
            "1 MiB",
            as_sent(&sign(&padded(MIB), STANDARD_KEY)),
            200,
            line(Some("new"), r#"{"type":"long"}"#),
        ),
        head_only(row(
            "1 MiB and one",
            as_sent(&sign(&padded(MIB + 1), STANDARD_KEY)),
            413,
            None,
        )),
        head_only(row(
            "no credential comes before the size",
            post("/standard", padded(MIB + 1)),
            401,
            None,
        )),
    ];
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    cases.extend(refused(
        "standard_webhooks",
        &authentic,
        &[
            ("another key", &|r| *r = sign(PAYLOAD, other), 401),
            (
                "another body",
                &|r| r.body = PAYLOAD.replace("15990", "15991").into(),
                401,
            ),
            ("another id", &|r| set(r, "webhook-id", "msg_2"), 401),
            (
                "both families at once",
                &|r| {
                    let mut svix = r.clone();
                    to_svix(&mut svix);
                    r.headers.extend(svix.headers);
                },
                401,
            ),
            (
                "one header of the other family",
                &|r| set(r, "svix-id", "msg_1"),
                401,
            ),
            (
                "no signature",
                &|r| drop(r.headers.remove("webhook-signature")),
                401,
            ),
            (
                "the signature twice",
                &|r| repeat(r, "webhook-signature"),
                401,
            ),
            (
                "an hour old",
                &|r| {
                    *r = testing::standard_webhooks("msg_1", long_ago(), PAYLOAD, STANDARD_KEY);
                },
                401,
            ),
            ("no JSON", &|r| *r = sign("type=test", STANDARD_KEY), 400),
        ],
    ));
    cases
}

fn github() -> Vec<Case> {
    let authentic = testing::github("push", PAYLOAD, GITHUB_KEY);
    let line = |key: Option<&str>, event: &str, payload: Value| {
        Some(json!({
            "provider": "github",
            "key": key,
            "event": {
                "payload": payload,
                "unauthenticated": {
                    "event": event,
                    "delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
                },
            },
        }))
    };
    let payload: Value = serde_json::from_str(PAYLOAD).unwrap();
    let zen = r#"{"zen":"Design for failure.","hook_id":7,"hook":{"type":"Repository"}}"#;
    let ping = json!({"ping": {"hook_id": 7, "zen": "Design for failure."}});
    let long = |length| testing::github("push", padded(length), GITHUB_KEY);
    let accepted = |name, request: &TestRequest, key, event, payload| {
        row(name, as_sent(request), 200, line(key, event, payload))
    };
    let org = Some("org-1");
    let mut cases = vec![
        accepted("push", &authentic, org, "push", json!({"event": payload})),
        accepted(
            "the key without a label",
            &testing::github("push", PAYLOAD, OTHER_GITHUB_KEY),
            None,
            "push",
            json!({"event": payload}),
        ),
        accepted(
            "a form",
            &testing::github_form("push", PAYLOAD, GITHUB_KEY),
            org,
            "push",
            json!({"event": payload}),
        ),
        accepted(
            "ping",
            &testing::github("ping", zen, GITHUB_KEY),
            org,
            "ping",
            ping.clone(),
        ),
        accepted(
            "ping as a form",
            &testing::github_form("ping", zen, GITHUB_KEY),
            org,
            "ping",
            ping,
        ),
        accepted(
            "25 MiB",
            &long(25 * MIB),
            org,
            "push",
            json!({"event": {"type": "long"}}),
        ),
        head_only(row(
            "25 MiB and one",
            post("/github", vec![b' '; 25 * MIB + 1]).header(
                "X-Hub-Signature-256",
                &value(&authentic, "x-hub-signature-256"),
            ),
            413,
            None,
        )),
        head_only(row(
            "no credential comes before the size",
            post("/github", vec![b' '; 25 * MIB + 1]),
            401,
            None,
        )),
    ];
    let signature = "x-hub-signature-256";
    cases.extend(refused(
        "github",
        &authentic,
        &[
            (
                "another key",
                &|r| *r = testing::github("push", PAYLOAD, "another"),
                401,
            ),
            (
                "another body",
                &|r| r.body = PAYLOAD.replace("15990", "15991").into(),
                401,
            ),
            ("no signature", &|r| drop(r.headers.remove(signature)), 401),
            ("the signature twice", &|r| repeat(r, signature), 401),
            (
                "the legacy signature alone",
                &|r| {
                    let value = r.headers.remove(signature).unwrap();
                    r.headers.insert("x-hub-signature", value);
                },
                401,
            ),
            (
                "no JSON",
                &|r| *r = testing::github("push", "payload", GITHUB_KEY),
                400,
            ),
            (
                "a form without a payload",
                &|r| {
                    *r = testing::github("push", "body=%7B%7D", GITHUB_KEY);
                    set(r, "content-type", "application/x-www-form-urlencoded");
                },
                400,
            ),
            (
                "a form that is not declared",
                &|r| {
                    *r = testing::github_form("push", PAYLOAD, GITHUB_KEY);
                    set(r, "content-type", "application/json");
                },
                400,
            ),
        ],
    ));
    cases
}

fn stripe() -> Vec<Case> {
    let now = SystemTime::now();
    let sign = |body: &str| testing::stripe(now, body.to_owned(), STRIPE_KEY);
    let authentic = sign(PAYLOAD);
    let sent = value(&authentic, "stripe-signature");
    let (t, v1) = sent.split_once(',').unwrap();
    let timestamp: u64 = t.trim_start_matches("t=").parse().unwrap();
    let line = |payload: &str| {
        let payload: Value = serde_json::from_str(payload).unwrap();
        Some(json!({
            "provider": "stripe",
            "key": null,
            "event": {"timestamp": timestamp, "payload": payload},
        }))
    };
    let mut rolled = authentic.clone();
    let other = "0".repeat(64);
    set(
        &mut rolled,
        "stripe-signature",
        &format!("{t},v1={other},{v1},v0=x"),
    );
    let mut cases = vec![
        row("as signed", as_sent(&authentic), 200, line(PAYLOAD)),
        row(
            "a secret being rolled",
            as_sent(&rolled),
            200,
            line(PAYLOAD),
        ),
        row(
            "1 MiB",
            as_sent(&sign(&padded(MIB))),
            200,
            line(r#"{"type":"long"}"#),
        ),
        head_only(row(
            "1 MiB and one",
            as_sent(&sign(&padded(MIB + 1))),
            413,
            None,
        )),
    ];
    cases.extend(refused(
        "stripe",
        &authentic,
        &[
            (
                "another key",
                &|r| *r = testing::stripe(now, PAYLOAD, "whsec_another"),
                401,
            ),
            (
                "another body",
                &|r| r.body = PAYLOAD.replace("15990", "15991").into(),
                401,
            ),
            (
                "another time",
                &|r| set(r, "stripe-signature", &format!("t={},{v1}", timestamp + 1)),
                401,
            ),
            (
                "an hour old",
                &|r| *r = testing::stripe(long_ago(), PAYLOAD, STRIPE_KEY),
                401,
            ),
            (
                "an hour ahead",
                &|r| {
                    let then = SystemTime::now() + Duration::from_secs(3600);
                    *r = testing::stripe(then, PAYLOAD, STRIPE_KEY);
                },
                401,
            ),
            (
                "no signature",
                &|r| drop(r.headers.remove("stripe-signature")),
                401,
            ),
            ("the header twice", &|r| repeat(r, "stripe-signature"), 401),
            ("no JSON", &|r| *r = sign("type=test"), 400),
        ],
    ));
    cases
}

fn mercadopago() -> Vec<Case> {
    let sign = |time, key| testing::mercadopago("payment", "ORD01J", time, PAYLOAD, key);
    let authentic = sign(SystemTime::now(), MERCADOPAGO_KEY);
    let old = sign(long_ago(), MERCADOPAGO_KEY);
    let accepted = |name, request: &TestRequest, body: &str| {
        let sent = value(request, "x-signature");
        let ts = sent.split_once(',').unwrap().0.trim_start_matches("ts=");
        let body: Value = serde_json::from_str(body).unwrap();
        let line = json!({
            "provider": "mercadopago",
            "key": "app-1",
            "event": {
                "data_id": "ORD01J",
                "request_id": value(request, "x-request-id"),
                "timestamp_ms": ts.parse::<u64>().unwrap(),
                "unauthenticated": {"topic": "payment", "id": null, "body": body},
            },
        });
        row(name, as_sent(request), 200, Some(line))
    };
    let mut another_body = authentic.clone();
    another_body.body = r#"{"forged":true}"#.into();
    let mut long = authentic.clone();
    long.body = padded(MIB).into();
    let mut too_long = authentic.clone();
    too_long.body = padded(MIB + 1).into();
    let mut cases = vec![
        accepted("as signed", &authentic, PAYLOAD),
        accepted("a retry that is an hour old", &old, PAYLOAD),
        accepted(
            "the body is not covered",
            &another_body,
            r#"{"forged":true}"#,
        ),
        accepted("1 MiB", &long, r#"{"type":"long"}"#),
        head_only(row("1 MiB and one", as_sent(&too_long), 413, None)),
    ];
    let target = |request: &mut TestRequest, target: &str| request.uri = target.parse().unwrap();
    let rows = refused(
        "mercadopago",
        &authentic,
        &[
            (
                "another key",
                &|r| *r = sign(SystemTime::now(), "another"),
                401,
            ),
            (
                "another data.id",
                &|r| target(r, "/mercadopago?data.id=ORD02J&type=payment"),
                401,
            ),
            ("no data.id", &|r| target(r, "/mercadopago"), 401),
            (
                "data.id twice",
                &|r| target(r, "/mercadopago?data.id=ORD01J&data.id=ORD01J"),
                401,
            ),
            ("another request id", &|r| set(r, "x-request-id", "1"), 401),
            (
                "no signature",
                &|r| drop(r.headers.remove("x-signature")),
                401,
            ),
            ("the signature twice", &|r| repeat(r, "x-signature"), 401),
        ],
    );
    // Everything that is signed is in the headers and the target.
    cases.extend(rows.into_iter().map(head_only));
    cases.extend(refused(
        "mercadopago",
        &authentic,
        &[("no JSON", &|r| r.body = "type=payment".into(), 400)],
    ));
    cases
}

#[test]
fn both_receivers_answer_signing_senders_as_documented_and_print_no_secret() {
    on_both(|binary| {
        let variables = [&VARIABLES[..], &[("RUST_LOG", "trace")]].concat();
        let mut server = Server::start(binary, &variables);
        check_all(&server, cases());
        let gets = ["/standard", "/github", "/stripe", "/mercadopago"]
            .map(|path| row(path, post(path, "").method("GET"), 405, None));
        check_all(&server, gets);
        assert_eq!(server.other_events(), [""; 0]);

        let written = server.stop();
        assert!(written.contains("webhook received"), "the log is on");
        for secret in [
            STANDARD_KEY,
            STANDARD_KEY.trim_start_matches("whsec_"),
            OTHER_STANDARD_KEY,
            GITHUB_KEY,
            OTHER_GITHUB_KEY,
            STRIPE_KEY,
            MERCADOPAGO_KEY,
        ] {
            let shown = written.lines().find(|line| line.contains(secret));
            assert_eq!(shown, None, "{secret}");
        }
    });
}

#[test]
fn a_sender_that_signs_is_not_served_without_its_secret() {
    on_both(|binary| {
        let one = VARIABLES[2];
        for (variables, served) in [(&[][..], None), (&[one][..], Some("/stripe"))] {
            let server = Server::start(binary, variables);
            for path in ["/standard", "/github", "/stripe", "/mercadopago"] {
                let expected = if served == Some(path) { 401 } else { 404 };
                assert_eq!(
                    post(path, "{}").send(server.addr).status,
                    expected,
                    "{path}"
                );
            }
            let last = if served.is_some() {
                "Stripe-Signature"
            } else {
                "Apikey"
            };
            let commands = server.commands_until(last).join("\n");
            assert_eq!(
                commands.matches("curl ").count(),
                if served.is_some() { 3 } else { 2 }
            );
        }
    });
}

#[test]
fn a_useless_signing_secret_prevents_the_start_and_names_the_variable() {
    on_both(|binary| {
        let same_key_twice = format!("{STANDARD_KEY},{}", &STANDARD_KEY["whsec_".len()..]);
        for (variable, value) in [
            ("STANDARD_WEBHOOKS_SECRET", ""),
            ("STANDARD_WEBHOOKS_SECRET", "new="),
            ("STANDARD_WEBHOOKS_SECRET", "no base64"),
            ("STANDARD_WEBHOOKS_SECRET", "whsec_c2hvcnQ="),
            ("STANDARD_WEBHOOKS_SECRET", &same_key_twice),
            ("STANDARD_WEBHOOKS_PUBLIC_KEY", ""),
            ("STANDARD_WEBHOOKS_PUBLIC_KEY", STANDARD_KEY),
            ("STANDARD_WEBHOOKS_PUBLIC_KEY", "whpk_c2hvcnQ="),
            // Of small order.
            (
                "STANDARD_WEBHOOKS_PUBLIC_KEY",
                "whpk_AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
            ("GITHUB_WEBHOOK_SECRET", ""),
            ("GITHUB_WEBHOOK_SECRET", "one,one"),
            ("STRIPE_WEBHOOK_SECRET", " "),
            ("STRIPE_WEBHOOK_SECRET", "one,"),
            ("MERCADOPAGO_WEBHOOK_SECRET", ""),
            ("MERCADOPAGO_WEBHOOK_SECRET", "app-1=,two"),
        ] {
            let output = server::run(server::command(binary, &[(variable, value)]));
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success(), "{variable}={value:?}: {stderr}");
            assert!(
                stderr.starts_with(&format!("Error: {variable} ")),
                "{stderr}"
            );
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
        }
    });
}

#[test]
fn the_printed_commands_sign_in_a_shell() {
    if !can_sign_in_a_shell() {
        return;
    }
    on_both(|binary| {
        // 24, 25 and 26 bytes: lengths that base64 pads differently, each with and without padding.
        let [none, two, one] = [
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA==",
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk=",
        ];
        let bare = [two, one].map(|key| key.trim_end_matches('='));
        let lists = [format!("{two},{none}"), format!("new={one},old={two}")];
        for (standard, others, key) in [
            (none, "a key's \"quotes\" $HOME \\n %s", None),
            (two, "-hyphen", None),
            (one, "Zm9vYg==", None),
            (bare[0], "one,two", None),
            (bare[1], "one,b=two", None),
            (&lists[0], "one,new=two", None),
            (&lists[1], "new=a=b,two", Some("new")),
        ] {
            let variables = VARIABLES.map(|(variable, _)| match variable {
                "STANDARD_WEBHOOKS_SECRET" => (variable, standard),
                variable => (variable, others),
            });
            let server = Server::start(binary, &variables);
            let commands = server.commands_until("x-signature");
            let mut shell = server::command("sh", &variables);
            shell.args(["-euc", &commands.join("\n")]);
            let output = server::run(shell);
            let shown = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{commands:#?}\n{output:?}");
            assert_eq!(shown.matches("200 OK").count(), 6);
            for provider in [
                "tusfacturas",
                "multicaja",
                "standard_webhooks",
                "github",
                "stripe",
                "mercadopago",
            ] {
                let event = server.event();
                assert_eq!(event["provider"], provider);
                let key = key.filter(|_| !["tusfacturas", "multicaja"].contains(&provider));
                assert_eq!(event["key"].as_str(), key);
            }
            for secret in [standard, others] {
                assert!(!commands.join("\n").contains(secret), "{commands:#?}");
            }
        }
    });
}

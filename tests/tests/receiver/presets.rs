//! The senders that differ only in data, all of them configured at once, through every receiver.

use std::io::{self, Write as _};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use webhook_core::dlocal::Dlocal;
use webhook_core::scheme::Preset;
use webhook_core::signing::Scheme;
use webhook_core::testing::{self, TestRequest};
use webhook_core::{
    asaas, discord, fintoc, gitlab, gitlab_signing, khipu, kushki, linear, meta, shopify, slack,
    telegram, tiendanube, woocommerce,
};
use webhook_tests::client::{Request, post};
use webhook_tests::directory::Directory;
use webhook_tests::server::{self, Server};

use crate::cases::{Answer, Case, Sent};
use crate::{check_all, on_both};

const DURABLE: &str = env!("CARGO_BIN_EXE_test-receiver-durable");

const KEY: &str = "key-of-the-sender-4f5e6d";
const OTHER_KEY: &str = "another-key-4f5e6d";
/// From RFC 8032, section 7.1, tests 1 and 2.
const PUBLIC_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const PRIVATE_KEY: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const OTHER_PRIVATE_KEY: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const SIGNING_TOKEN: &str = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
const OTHER_SIGNING_TOKEN: &str = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3M=";
const EVENTS_SECRET: &str = "test_events_4f5e6d7a8b";
const VERIFY_TOKEN: &str = "verify-4f5e6d";

/// All variables, but those of the two kinds of GitLab, which share a URL.
const VARIABLES: [(&str, &str); 17] = [
    ("ASAAS_WEBHOOK_TOKEN", "shop-1=key-of-the-sender-4f5e6d"),
    ("DISCORD_PUBLIC_KEY", PUBLIC_KEY),
    ("DLOCAL_LOGIN", "login-1"),
    ("DLOCAL_WEBHOOK_SECRET", KEY),
    ("FINTOC_WEBHOOK_SECRET", KEY),
    ("KHIPU_WEBHOOK_SECRET", KEY),
    ("KUSHKI_WEBHOOK_SECRET", KEY),
    ("LINEAR_WEBHOOK_SECRET", KEY),
    ("META_APP_SECRET", KEY),
    ("META_VERIFY_TOKEN", VERIFY_TOKEN),
    ("SHOPIFY_WEBHOOK_SECRET", KEY),
    ("SLACK_SIGNING_SECRET", "shop-1=key-of-the-sender-4f5e6d"),
    ("TELEGRAM_SECRET_TOKEN", KEY),
    ("TIENDANUBE_WEBHOOK_SECRET", KEY),
    ("WOMPI_WEBHOOK_SECRET", EVENTS_SECRET),
    ("WOOCOMMERCE_WEBHOOK_SECRET", KEY),
    ("TF_WEBHOOK_TOKEN", "token-of-pdv-3-9f8e7d"),
];

const GITLAB: [[(&str, &str); 1]; 2] = [
    [("GITLAB_WEBHOOK_TOKEN", KEY)],
    [("GITLAB_WEBHOOK_SECRET", SIGNING_TOKEN)],
];

/// A delivery of a preset, and its line on stdout.
struct Row {
    module: &'static str,
    path: &'static str,
    provider: &'static str,
    scheme: Scheme,
    signs_with: [&'static str; 2],
    headers: &'static [(&'static str, &'static str)],
    body: String,
    key: Option<&'static str>,
    event: Value,
    status: u16,
}

fn of<P: Preset>(module: &'static str, path: &'static str, body: &str, event: Value) -> Row {
    Row {
        module,
        path,
        provider: P::NAME,
        scheme: P::scheme().build().unwrap(),
        signs_with: [KEY, OTHER_KEY],
        headers: &[],
        body: body.to_owned(),
        key: None,
        event,
        status: 200,
    }
}

/// When deliveries are signed. Most senders have whole seconds.
#[derive(Clone, Copy)]
struct Now {
    at: SystemTime,
    seconds: u128,
    millis: u128,
}

impl Now {
    fn new() -> Self {
        let at = SystemTime::now();
        let since = at.duration_since(UNIX_EPOCH).unwrap();
        Self {
            at,
            seconds: u128::from(since.as_secs()) * 1000,
            millis: since.as_millis(),
        }
    }
}

/// An event whose unsigned head is empty.
fn event(proof: &str, topic: Option<&str>, id: Option<&str>, time: Option<u128>) -> Value {
    json!({
        "proof": proof, "topic": topic, "id": id, "timestamp_ms": time.map(|it| it as u64),
        "unauthenticated": {"topic": null, "id": null, "timestamp_ms": null},
    })
}

fn unsigned(mut event: Value, field: &str, value: Value) -> Value {
    event["unauthenticated"][field] = value;
    event
}

/// That of Shopify, whose time is not signed.
fn unsigned_head(now: Now) -> Value {
    let mut event = event("body", None, None, None);
    event["unauthenticated"] = json!({
        "topic": "orders/create", "id": null, "timestamp_ms": now.millis as u64,
        "headers": {"x-shopify-shop-domain": "a.example"},
    });
    event
}

/// One delivery of each, apart from GitLab.
fn rows(now: Now) -> Vec<Row> {
    let body = |topic| event("body", topic, None, None);
    vec![
        Row {
            key: Some("shop-1"),
            ..of::<asaas::AsaasScheme>(
                "asaas",
                "/asaas",
                r#"{"id":"evt_05b7&36","event":"PAYMENT_RECEIVED"}"#,
                event("token", Some("PAYMENT_RECEIVED"), Some("evt_05b7&36"), None),
            )
        },
        Row {
            signs_with: [PRIVATE_KEY, OTHER_PRIVATE_KEY],
            status: 204,
            ..of::<discord::DiscordScheme>(
                "discord",
                "/discord",
                r#"{"type":1,"event":{"type":"APPLICATION_AUTHORIZED"}}"#,
                event(
                    "body",
                    Some("APPLICATION_AUTHORIZED"),
                    None,
                    Some(now.seconds),
                ),
            )
        },
        Row {
            module: "dlocal",
            path: "/dlocal",
            provider: "dlocal",
            scheme: Dlocal::<Value>::with_login("login-1", KEY)
                .unwrap()
                .scheme()
                .clone(),
            signs_with: [KEY, OTHER_KEY],
            headers: &[("x-login", "login-1")],
            body: r#"{"id":"D-4","status":"PAID"}"#.to_owned(),
            key: None,
            event: event("body", None, None, Some(now.millis)),
            status: 200,
        },
        of::<fintoc::FintocScheme>(
            "fintoc",
            "/fintoc",
            r#"{"id":"evt_2Aa","type":"payment_intent.succeeded"}"#,
            event(
                "body",
                Some("payment_intent.succeeded"),
                Some("evt_2Aa"),
                Some(now.seconds),
            ),
        ),
        of::<khipu::KhipuScheme>(
            "khipu",
            "/khipu",
            r#"{"payment_id":"zfxnocsow6mz"}"#,
            event("body", None, None, Some(now.millis)),
        ),
        of::<kushki::KushkiScheme>(
            "kushki",
            "/kushki",
            r#"{"ticket_number":"1"}"#,
            event("body", None, None, Some(now.millis)),
        ),
        Row {
            headers: &[("linear-delivery", "d1")],
            ..of::<linear::LinearScheme>(
                "linear",
                "/linear",
                &format!(r#"{{"type":"Issue","webhookTimestamp":{}}}"#, now.millis),
                unsigned(
                    event("body", Some("Issue"), None, Some(now.millis)),
                    "id",
                    json!("d1"),
                ),
            )
        },
        of::<meta::MetaScheme>(
            "meta",
            "/meta",
            r#"{"object":"page","entry":[]}"#,
            body(Some("page")),
        ),
        Row {
            headers: &[
                ("x-shopify-topic", "orders/create"),
                ("x-shopify-shop-domain", "a.example"),
            ],
            ..of::<shopify::ShopifyScheme>("shopify", "/shopify", r#"{"id":1}"#, unsigned_head(now))
        },
        Row {
            key: Some("shop-1"),
            ..of::<slack::SlackScheme>(
                "slack",
                "/slack",
                r#"{"type":"event_callback","event_id":"Ev1"}"#,
                event(
                    "body",
                    Some("event_callback"),
                    Some("Ev1"),
                    Some(now.seconds),
                ),
            )
        },
        of::<telegram::TelegramScheme>(
            "telegram",
            "/telegram",
            r#"{"update_id":10000,"message":{"text":"/start"}}"#,
            event("token", None, Some("10000"), None),
        ),
        of::<tiendanube::TiendanubeScheme>(
            "tiendanube",
            "/tiendanube",
            r#"{"store_id":123,"event":"order/paid","id":1948209}"#,
            body(Some("order/paid")),
        ),
        Row {
            headers: &[("x-wc-webhook-topic", "order.updated")],
            ..of::<woocommerce::WooCommerceScheme>(
                "woocommerce",
                "/woocommerce",
                r#"{"id":727}"#,
                unsigned(body(None), "topic", json!("order.updated")),
            )
        },
    ]
}

/// The two kinds of GitLab.
fn gitlab(now: Now) -> [Row; 2] {
    let push = r#"{"object_kind":"push"}"#;
    [
        Row {
            headers: &[("idempotency-key", "k1")],
            ..of::<gitlab::GitlabScheme>(
                "gitlab",
                "/gitlab",
                push,
                unsigned(event("token", Some("push"), None, None), "id", json!("k1")),
            )
        },
        Row {
            signs_with: [SIGNING_TOKEN, OTHER_SIGNING_TOKEN],
            headers: &[("webhook-id", "k1")],
            ..of::<gitlab_signing::GitlabSigningScheme>(
                "gitlab_signing",
                "/gitlab",
                push,
                event("body", Some("push"), Some("k1"), Some(now.seconds)),
            )
        },
    ]
}

impl Row {
    fn signed(&self, now: Now, secret: &str) -> Request {
        let request = testing::scheme(
            &self.scheme,
            now.at,
            self.headers,
            self.body.clone(),
            secret,
        );
        as_sent(self.path, &request)
    }

    /// Without what a store adds.
    fn line(&self) -> Value {
        let mut event = self.event.clone();
        event["payload"] = serde_json::from_str(&self.body).unwrap();
        json!({"provider": self.provider, "key": self.key, "event": event})
    }

    /// The delivery, and the same with another secret and with none.
    fn cases(&self, now: Now) -> [Case; 3] {
        let [right, wrong] = self.signs_with;
        let mut unsigned = post(self.path, self.body.clone());
        for (name, value) in self.headers {
            unsigned = unsigned.header(name, value);
        }
        let name = |what| format!("{}: {what}", self.module);
        [
            case(
                name("its delivery"),
                self.signed(now, right),
                answer(self.status),
                Some(self.line()),
            ),
            case(
                name("another secret"),
                self.signed(now, wrong),
                answer(401),
                None,
            ),
            case(name("no credential"), unsigned, answer(401), None),
        ]
    }
}

pub(crate) fn as_sent(path: &str, request: &TestRequest) -> Request {
    let query = request.uri.query().map(|query| format!("?{query}"));
    let target = format!("{path}{}", query.unwrap_or_default());
    let sent = post(&target, request.body.to_vec());
    request.headers.iter().fold(sent, |sent, (name, value)| {
        sent.header(name.as_str(), value.to_str().unwrap())
    })
}

pub(crate) fn case(
    name: impl Into<String>,
    request: Request,
    answer: Answer,
    event: Option<Value>,
) -> Case {
    Case {
        name: name.into(),
        request,
        sent: Sent::Whole,
        answer,
        event,
    }
}

pub(crate) fn answer(status: u16) -> Answer {
    Answer {
        status,
        content_type: None,
        allow: (status == 405).then_some("POST"),
        body: Vec::new(),
        closes: false,
    }
}

pub(crate) fn text(body: &str) -> Answer {
    Answer {
        content_type: Some("text/plain; charset=utf-8"),
        body: body.into(),
        ..answer(200)
    }
}

fn wompi(now: Now) -> [Case; 2] {
    let transaction =
        json!({"id": "1234-1610641025-49201", "status": "APPROVED", "amount_in_cents": 4_490_000});
    let signed = |secret| testing::wompi(&transaction, now.at, secret);
    let right = signed(EVENTS_SECRET);
    let line = json!({
        "provider": "wompi",
        "key": null,
        "event": {
            "subject": {"transaction": {
                "id": "1234-1610641025-49201", "status": "APPROVED", "amount_in_cents": "4490000",
            }},
            "timestamp": (now.seconds / 1000) as u64,
            "unauthenticated": {
                "event": "transaction.updated",
                "environment": "test",
                "sent_at": "2018-07-20T16:45:05.000Z",
                "payload": {"transaction": transaction},
            },
        },
    });
    [
        case("wompi", as_sent("/wompi", &right), answer(200), Some(line)),
        case(
            "wompi: another secret",
            as_sent("/wompi", &signed("test_events_other")),
            answer(401),
            None,
        ),
    ]
}

/// What senders ask when a URL is registered. No handler sees it.
fn handshakes(now: Now) -> Vec<Case> {
    let hub = |token: &str| {
        let target =
            format!("/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
        post(&target, "").method("GET")
    };
    let signed = |scheme: &Scheme, body: &str, path, secret| {
        as_sent(
            path,
            &testing::scheme(scheme, now.at, &[], body.to_owned(), secret),
        )
    };
    let [slack, discord] = [
        slack::SlackScheme::scheme(),
        discord::DiscordScheme::scheme(),
    ]
    .map(|scheme| scheme.build().unwrap());
    let slack = |body, secret| signed(&slack, body, "/slack", secret);
    let discord = |body, secret| signed(&discord, body, "/discord", secret);
    let challenge = r#"{"token":"t","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;
    let form = |path, body: &str| {
        post(path, body).header("Content-Type", "application/x-www-form-urlencoded")
    };
    let pong = Answer {
        content_type: Some("application/json"),
        body: r#"{"type":1}"#.into(),
        ..answer(200)
    };
    vec![
        case(
            "meta: handshake",
            hub(VERIFY_TOKEN),
            text("1158201444"),
            None,
        ),
        case(
            "meta: another verify token",
            hub("other"),
            answer(403),
            None,
        ),
        case(
            "meta: no handshake",
            post("/meta", "").method("GET"),
            answer(405),
            None,
        ),
        case(
            "meta: another method",
            post("/meta", "").method("PUT"),
            answer(405),
            None,
        ),
        case(
            "slack: challenge",
            slack(challenge, KEY),
            text("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"),
            None,
        ),
        case(
            "slack: challenge of a stranger",
            slack(challenge, OTHER_KEY),
            answer(401),
            None,
        ),
        case(
            "slack: unsigned challenge",
            post("/slack", challenge),
            answer(401),
            None,
        ),
        case(
            "slack: no hub",
            post(
                "/slack?hub.mode=subscribe&hub.challenge=1&hub.verify_token=verify-4f5e6d",
                "",
            )
            .method("GET"),
            answer(405),
            None,
        ),
        case(
            "discord: ping of events",
            discord(r#"{"type":0}"#, PRIVATE_KEY),
            answer(204),
            None,
        ),
        case(
            "discord: ping of interactions",
            discord(r#"{"type":1}"#, PRIVATE_KEY),
            pong,
            None,
        ),
        case(
            "discord: ping of a stranger",
            discord(r#"{"type":1}"#, OTHER_PRIVATE_KEY),
            answer(401),
            None,
        ),
        case(
            "woocommerce: probe",
            form("/woocommerce", "webhook_id=12"),
            answer(200),
            None,
        ),
        case(
            "woocommerce: no probe",
            form("/woocommerce", "webhook_id=12&a=1"),
            answer(401),
            None,
        ),
        case("kushki: probe", post("/kushki", "{}"), answer(200), None),
        case(
            "kushki: no probe",
            post("/kushki", r#"{"a":1}"#),
            answer(401),
            None,
        ),
        case("meta: no probe", post("/meta", "{}"), answer(401), None),
        case(
            "shopify: no probe",
            form("/shopify", "webhook_id=12"),
            answer(401),
            None,
        ),
    ]
}

#[test]
fn every_preset_is_delivered_and_none_is_forgotten() {
    macro_rules! modules {
        ($($(#[$cfg:meta])* $module:ident $Sender:ident $Layer:ident $title:literal;)*) => {
            [$(stringify!($module)),*]
        };
    }
    let now = Now::new();
    let mut delivered: Vec<_> = rows(now).iter().map(|row| row.module).collect();
    delivered.extend(gitlab(now).map(|row| row.module));
    delivered.sort_unstable();
    assert_eq!(delivered, webhook_core::__for_each_preset!(modules));
}

#[test]
fn all_presets_at_once_are_accepted_with_their_secrets_only_and_greeted() {
    on_both(|binary| {
        for (kind, variables) in GITLAB.into_iter().enumerate() {
            let variables = [&VARIABLES[..], &variables, &[("RUST_LOG", "trace")]].concat();
            let mut server = Server::start(binary, &variables);
            for row in 0..rows(Now::new()).len() {
                // Signed one after another: on a slow machine the last would otherwise be late.
                let now = Now::new();
                check_all(&server, rows(now)[row].cases(now));
            }
            let now = Now::new();
            check_all(&server, gitlab(now)[kind].cases(now));
            check_all(&server, wompi(now));
            check_all(&server, handshakes(now));
            assert_eq!(server.other_events(), [""; 0]);

            let written = server.stop();
            assert!(written.contains("webhook received"), "the log is on");
            for secret in [KEY, PUBLIC_KEY, SIGNING_TOKEN, EVENTS_SECRET, VERIFY_TOKEN] {
                let shown = written.lines().find(|line| line.contains(secret));
                assert_eq!(shown, None, "{secret}");
            }
        }
    });
}

#[test]
fn the_durable_receiver_serves_all_presets_and_knows_repeats_by_signed_ids() {
    let directory = Directory::new();
    let store = format!("sqlite:{}", directory.file("inbox.db").display());
    let variables = [&VARIABLES[..], &GITLAB[1], &[("STORE", &store)]].concat();
    let mut server = Server::start(DURABLE, &variables);
    let now = Now::new();
    for row in rows(now)
        .into_iter()
        .chain([gitlab(now).into_iter().last().unwrap()])
    {
        let is_signed = row.event["id"].is_string() && row.event["proof"] == "body";
        // The second one is signed again, as a repeat is. Without a signed id it counts as another delivery.
        for repeat in 0..2 {
            let now = Now {
                at: now.at + Duration::from_secs(repeat),
                ..now
            };
            let [right, wrong] = row.signs_with;
            let answers =
                [right, wrong].map(|secret| row.signed(now, secret).send(server.addr).status);
            assert_eq!(answers, [row.status, 401], "{}", row.module);
            if is_signed && repeat == 1 {
                continue;
            }
            let mut line = server.event();
            let fields = line.as_object_mut().unwrap();
            assert_eq!(fields.remove("attempt"), Some(json!(1)), "{}", row.module);
            assert!(fields.remove("id").is_some());
            let mut expected = row.line();
            if repeat == 1 {
                for time in ["/event/timestamp_ms", "/event/unauthenticated/timestamp_ms"] {
                    *expected.pointer_mut(time).unwrap() = line.pointer(time).unwrap().clone();
                }
            }
            assert_eq!(line, expected, "{}", row.module);
        }
    }
    check_all(&server, handshakes(Now::new()));
    assert_eq!(server.other_events(), [""; 0]);
}

#[test]
fn a_preset_is_served_only_if_it_is_configured() {
    on_both(|binary| {
        let server = Server::start(binary, &[("SLACK_SIGNING_SECRET", KEY)]);
        for row in rows(Now::new()) {
            let expected = if row.module == "slack" { 401 } else { 404 };
            assert_eq!(
                post(row.path, "{}").send(server.addr).status,
                expected,
                "{}",
                row.module
            );
        }
        for path in ["/gitlab", "/wompi"] {
            assert_eq!(post(path, "{}").send(server.addr).status, 404, "{path}");
        }
    });
}

#[test]
fn without_its_verify_token_meta_is_not_registered_and_the_start_says_so() {
    on_both(|binary| {
        let server = Server::start(binary, &[("META_APP_SECRET", KEY)]);
        for (token, status) in [("", 403), ("other", 403)] {
            let target =
                format!("/meta?hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}");
            let answer = post(&target, "").method("GET").send(server.addr);
            assert_eq!((answer.status, answer.body), (status, Vec::new()));
        }
        let written = server.stop();
        let warning = "META_VERIFY_TOKEN is not set: Meta cannot register the URL, since its handshake is refused";
        let mut warned = written.lines().filter(|line| line.contains("WARN"));
        assert!(warned.any(|line| line.contains(warning)), "{written}");
    });
}

#[test]
fn a_variable_without_what_it_needs_prevents_the_start_and_names_the_fix() {
    on_both(|binary| {
        for (variables, message) in [
            (
                &[("DLOCAL_WEBHOOK_SECRET", KEY)][..],
                "DLOCAL_WEBHOOK_SECRET is set without DLOCAL_LOGIN: set that to the X-Login of the account",
            ),
            (
                &[("DLOCAL_LOGIN", "login-1")],
                "DLOCAL_LOGIN is set without DLOCAL_WEBHOOK_SECRET: set DLOCAL_WEBHOOK_SECRET as well, or unset it",
            ),
            (
                &[("DLOCAL_WEBHOOK_SECRET", KEY), ("DLOCAL_LOGIN", "a b")],
                "DLOCAL_LOGIN is wrong: the login of dLocal is empty or has spaces; set the X-Login of the account",
            ),
            (
                &[("META_VERIFY_TOKEN", VERIFY_TOKEN)],
                "META_VERIFY_TOKEN is set without META_APP_SECRET: set META_APP_SECRET as well, or unset it",
            ),
            (
                &[("META_APP_SECRET", KEY), ("META_VERIFY_TOKEN", "")],
                "META_VERIFY_TOKEN is set but empty: set it to a secret, or unset it",
            ),
            (
                &[GITLAB[0][0], GITLAB[1][0]],
                "GITLAB_WEBHOOK_TOKEN is set, and so is GITLAB_WEBHOOK_SECRET: unset GITLAB_WEBHOOK_TOKEN, \
                 since a signature proves more than a token",
            ),
            (
                &[("SLACK_SIGNING_SECRET", "one,one")],
                "SLACK_SIGNING_SECRET is wrong: secret 2 is a duplicate: remove one of the two",
            ),
            (
                &[("KHIPU_WEBHOOK_SECRET", " ")],
                "KHIPU_WEBHOOK_SECRET is set but empty: set it to a secret, or unset it",
            ),
            (
                &[("DISCORD_PUBLIC_KEY", "d75a98")],
                "DISCORD_PUBLIC_KEY is wrong: the secret is not a public key, 64 hex digits: check the value",
            ),
        ] {
            let output = server::run(server::command(binary, variables));
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success(), "{variables:?}");
            assert_eq!(stderr.trim_end(), format!("Error: {message}"));
            assert_eq!(output.stdout, b"");
        }
    });
}

#[test]
fn the_printed_commands_of_presets_sign_in_a_shell() {
    if !can_sign_in_a_shell() {
        return;
    }
    on_both(|binary| {
        for variables in GITLAB {
            let variables = [&VARIABLES[..], &variables].concat();
            let server = Server::start(binary, &variables);
            let commands = run_commands(&server, "x-wc-webhook-signature", &variables);
            // Two that are always served, Wompi and GitLab; and Discord has none.
            assert_eq!(commands.len(), rows(Now::new()).len() - 1 + 4);
            let mut providers: Vec<_> = commands.iter().map(|_| server.event()).collect();
            providers.retain(|line| line["event"].get("proof").is_some());
            assert_eq!(providers.len(), rows(Now::new()).len());
            let written = server.stop();
            let only = "# Discord: POST /discord\n# only the sender can sign a request: it has the private key\n";
            assert!(written.contains(only), "{written}");
            for secret in [KEY, EVENTS_SECRET, SIGNING_TOKEN] {
                assert!(!written.contains(secret), "{written}");
            }
        }
    });
}

pub(crate) fn can_sign_in_a_shell() -> bool {
    for (program, argument) in [("curl", "--version"), ("openssl", "version")] {
        if Command::new(program).arg(argument).output().is_err() {
            // The output of a passing test through the macros is not shown.
            let _unread = writeln!(io::stderr().lock(), "skipped: {program} is not installed");
            return false;
        }
    }
    true
}

/// Runs the requests to try that the server has printed, as soon as one of them has this. All must be accepted.
pub(crate) fn run_commands(server: &Server, last: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let commands = server.commands_until(last);
    let mut exported = variables.to_vec();
    for line in &commands {
        let generated = line
            .strip_prefix("export ")
            .and_then(|line| line.split_once('='));
        exported.extend(generated);
    }
    let commands: Vec<_> = commands
        .iter()
        .filter(|line| line.contains("curl "))
        .cloned()
        .collect();
    for command in &commands {
        let mut shell = server::command("sh", &exported);
        shell.args(["-euc", command]);
        let output = server::run(shell);
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{command}\n{output:?}");
        assert_eq!(shown.matches("200 OK").count(), 1, "{command}");
    }
    commands
}

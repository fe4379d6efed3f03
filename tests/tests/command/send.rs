//! A delivery of every sender, to both receivers.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use webhook_core::dlocal::Dlocal;
use webhook_core::multicaja::Multicaja;
use webhook_core::provider::Timing;
use webhook_core::{FromSecrets, Keyring, Provider};
use webhook_tests::server::Server;

use crate::run::WebhookRs;

const KEY: &str = "key-of-the-sender-4f5e6d";
const OTHER_KEY: &str = "another-key-4f5e6d";
const STANDARD: &str = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
const OTHER_STANDARD: &str = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3M=";
/// From RFC 8032, section 7.1, tests 1 to 3.
const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const PRIVATE: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const OTHER_PRIVATE: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";

/// A sender at the receivers.
struct Row {
    name: &'static str,
    path: &'static str,
    timing: Timing,
    /// The variable of the receiver, and the one that signs.
    variables: [&'static str; 2],
    /// What the receiver is given, what signs, and what signs for another receiver.
    secrets: [&'static str; 3],
}

impl Row {
    fn new(name: &'static str, path: &'static str, variable: &'static str, timing: Timing) -> Self {
        Self {
            name,
            path,
            timing,
            variables: [variable; 2],
            secrets: [KEY, KEY, OTHER_KEY],
        }
    }

    fn standard(mut self) -> Self {
        self.secrets = [STANDARD, STANDARD, OTHER_STANDARD];
        self
    }
}

/// What a sender documents.
fn timing<P: FromSecrets>(secret: &str) -> Timing {
    P::from_keyring(Keyring::new(secret).unwrap()).timing()
}

macro_rules! preset {
    ($module:ident, $Sender:ident, $path:literal, $variable:literal, $secret:expr) => {
        Row::new(
            stringify!($module),
            $path,
            $variable,
            timing::<webhook_core::$module::$Sender>($secret),
        )
    };
}

fn rows() -> Vec<Row> {
    use webhook_core::{github, mercadopago, standard_webhooks, stripe, tusfacturas, wompi};

    let key = Row::new;
    let mut rows = vec![
        key(
            "tusfacturas",
            "/webhook",
            "TF_WEBHOOK_TOKEN",
            timing::<tusfacturas::TusFacturas>(KEY),
        ),
        key(
            "multicaja",
            "/webhooks?webhook=confirm",
            "MULTICAJA_API_KEY",
            timing::<Multicaja>(KEY),
        ),
        key(
            "mercadopago",
            "/mercadopago",
            "MERCADOPAGO_WEBHOOK_SECRET",
            timing::<mercadopago::MercadoPago>(KEY),
        ),
        key(
            "wompi",
            "/wompi",
            "WOMPI_WEBHOOK_SECRET",
            timing::<wompi::Wompi>("test_events_1"),
        ),
        key(
            "github",
            "/github",
            "GITHUB_WEBHOOK_SECRET",
            timing::<github::Github>(KEY),
        ),
        key(
            "stripe",
            "/stripe",
            "STRIPE_WEBHOOK_SECRET",
            timing::<stripe::Stripe>(KEY),
        ),
        key(
            "standard-webhooks",
            "/standard",
            "STANDARD_WEBHOOKS_SECRET",
            timing::<standard_webhooks::StandardWebhooks>(STANDARD),
        )
        .standard(),
        preset!(asaas, Asaas, "/asaas", "ASAAS_WEBHOOK_TOKEN", KEY),
        key(
            "dlocal",
            "/dlocal",
            "DLOCAL_WEBHOOK_SECRET",
            Dlocal::<Value>::with_login("login-1", KEY)
                .unwrap()
                .timing(),
        ),
        preset!(fintoc, Fintoc, "/fintoc", "FINTOC_WEBHOOK_SECRET", KEY),
        preset!(khipu, Khipu, "/khipu", "KHIPU_WEBHOOK_SECRET", KEY),
        preset!(kushki, Kushki, "/kushki", "KUSHKI_WEBHOOK_SECRET", KEY),
        preset!(linear, Linear, "/linear", "LINEAR_WEBHOOK_SECRET", KEY),
        preset!(meta, Meta, "/meta", "META_APP_SECRET", KEY),
        preset!(shopify, Shopify, "/shopify", "SHOPIFY_WEBHOOK_SECRET", KEY),
        preset!(slack, Slack, "/slack", "SLACK_SIGNING_SECRET", KEY),
        preset!(
            telegram,
            Telegram,
            "/telegram",
            "TELEGRAM_SECRET_TOKEN",
            KEY
        ),
        preset!(
            tiendanube,
            Tiendanube,
            "/tiendanube",
            "TIENDANUBE_WEBHOOK_SECRET",
            KEY
        ),
        preset!(
            woocommerce,
            WooCommerce,
            "/woocommerce",
            "WOOCOMMERCE_WEBHOOK_SECRET",
            KEY
        ),
        preset!(gitlab, Gitlab, "/gitlab", "GITLAB_WEBHOOK_TOKEN", KEY),
    ];
    let mut discord = preset!(discord, Discord, "/discord", "DISCORD_PUBLIC_KEY", PUBLIC);
    discord.variables[1] = "DISCORD_PRIVATE_KEY";
    discord.secrets = [PUBLIC, PRIVATE, OTHER_PRIVATE];
    rows.push(discord);
    rows
}

/// The two kinds of GitLab have one URL at the receivers.
fn gitlab_signing() -> Row {
    let timing = timing::<webhook_core::gitlab_signing::GitlabSigning>(STANDARD);
    Row::new("gitlab-signing", "/gitlab", "GITLAB_WEBHOOK_SECRET", timing).standard()
}

/// Starts a receiver with the secrets of these senders.
fn start(receiver: &str, rows: &[Row]) -> Server {
    let mut variables = Vec::new();
    if rows.iter().any(|row| row.name == "dlocal") {
        variables.extend([
            ("DLOCAL_LOGIN", "login-1"),
            ("META_VERIFY_TOKEN", "verify-1"),
        ]);
    }
    variables.extend(rows.iter().map(|row| (row.variables[0], row.secrets[0])));
    Server::start(receiver, &variables)
}

/// What the sender's timing says about an answer that does not count.
fn retries(timing: &Timing) -> Value {
    let later = timing.attempts.iter().skip(1);
    later
        .map(|attempt| attempt.after_previous.as_secs())
        .collect()
}

#[test]
fn every_sender_is_received_with_its_secret_and_refused_with_another() {
    let command = WebhookRs::new();
    for receiver in webhook_tests::receivers!() {
        for rows in [rows(), vec![gitlab_signing()]] {
            let server = start(receiver, &rows);
            for row in &rows {
                let url = format!("http://{}{}", server.addr, row.path);
                let send = |secret: &str, more: &[&str]| {
                    let arguments = [&["send", row.name, &url, "--json"], more].concat();
                    let variables = [(row.variables[1], secret), ("DLOCAL_LOGIN", "login-1")];
                    command.run(&arguments, &variables)
                };
                let name = row.name;
                let received = send(row.secrets[1], &[]);
                let said = received.one();
                assert_eq!(
                    (received.status, &said["received"]),
                    (Some(0), &json!(true)),
                    "{name}: {said}"
                );
                assert_eq!(said["retries_after_s"], json!([]), "{name}");
                let refused = send(row.secrets[2], &[]);
                let said = refused.one();
                assert_eq!(
                    (refused.status, &said["received"]),
                    (Some(1), &json!(false)),
                    "{name}: {said}"
                );
                assert_eq!(said["retries_after_s"], retries(&row.timing), "{name}");
                let then = said["then"].as_str().unwrap();
                assert!(
                    then.contains(row.timing.if_never_received),
                    "{name}: {then}"
                );
            }
        }
    }
}

#[test]
fn every_event_of_every_sender_is_received() {
    let command = WebhookRs::new();
    let receiver = webhook_tests::receivers!()[0];
    for rows in [rows(), vec![gitlab_signing()]] {
        let server = start(receiver, &rows);
        for row in &rows {
            let listed = command.run(&["senders", row.name, "--json"], &[]).one();
            for event in listed["events"].as_array().unwrap() {
                let event = event.as_str().unwrap();
                // Klap has a URL for each.
                let path = match row.name {
                    "multicaja" => format!("/webhook_{event}"),
                    _ => row.path.to_owned(),
                };
                let url = format!("http://{}{path}", server.addr);
                let variables = [
                    (row.variables[1], row.secrets[1]),
                    ("DLOCAL_LOGIN", "login-1"),
                ];
                let ran = command.run(&["send", row.name, &url, "-e", event, "--json"], &variables);
                assert_eq!(
                    ran.status,
                    Some(0),
                    "{} {event}: {}{}",
                    row.name,
                    ran.stdout,
                    ran.stderr
                );
            }
        }
    }
}

/// A sender that is added to the command is added to these tests.
#[test]
fn no_sender_is_left_out() {
    let listed = WebhookRs::new().run(&["senders", "--json"], &[]).json();
    let listed: BTreeSet<_> = listed
        .iter()
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect();
    let rows = rows();
    let tested = rows.iter().map(|row| row.name);
    let others = [
        "gitlab-signing",
        "multicaja-validation",
        "flow",
        "mercadolibre",
    ];
    let tested: BTreeSet<_> = tested.chain(others).map(str::to_owned).collect();
    assert_eq!(listed, tested);
}

/// They have no secret, so the receivers of a payment have to ask the sender's API.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_signs_is_sent_without_a_secret() {
    use axum::Router;
    use axum::routing::post;
    use webhook_axum::{MulticajaValidationLayer, UnsignedWebhookLayer};

    let app: Router = Router::new()
        .route(
            "/flow",
            post(async || ()).layer(UnsignedWebhookLayer::flow()),
        )
        .route(
            "/mercadolibre",
            post(async || ()).layer(UnsignedWebhookLayer::mercadolibre()),
        )
        .route(
            "/webhook_validation",
            post(async || ()).layer(MulticajaValidationLayer::new()),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    let sent = tokio::task::spawn_blocking(move || {
        let command = WebhookRs::new();
        for (name, path) in [
            ("flow", "flow"),
            ("mercadolibre", "mercadolibre"),
            ("multicaja-validation", "webhook_validation"),
            ("klap-validation", "webhook_validation"),
        ] {
            let url = format!("http://{addr}/{path}");
            let ran = command.run(&["send", name, &url], &[]);
            assert_eq!(ran.status, Some(0), "{name}: {}{}", ran.stdout, ran.stderr);
            assert_eq!(ran.stderr, "", "{name}");
        }
    });
    sent.await.unwrap();
    serving.abort();
}

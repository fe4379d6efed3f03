//! Requests that senders have published, or that were computed by their documentation, at both adapters with the clock at their
//! time: accepted and altered ones.
//!
//! `tests/vectors.json` says where each comes from.

mod adapters;

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;
use webhook_core::driver::Verifier;
use webhook_core::scheme::{Preset, SchemeProvider};
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::unsigned::UnsignedSender;
use webhook_core::wompi::Wompi;
use webhook_core::{
    FromSecrets, Provider, Secret, asaas, discord, dlocal, fintoc, gitlab, gitlab_signing, khipu,
    kushki, linear, shopify, slack, telegram, tiendanube, woocommerce,
};

use self::adapters::Sent;

/// A request, and what must become of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    sender: String,
    #[allow(dead_code, reason = "for readers")]
    source: String,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
    secret: String,
    /// When the request arrives, in seconds of Unix time.
    now: u64,
    accepted: bool,
    /// `handshake`: no event.
    kind: Option<String>,
    answer: Option<Answer>,
    #[serde(default)]
    note: String,
    /// dLocal's login.
    login: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    content_type: Option<String>,
    body: Option<String>,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../vectors.json")).expect("vectors")
}

type Check = fn(&Vector);

/// The senders, and how each is made from the secret of a vector.
const SENDERS: &[(&str, Check)] = &[
    ("asaas", preset::<asaas::AsaasScheme>),
    ("discord", preset::<discord::DiscordScheme>),
    ("dlocal", dlocal),
    ("fintoc", preset::<fintoc::FintocScheme>),
    ("flow", |it| {
        deliver(it, Verifier::new(UnsignedSender::flow()))
    }),
    (
        "gitlab-signing",
        preset::<gitlab_signing::GitlabSigningScheme>,
    ),
    ("gitlab-token", preset::<gitlab::GitlabScheme>),
    ("khipu", preset::<khipu::KhipuScheme>),
    ("kushki", preset::<kushki::KushkiScheme>),
    ("linear", preset::<linear::LinearScheme>),
    ("mercadolibre", |it| {
        deliver(it, Verifier::new(UnsignedSender::mercadolibre()))
    }),
    ("meta", meta),
    ("shopify", preset::<shopify::ShopifyScheme>),
    ("slack", preset::<slack::SlackScheme>),
    ("standard", keyed::<StandardWebhooks>),
    ("standard-v1a", standard_v1a),
    ("telegram", preset::<telegram::TelegramScheme>),
    ("tiendanube", preset::<tiendanube::TiendanubeScheme>),
    ("wompi", keyed::<Wompi>),
    ("woocommerce", preset::<woocommerce::WooCommerceScheme>),
];

#[test]
fn every_vector_gets_the_answer_that_it_should() {
    let vectors = vectors();
    for vector in &vectors {
        let (_, check) = SENDERS
            .iter()
            .find(|(sender, _)| *sender == vector.sender)
            .unwrap_or_else(|| panic!("nothing checks the vectors of {}", vector.sender));
        check(vector);
    }
    for (sender, _) in SENDERS {
        let has = |accepted| {
            let mut own = vectors.iter().filter(|vector| vector.sender == *sender);
            own.any(|vector| vector.accepted == accepted)
        };
        assert!(
            has(true) && has(false),
            "{sender} has vectors of both kinds"
        );
    }
}

fn preset<P: Preset>(vector: &Vector) {
    keyed::<SchemeProvider<Value, P>>(vector);
}

fn keyed<P: FromSecrets>(vector: &Vector) {
    deliver(vector, Verifier::<P>::from_secrets(&*vector.secret));
}

/// The secret of a handshake is its verify token, which is a secret of its own.
fn meta(vector: &Vector) {
    let secret = &*vector.secret;
    let axum: webhook_axum::MetaWebhookLayer = webhook_axum::WebhookLayer::new(secret);
    deliver(vector, axum.verify_token(secret).verifier().clone());
    let actix: webhook_actix::MetaWebhookLayer = webhook_actix::WebhookLayer::new(secret);
    deliver(vector, actix.verify_token(secret).verifier().clone());
    let tower: webhook_tower::MetaWebhookLayer = webhook_tower::WebhookLayer::new(secret);
    deliver(vector, tower.verify_token(secret).verifier().clone());
}

fn dlocal(vector: &Vector) {
    let login = vector.login.as_deref().expect("the login of the account");
    let provider = dlocal::Dlocal::<Value>::with_login(login, &*vector.secret);
    deliver(vector, Verifier::new(provider.expect("a provider")));
}

fn standard_v1a(vector: &Vector) {
    let key = Secret::public_key(&*vector.secret).expect("a public key");
    deliver(vector, Verifier::<StandardWebhooks>::from_secrets(key));
}

/// Sends a vector to both adapters, and compares.
fn deliver<P>(vector: &Vector, verifier: Verifier<P>)
where
    P: Provider<Event: Sized>,
{
    let now = UNIX_EPOCH + Duration::from_secs(vector.now);
    let verifier = verifier.clock(move || now);
    for sent in adapters::deliver(vector, &verifier) {
        let Sent {
            adapter,
            status,
            content_type,
            body,
            events,
        } = sent;
        let place = format!(
            "{} at {adapter}: {}\n{}",
            vector.sender, vector.note, vector.body
        );
        let expected = vector.accepted && vector.kind.as_deref() != Some("handshake");
        assert_eq!(events, usize::from(expected), "events of {place}");
        assert_eq!(
            (200..300).contains(&status),
            vector.accepted,
            "{status} for {place}"
        );
        if let Some(answer) = &vector.answer {
            assert_eq!(status, answer.status, "{place}");
            if let Some(expected) = &answer.content_type {
                assert!(
                    content_type.starts_with(expected),
                    "{content_type} for {place}"
                );
            }
            if let Some(expected) = &answer.body {
                assert_eq!(&body, expected, "{place}");
            }
        } else if expected {
            assert_eq!((status, &*body), (200, ""), "{place}");
        }
    }
}

//! GitHub and Stripe as they were before schemes: senders written by hand. A scheme is measured against them.

use std::marker::PhantomData;
use std::mem;
use std::slice;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use webhook_axum::github::{GithubEvent, GithubHead, GithubPayload};
use webhook_axum::provider::{Authentic, ClaimTime, Decoded, Timing, decode_json};
use webhook_axum::scheme::{Preset, SchemeProvider, SignedEvent};
use webhook_axum::secrets::Selected;
use webhook_axum::signing::{
    Credential, DEFAULT_TOLERANCE, Encoding, Field, HmacKeys, Scheme, SchemeBuilder, Signatures,
    TimeField, unix_time,
};
use webhook_axum::{
    BodyError, FromSecrets, Head, HeaderField, Keyring, Payload, Provider, Rejection, StripeEvent,
    Webhook, WebhookLayer,
};

use super::{GITHUB_SECRET, Push, Side, signing};

static GITHUB: [HeaderName; 7] = [
    HeaderName::from_static("x-hub-signature-256"),
    HeaderName::from_static("x-github-event"),
    HeaderName::from_static("x-github-delivery"),
    HeaderName::from_static("x-github-hook-id"),
    HeaderName::from_static("x-github-hook-installation-target-type"),
    HeaderName::from_static("x-github-hook-installation-target-id"),
    HeaderName::from_static("content-type"),
];

struct Github<T> {
    keyring: Keyring<HmacKeys>,
    payload: PhantomData<fn() -> T>,
}

struct GithubClaim {
    signature: Signatures,
    facts: GithubFacts,
    keys: Selected<HmacKeys>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct GithubFacts {
    is_form: bool,
    head: GithubHead,
}

impl<T: Payload> Provider for Github<T> {
    type Event = GithubEvent<T>;
    type Claim = GithubClaim;
    type Facts = GithubFacts;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn body_limit(&self) -> usize {
        25 * 1024 * 1024
    }

    fn credential_headers(&self) -> &[HeaderName] {
        &GITHUB[..1]
    }

    fn inspect(&self, head: &Head<'_>) -> Result<GithubClaim, Rejection> {
        let [
            signature,
            event,
            delivery,
            hook_id,
            target_type,
            target_id,
            content_type,
        ] = head.headers(GITHUB.each_ref());
        let hex = signature
            .text()?
            .strip_prefix("sha256=")
            .ok_or(Rejection::CredentialMalformed)?;
        let mut known = GithubHead::default();
        known.event = text(event);
        known.delivery = text(delivery);
        known.hook_id = text(hook_id);
        known.installation_target_type = text(target_type);
        known.installation_target_id = text(target_id);
        Ok(GithubClaim {
            signature: Signatures::one(hex, Encoding::Hex)?,
            facts: GithubFacts {
                is_form: is_form(content_type),
                head: known,
            },
            keys: self.keyring.select(head),
        })
    }

    fn authenticate(
        &self,
        sent: GithubClaim,
        body: &Bytes,
    ) -> Result<Authentic<GithubFacts>, Rejection> {
        let matched = sent
            .keys
            .find(|key| key.has_signed(&[body], &sent.signature))?;
        Ok(Authentic::new(matched, sent.facts))
    }

    fn decode(
        &self,
        facts: &mut GithubFacts,
        json: &Bytes,
    ) -> Result<Decoded<GithubEvent<T>>, BodyError> {
        let mut event = GithubEvent::new(decode_json(json)?);
        event.unauthenticated = mem::take(&mut facts.head);
        Ok(Decoded::Event(event))
    }

    fn kind<'a>(&'a self, event: &'a GithubEvent<T>) -> &'a str {
        match event.payload {
            GithubPayload::Ping(_) => "ping",
            _ => "event",
        }
    }
}

impl<T: Payload> FromSecrets for Github<T> {
    const NAME: &'static str = "github";

    type Store = HmacKeys;

    fn from_keyring(keyring: Keyring<HmacKeys>) -> Self {
        Self {
            keyring,
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<HmacKeys> {
        &self.keyring
    }
}

fn text(field: HeaderField<'_>) -> Option<String> {
    field.text().ok().map(str::to_owned)
}

fn is_form(content_type: HeaderField<'_>) -> bool {
    const FORM: &[u8] = b"application/x-www-form-urlencoded";

    matches!(content_type, HeaderField::Once(value) if value.len() >= FORM.len() && value.starts_with(FORM))
}

static STRIPE: HeaderName = HeaderName::from_static("stripe-signature");

struct Stripe<T> {
    keyring: Keyring<HmacKeys>,
    payload: PhantomData<fn() -> T>,
}

struct StripeClaim {
    sent_at: String,
    timestamp: u64,
    signatures: Signatures,
    keys: Selected<HmacKeys>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct StripeFacts {
    timestamp: u64,
}

impl<T: Payload> Provider for Stripe<T> {
    type Event = StripeEvent<T>;
    type Claim = StripeClaim;
    type Facts = StripeFacts;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn body_limit(&self) -> usize {
        1024 * 1024
    }

    fn credential_headers(&self) -> &[HeaderName] {
        slice::from_ref(&STRIPE)
    }

    fn inspect(&self, head: &Head<'_>) -> Result<StripeClaim, Rejection> {
        let list = head.header(&STRIPE).text()?;
        let (sent_at, signatures) = Signatures::with_time(list, "t", "v1", Encoding::Hex)?;
        Ok(StripeClaim {
            sent_at: sent_at.to_owned(),
            timestamp: unix_time(sent_at)?,
            signatures,
            keys: self.keyring.select(head),
        })
    }

    fn tolerance(&self) -> Option<Duration> {
        Some(DEFAULT_TOLERANCE)
    }

    fn time(&self, claim: &StripeClaim) -> ClaimTime {
        ClaimTime::At(Duration::from_secs(claim.timestamp))
    }

    fn authenticate(
        &self,
        claim: StripeClaim,
        body: &Bytes,
    ) -> Result<Authentic<StripeFacts>, Rejection> {
        let signed = [claim.sent_at.as_bytes(), b".", body];
        let matched = claim
            .keys
            .find(|key| key.has_signed(&signed, &claim.signatures))?;
        let facts = StripeFacts {
            timestamp: claim.timestamp,
        };
        Ok(Authentic::new(matched, facts))
    }

    fn decode(
        &self,
        facts: &mut StripeFacts,
        json: &Bytes,
    ) -> Result<Decoded<StripeEvent<T>>, BodyError> {
        Ok(StripeEvent::new(facts.timestamp, decode_json(json)?).into())
    }
}

impl<T: Payload> FromSecrets for Stripe<T> {
    const NAME: &'static str = "stripe";

    type Store = HmacKeys;

    fn from_keyring(keyring: Keyring<HmacKeys>) -> Self {
        Self {
            keyring,
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<HmacKeys> {
        &self.keyring
    }
}

pub fn github_by_code(length: usize) -> Side {
    async fn on_push(Webhook(event): Webhook<GithubEvent<Push>>) {
        std::hint::black_box(&event);
    }
    let layer = WebhookLayer::<Github<Push>>::new(GITHUB_SECRET);
    let app = Router::new().route("/webhook", post(on_push).layer(layer));
    Side::axum(app, StatusCode::OK, signing::push_request(length))
}

pub fn stripe_by_code(length: usize) -> Side {
    async fn on_event(Webhook(event): Webhook<StripeEvent<signing::Event>>) {
        std::hint::black_box(&event);
    }
    let layer = WebhookLayer::<Stripe<signing::Event>>::new(signing::STRIPE_SECRET);
    let app = Router::new().route("/webhook", post(on_event).layer(layer));
    Side::axum(app, StatusCode::OK, signing::charge_request(length))
}

/// GitHub's and Stripe's scheme as any sender has one: what every preset costs.
pub fn github_by_scheme(length: usize) -> Side {
    enum Hub {}

    impl Preset for Hub {
        const NAME: &'static str = "hub";
        const TIMING: Timing = Timing::UNDOCUMENTED;
        type Store = HmacKeys;

        fn scheme() -> SchemeBuilder {
            Scheme::builder("hub")
                .hmac_sha256(
                    Credential::header("x-hub-signature-256")
                        .prefix("sha256=")
                        .hex(),
                )
                .signs("{body}")
                .topic(Field::header("x-github-event"))
                .id(Field::header("x-github-delivery"))
        }
    }

    async fn on_push(Webhook(event): Webhook<SignedEvent<Push>>) {
        std::hint::black_box(&event);
    }
    let layer = WebhookLayer::<SchemeProvider<Push, Hub>>::new(GITHUB_SECRET);
    let app = Router::new().route("/webhook", post(on_push).layer(layer));
    Side::axum(app, StatusCode::OK, signing::push_request(length))
}

/// The same for Stripe's, with its topic and its id in the body, as Fintoc has them.
pub fn stripe_by_scheme(length: usize) -> Side {
    enum Dashed {}

    impl Preset for Dashed {
        const NAME: &'static str = "dashed";
        const TIMING: Timing = Timing::UNDOCUMENTED;
        type Store = HmacKeys;

        fn scheme() -> SchemeBuilder {
            Scheme::builder("dashed")
                .hmac_sha256(Credential::header("stripe-signature").pair("v1").hex())
                .time(TimeField::pair("t").seconds())
                .signs("{time}.{body}")
                .topic(Field::body("type"))
                .id(Field::body("id"))
        }
    }

    async fn on_event(Webhook(event): Webhook<SignedEvent<signing::Event>>) {
        std::hint::black_box(&event);
    }
    let layer = WebhookLayer::<SchemeProvider<signing::Event, Dashed>>::new(signing::STRIPE_SECRET);
    let app = Router::new().route("/webhook", post(on_event).layer(layer));
    Side::axum(app, StatusCode::OK, signing::charge_request(length))
}

//! The senders that sign with HMAC-SHA256.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use webhook_core::FromSecrets;
use webhook_core::driver::{Accepted, Verifier};
use webhook_core::github::{Github, GithubPayload};
use webhook_core::mercadopago::MercadoPago;
use webhook_core::provider::Timestamped;
use webhook_core::standard_webhooks::{StandardEvent, StandardWebhooks};
use webhook_core::stripe::Stripe;

use super::Outcome;
use super::json::{form, payload, percent_decode};
use super::request::{self, Request};

/// The fixed time of the verifiers' clock.
const NOW: u64 = 1_614_265_330;

const KEY: &str = "It's a Secret to Everybody";
const STANDARD_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn verifier<P: FromSecrets + Timestamped>(secret: &str) -> Verifier<P> {
    let clock = || UNIX_EPOCH + Duration::from_secs(NOW);
    Verifier::try_new(secret).unwrap().clock(clock)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(&parts.concat());
    mac.finalize().into_bytes().to_vec()
}

/// A time as senders write it: digits, few enough for 64 bits.
fn time(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.chars().all(|char| char.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn is_now(time: u64) -> bool {
    (NOW - 300..=NOW + 300).contains(&time)
}

/// The values of the entries `name=value` of a list.
fn entries<'a>(list: &'a str, name: &str) -> Vec<&'a str> {
    let blank = [' ', '\t'];
    let mut values = Vec::new();
    for entry in list.split(',') {
        if let Some((other, value)) = entry.split_once('=')
            && other.trim_matches(blank) == name
        {
            values.push(value.trim_matches(blank));
        }
    }
    values
}

/// Whether one of the first 16 is the signature in hex.
fn any_hex(sent: &[&str], signature: &[u8]) -> bool {
    let mut first = sent.iter().take(16);
    first.any(|sent| hex::decode(sent).is_ok_and(|sent| sent == signature))
}

fn json(body: &[u8]) -> Option<Value> {
    payload(body)
}

static STANDARD_VERIFIER: LazyLock<Verifier<StandardWebhooks>> =
    LazyLock::new(|| verifier(STANDARD_KEY));

pub fn standard_webhooks(input: &[u8]) -> Outcome {
    let mut request = Request::parse(input);
    let key = STANDARD.decode(&STANDARD_KEY[6..]).unwrap();
    let signature = |request: &Request, family: &str| {
        let part = |name| {
            request
                .once(&format!("{family}-{name}"))
                .unwrap_or_default()
        };
        let (id, time) = (part("id"), part("timestamp"));
        mac(&key, &[id, b".", time, b".", &request.body])
    };
    for (placeholder, family) in [("{webhook}", "webhook"), ("{svix}", "svix")] {
        let signature = STANDARD.encode(signature(&request, family));
        request.fill(placeholder, &signature);
    }
    let naive = || {
        let has = |family: &str| {
            let mut names = ["id", "timestamp", "signature"].into_iter();
            names.any(|name| request.headers.contains_key(format!("{family}-{name}")))
        };
        let family = match (has("webhook"), has("svix")) {
            (true, false) => "webhook",
            (false, true) => "svix",
            _ => return None,
        };
        let part = |name| request.credential(&format!("{family}-{name}"));
        let id = part("id")?.to_owned();
        let time = time(part("timestamp")?)?;
        let expected = signature(&request, family);
        let signed = part("signature")?
            .split(' ')
            .filter_map(|entry| entry.strip_prefix("v1,"))
            .take(16)
            .any(|sent| STANDARD.decode(sent).is_ok_and(|sent| sent == expected));
        if !is_now(time) || id.contains('.') || !signed {
            return None;
        }
        Some((id, time, json(&request.body)?))
    };
    let agrees = |(id, time, payload): &_, accepted: &Accepted<StandardEvent>| {
        let event = accepted.delivery.event();
        assert_eq!(
            (&event.id, &event.timestamp, &event.payload),
            (id, time, payload)
        );
    };
    request::deliver(&STANDARD_VERIFIER, &[STANDARD_KEY], &request, naive, agrees)
}

static GITHUB: LazyLock<Verifier<Github>> = LazyLock::new(|| Verifier::try_new(KEY).unwrap());

pub fn github(input: &[u8]) -> Outcome {
    let mut request = Request::parse(input);
    let expected = mac(KEY.as_bytes(), &[&request.body]);
    request.fill("{1}", &hex::encode(&expected));
    let is_ping = request.credential("x-github-event") == Some("ping");
    let naive = || {
        let sent = request
            .credential("x-hub-signature-256")?
            .strip_prefix("sha256=")?;
        if hex::decode(sent).ok()? != expected {
            return None;
        }
        let text = request.body.strip_prefix("\u{feff}".as_bytes());
        let text = text.unwrap_or(&request.body);
        let blank = |byte: &&u8| b" \t\n\r".contains(byte);
        let is_object = text.iter().find(|byte| !blank(byte)) == Some(&b'{');
        let body = if request.is_form() && !is_object {
            let fields = form(text)?;
            let (_, payload) = fields.into_iter().find(|(name, _)| name == "payload")?;
            Cow::Owned(payload)
        } else {
            Cow::Borrowed(&request.body[..])
        };
        if is_ping {
            // Only two of its fields are read; another may have a number beyond all limits.
            return payload(&body).map(GithubPayload::Ping);
        }
        json(&body).map(GithubPayload::Event)
    };
    request::deliver(&GITHUB, &[KEY], &request, naive, |payload, accepted| {
        let event = accepted.delivery.event();
        assert_eq!(&event.payload, payload);
        assert_eq!(
            event.unauthenticated.event.as_deref(),
            request.credential("x-github-event")
        );
        assert_eq!(
            event.unauthenticated.delivery.as_deref(),
            request.credential("x-github-delivery")
        );
    })
}

static STRIPE: LazyLock<Verifier<Stripe>> = LazyLock::new(|| verifier(KEY));

pub fn stripe(input: &[u8]) -> Outcome {
    let mut request = Request::parse(input);
    let sent_at = |request: &Request| {
        let list = request.credential("stripe-signature")?;
        match entries(list, "t")[..] {
            [only] => Some(only.to_owned()),
            _ => None,
        }
    };
    let signature = |t: &str, body: &[u8]| mac(KEY.as_bytes(), &[t.as_bytes(), b".", body]);
    if let Some(t) = sent_at(&request) {
        request.fill("{1}", &hex::encode(signature(&t, &request.body.clone())));
    }
    let naive = || {
        let t = sent_at(&request)?;
        let sent = entries(request.credential("stripe-signature")?, "v1");
        let time = time(&t)?;
        let signed = any_hex(&sent, &signature(&t, &request.body));
        (signed && is_now(time)).then_some(())?;
        Some((time, json(&request.body)?))
    };
    request::deliver(
        &STRIPE,
        &[KEY],
        &request,
        naive,
        |(time, payload), accepted| {
            let event = accepted.delivery.event();
            assert_eq!((&event.timestamp, &event.payload), (time, payload));
        },
    )
}

static MERCADOPAGO: LazyLock<Verifier<MercadoPago>> = LazyLock::new(|| {
    Verifier::try_new(KEY)
        .unwrap()
        .tolerance(Duration::from_secs(300))
        .clock(|| UNIX_EPOCH + Duration::from_secs(NOW))
});

pub fn mercadopago(input: &[u8]) -> Outcome {
    let mut request = Request::parse(input);
    // Every decoded value of these query parameters.
    let parameters = |request: &Request, names: &[&str]| {
        let query = request.query.clone().unwrap_or_default();
        let mut values = Vec::new();
        for field in query.split('&') {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            if names
                .iter()
                .any(|wanted| percent_decode(name.as_bytes()) == wanted.as_bytes())
            {
                values.push(percent_decode(value.as_bytes()));
            }
        }
        values
    };
    let sent_at = |request: &Request| {
        let list = request.credential("x-signature")?;
        match entries(list, "ts")[..] {
            [only] => Some(only.to_owned()),
            _ => None,
        }
    };
    let signature = |data_id: Option<&str>, request_id: Option<&str>, ts: &str| {
        let mut manifest = String::new();
        if let Some(data_id) = data_id {
            manifest += &format!("id:{data_id};");
        }
        if let Some(request_id) = request_id {
            manifest += &format!("request-id:{request_id};");
        }
        manifest += &format!("ts:{ts};");
        mac(KEY.as_bytes(), &[manifest.as_bytes()])
    };
    let data_id = |request: &Request| match &parameters(request, &["data.id"])[..] {
        [] => Some(None),
        [only] => {
            let only = String::from_utf8(only.clone()).ok()?;
            Some(Some(only).filter(|id| !id.is_empty()))
        }
        _ => None,
    };
    if let (Some(ts), Some(data_id)) = (sent_at(&request), data_id(&request)) {
        let lower = data_id.as_deref().map(str::to_ascii_lowercase);
        let request_id = request.credential("x-request-id").map(str::to_owned);
        let sign = |data_id| hex::encode(signature(data_id, request_id.as_deref(), &ts));
        request.fill("{1}", &sign(data_id.as_deref()));
        request.fill("{lower}", &sign(lower.as_deref()));
    }
    let naive = || {
        let ts = sent_at(&request)?;
        let list = entries(request.credential("x-signature")?, "v1");
        let data_id = data_id(&request)?;
        if data_id.is_none() && !parameters(&request, &["topic"]).is_empty() {
            return None;
        }
        let request_id = match request.is_absent_or_empty("x-request-id") {
            true => None,
            false => Some(request.credential("x-request-id")?),
        };
        if [data_id.as_deref(), request_id]
            .into_iter()
            .flatten()
            .any(|part| part.contains(';'))
        {
            return None;
        }
        // Seconds have had 10 digits since 2001, milliseconds 13.
        let milliseconds = match time(&ts)? {
            seconds @ ..100_000_000_000 => seconds * 1000,
            milliseconds => milliseconds,
        };
        let is_now = milliseconds.abs_diff(NOW * 1000) <= 300_000;
        let lower = data_id.as_deref().map(str::to_ascii_lowercase);
        let signed = [data_id.as_deref(), lower.as_deref()]
            .iter()
            .any(|data_id| any_hex(&list, &signature(*data_id, request_id, &ts)));
        (is_now && signed).then_some(())?;
        Some((
            data_id.clone(),
            request_id,
            milliseconds,
            json(&request.body)?,
        ))
    };
    request::deliver(
        &MERCADOPAGO,
        &[KEY],
        &request,
        naive,
        |(data_id, request_id, time, body), accepted| {
            let event = accepted.delivery.event();
            assert_eq!(&event.data_id, data_id);
            assert_eq!(event.request_id.as_deref(), *request_id);
            assert_eq!(event.timestamp_ms, *time);
            assert_eq!(&event.unauthenticated.body, body);
        },
    )
}

/// One header value, tried as the signature of every sender. The body is fixed, and so is everything else that is
/// signed.
pub fn headers(value: &[u8]) -> Outcome {
    let request = |target: &str, head: &str| {
        let mut input = format!("POST {target}\n{head}: ").into_bytes();
        input.extend(
            value
                .iter()
                .map(|byte| if *byte == b'\n' { b' ' } else { *byte }),
        );
        input.extend_from_slice(b"\n\n{}");
        input
    };
    let standard = format!("webhook-id: 1\nwebhook-timestamp: {NOW}\nwebhook-signature");
    let outcomes = [
        standard_webhooks(&request("/", &standard)),
        github(&request("/", "x-hub-signature-256")),
        stripe(&request("/", "stripe-signature")),
        mercadopago(&request("/?data.id=A1", "x-request-id: 2\nx-signature")),
    ];
    match outcomes.contains(&Outcome::Accepted) {
        true => Outcome::Accepted,
        false => Outcome::Refused,
    }
}

//! Receivers that take more than the sender's own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use webhook_core::driver::Verifier;
use webhook_core::http::{HeaderMap, header};
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::testing;

use crate::at_once::{Case, cases};
use crate::command::check;
use crate::planted::{
    SIGNING_TOKEN, STRIPE_SECRET, TOKEN, finds, klap, slack, stripe, tusfacturas,
};
use crate::receiver::{Plant, Running, plant, serve};

/// All of them.
pub(crate) const ALL: &[Case] = cases![
    an_event_that_is_not_verified_as_text_is_found,
    an_event_that_is_not_verified_in_chunks_is_found,
    an_event_that_is_not_verified_as_a_multipart_form_or_encoded_is_found,
    an_event_that_is_not_verified_without_any_header_is_found,
    a_signature_with_an_empty_key_is_found,
    a_signature_with_a_key_of_javascript_is_found,
    a_digest_without_a_key_is_found,
    only_the_first_signature_is_found,
    only_the_last_signature_is_found,
    only_the_first_signature_of_standard_webhooks_is_found,
    another_version_of_a_signature_is_found,
    a_token_without_regard_to_case_is_found,
    a_handshake_that_is_not_verified_is_found,
    nothing_is_found_in_a_right_receiver_of_wompi,
    a_list_of_wompi_that_is_taken_as_it_is_is_found,
];

fn an_event_that_is_not_verified_as_text_is_found() {
    let receiver = stripe(Plant {
        takes: |headers, _, _| {
            let content_type = headers.get(header::CONTENT_TYPE);
            content_type.is_some_and(|it| it.as_bytes().starts_with(b"text/plain"))
        },
        ..Plant::default()
    });
    finds(receiver, &["forged-as-text", "unsigned-as-text"]);
}

fn an_event_that_is_not_verified_in_chunks_is_found() {
    let receiver = stripe(Plant {
        takes: |headers, _, _| !headers.contains_key(header::CONTENT_LENGTH),
        ..Plant::default()
    });
    let faults = [
        "forged-in-chunks",
        "unsigned-in-chunks",
        "request-in-a-chunk",
    ];
    finds(receiver, &faults);
}

fn an_event_that_is_not_verified_as_a_multipart_form_or_encoded_is_found() {
    let receiver = stripe(Plant {
        takes: |headers, _, _| {
            let content_type = headers.get(header::CONTENT_TYPE);
            headers.contains_key(header::CONTENT_ENCODING)
                || content_type.is_some_and(|it| it.as_bytes().starts_with(b"multipart/"))
        },
        ..Plant::default()
    });
    let faults = [
        "forged-as-multipart",
        "forged-encoded",
        "unsigned-as-multipart",
        "unsigned-encoded",
    ];
    finds(receiver, &faults);
}

fn an_event_that_is_not_verified_without_any_header_is_found() {
    let receiver = slack(Plant {
        takes: |headers, _, _| {
            !headers
                .keys()
                .any(|name| name.as_str().starts_with("x-slack-"))
        },
        ..Plant::default()
    });
    finds(receiver, &["bare"]);
}

/// The entries of the header of Stripe.
fn entries<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let value = headers.get("stripe-signature");
    let value = value.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let entries = value.split(',').filter_map(|entry| entry.split_once('='));
    entries
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .collect()
}

/// The signature that this key makes of the time in the header and the body.
fn right(headers: &HeaderMap, body: &[u8], key: &str) -> Option<String> {
    let time = entries(headers, "t").first()?.parse().ok()?;
    let time: SystemTime = UNIX_EPOCH + Duration::from_secs(time);
    let request = testing::stripe(time, body.to_vec(), key);
    Some(entries(&request.headers, "v1").first()?.to_string())
}

fn is_signed_with(headers: &HeaderMap, body: &[u8], key: &str) -> bool {
    let right = right(headers, body, key);
    right.is_some_and(|right| entries(headers, "v1").contains(&&*right))
}

fn a_signature_with_an_empty_key_is_found() {
    let receiver = stripe(Plant {
        // HMAC makes the same of no key and of a zero.
        takes: |headers, body, _| is_signed_with(headers, body, "\0"),
        ..Plant::default()
    });
    finds(receiver, &["unset-secret-empty"]);
}

fn a_signature_with_a_key_of_javascript_is_found() {
    let receiver = stripe(Plant {
        takes: |headers, body, _| is_signed_with(headers, body, "undefined"),
        ..Plant::default()
    });
    finds(receiver, &["unset-secret"]);
}

fn a_digest_without_a_key_is_found() {
    let receiver = klap(Plant {
        takes: |headers, body, _| {
            let order: Value = serde_json::from_slice(body).unwrap_or_default();
            let id = |name: &str| order[name].as_str().unwrap_or_default();
            let digest = testing::multicaja_digest(id("reference_id"), id("order_id"), "");
            headers.get("apikey").is_some_and(|it| *it == *digest)
        },
        ..Plant::default()
    });
    finds(receiver, &["unset-secret-empty"]);
}

fn only_the_first_signature_is_found() {
    let receiver = stripe(Plant {
        declines: |headers, body| {
            let right = right(headers, body, STRIPE_SECRET);
            entries(headers, "v1").first().copied() != right.as_deref()
        },
        ..Plant::default()
    });
    let checked = finds(receiver, &["rotation-wrong-first"]);
    assert!(
        checked
            .why("rotation-wrong-first")
            .contains("nothing arrives")
    );
}

fn only_the_last_signature_is_found() {
    let receiver = stripe(Plant {
        declines: |headers, body| {
            let right = right(headers, body, STRIPE_SECRET);
            entries(headers, "v1").last().copied() != right.as_deref()
        },
        ..Plant::default()
    });
    finds(receiver, &["rotation-right-first"]);
}

fn only_the_first_signature_of_standard_webhooks_is_found() {
    let verifier = Verifier::<StandardWebhooks>::try_new(SIGNING_TOKEN).unwrap();
    let wrong = Plant {
        declines: |headers, body| {
            let [id, time, sent] = ["id", "timestamp", "signature"]
                .map(|name| headers[&format!("webhook-{name}")].to_str().unwrap());
            let time = UNIX_EPOCH + Duration::from_secs(time.parse().unwrap());
            let right = testing::standard_webhooks(id, time, body.to_vec(), SIGNING_TOKEN);
            let right = right.headers["webhook-signature"].to_str().unwrap();
            sent.split(' ').next() != Some(right)
        },
        ..Plant::default()
    };
    let receiver = ("standard-webhooks", plant(verifier, wrong));
    finds(receiver, &["rotation-wrong-first"]);
}

fn another_version_of_a_signature_is_found() {
    let receiver = stripe(Plant {
        takes: |headers, body, _| {
            let right = right(headers, body, STRIPE_SECRET);
            entries(headers, "v0").first().copied() == right.as_deref() && right.is_some()
        },
        ..Plant::default()
    });
    finds(receiver, &["another-version"]);
}

fn a_token_without_regard_to_case_is_found() {
    let receiver = tusfacturas(Plant {
        takes: |headers, _, _| {
            let token = headers.get("tf-webhooktoken");
            token.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(TOKEN.as_bytes()))
                && headers.get_all("tf-webhooktoken").iter().count() == 1
                && token.is_none_or(|it| it != TOKEN)
        },
        ..Plant::default()
    });
    finds(receiver, &["other-case"]);
}

fn a_handshake_that_is_not_verified_is_found() {
    let receiver = slack(Plant {
        takes: |_, body, _| crate::planted::contains(body, "url_verification"),
        ..Plant::default()
    });
    finds(
        receiver,
        &["forged-url_verification", "unsigned-url_verification"],
    );
}

const EVENTS_SECRET: &str = "test_events_4f5e6d7a8b";

/// A receiver of Wompi as its documentation describes one, with no tolerance; it looks for these in the list.
fn wompi(required: &'static [&'static str]) -> Running {
    serve(Router::new().fallback(move |request: Request| async move {
        let is_post = request.method() == axum::http::Method::POST;
        let read = to_bytes(request.into_body(), 64 * 1024);
        match tokio::time::timeout(Duration::from_secs(2), read).await {
            _ if !is_post => StatusCode::METHOD_NOT_ALLOWED,
            Ok(Ok(body)) => judged(&body, required),
            Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Err(_) => StatusCode::REQUEST_TIMEOUT,
        }
    }))
}

fn judged(body: &Bytes, required: &[&str]) -> StatusCode {
    let text = String::from_utf8_lossy(body);
    let event: Value = serde_json::from_str(&text).unwrap_or_default();
    let Some(properties) = event["signature"]["properties"].as_array() else {
        return StatusCode::BAD_REQUEST;
    };
    let names: Vec<_> = properties.iter().filter_map(Value::as_str).collect();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let values = names.iter().map(|name| {
        let pointer = format!("/data/{}", name.replace('.', "/"));
        text(event.pointer(&pointer).unwrap_or(&Value::Null))
    });
    let content = values.chain([text(&event["timestamp"]), EVENTS_SECRET.to_owned()]);
    let right = hex::encode(Sha256::digest(content.collect::<String>()));
    let sent = event["signature"]["checksum"].as_str().unwrap_or_default();
    match sent.eq_ignore_ascii_case(&right) && required.iter().all(|it| names.contains(it)) {
        true => StatusCode::OK,
        false => StatusCode::UNAUTHORIZED,
    }
}

#[track_caller]
fn finds_in_wompi(receiver: &Running, faults: &[&str]) {
    let url = receiver.url("/wompi");
    let arguments = ["wompi", &url, "--slow-after", "8s"];
    let checked = check(&arguments, &[("WOMPI_WEBHOOK_SECRET", EVENTS_SECRET)]);
    let expected = faults.iter().copied().collect();
    assert_eq!(checked.faults(), expected, "{}", checked.printed);
    assert!(checked.with("note").contains("old"), "{}", checked.printed);
}

fn nothing_is_found_in_a_right_receiver_of_wompi() {
    let required = &[
        "transaction.id",
        "transaction.status",
        "transaction.amount_in_cents",
    ];
    finds_in_wompi(&wompi(required), &[]);
}

fn a_list_of_wompi_that_is_taken_as_it_is_is_found() {
    finds_in_wompi(&wompi(&[]), &["signed-list-cut"]);
}

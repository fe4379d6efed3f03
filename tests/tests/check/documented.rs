//! The reference receivers of TusFacturas and Klap, as the senders' documentation describes them, and what is found in them.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use webhook_core::Reply;
use webhook_tests::patience::PATIENCE;

use crate::at_once::{self, cases, each};
use crate::command::{Checked, check};
use crate::receiver::{Running, response, serve};

const TOKEN: &str = "token-of-pdv-3-9f8e7d";
const API_KEY: &str = "private-key-5a4b3c";

#[test]
fn in_the_references_of_the_senders_what_is_there_is_found() {
    at_once::run(&[cases![
        in_the_reference_of_tusfacturas_methods_and_limits_are_found,
        in_the_express_reference_of_klap_a_slow_body_is_found,
        in_the_php_reference_of_klap_methods_and_limits_are_found,
    ]]);
}

fn checked(sender: &str, receiver: &Running, target: &str) -> Checked {
    let url = receiver.url(target);
    let variables = [("TF_WEBHOOK_TOKEN", TOKEN), ("MULTICAJA_API_KEY", API_KEY)];
    check(&[sender, &url, "--slow-after", "5s"], &variables)
}

#[track_caller]
fn has(checked: &Checked, verdict: &str, expected: &[&str]) {
    let expected: BTreeSet<_> = expected.iter().copied().collect();
    assert_eq!(checked.with(verdict), expected, "{}", checked.printed);
}

/// A server that runs PHP reads any body to its end before the script runs, and takes what it has of one that was cut.
async fn php_input(body: Body) -> Vec<u8> {
    let read = tokio::time::timeout(PATIENCE, to_bytes(body, usize::MAX)).await;
    read.map(Result::unwrap_or_default)
        .unwrap_or_default()
        .into()
}

/// A header as PHP has it: of several, all in one.
fn php_header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter();
    let values: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// TusFacturas: 200 `OK`, 403 for another token, 400 for what is no JSON; the method is not looked at.
async fn tusfacturas(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let input = php_input(body).await;
    if php_header(&parts.headers, "tf-webhooktoken").as_deref() != Some(TOKEN) {
        let refused = "El Token recibido no coincide con el esperado";
        return response(Reply::text(StatusCode::FORBIDDEN, refused));
    }
    match serde_json::from_str::<Value>(&String::from_utf8_lossy(&input)) {
        Ok(Value::Object(_)) => response(Reply::text(StatusCode::OK, "OK")),
        _ => {
            let refused = "No se recibió información en formato JSON.";
            response(Reply::text(StatusCode::BAD_REQUEST, refused))
        }
    }
}

fn in_the_reference_of_tusfacturas_methods_and_limits_are_found() {
    let receiver = serve(Router::new().fallback(tusfacturas));
    let checked = checked("tusfacturas", &receiver, "/webhook");
    has(
        &checked,
        "fault",
        &[
            "get",
            "head",
            "put",
            "patch",
            "delete",
            "flood",
            "flood-in-chunks",
            "slow",
        ],
    );
    has(&checked, "note", &["long"]);
    has(
        &checked,
        "cannot_tell",
        &["acts-twice", "acts-on-forgeries"],
    );
}

/// Klap: the digest over the two ids, compared with `===`.
fn klap(order: &Value, digest: Option<&str>) -> Response {
    let id = |name: &str| match &order[name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => "undefined".to_owned(),
    };
    let content = [id("reference_id"), id("order_id"), API_KEY.to_owned()].concat();
    let right = hex::encode(Sha256::digest(content));
    match digest == Some(&*right) {
        true => response(Reply::json(StatusCode::OK, order.to_string())),
        false => response(Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "error")),
    }
}

/// What Express does before a handler: it reads 100 KiB of JSON, and answers by itself what is none.
async fn express(request: Request) -> Result<(HeaderMap, Value), StatusCode> {
    let (parts, body) = request.into_parts();
    let content_type = parts.headers.get("content-type");
    if content_type.is_none_or(|it| !it.as_bytes().starts_with(b"application/json")) {
        return Ok((parts.headers, Value::Null));
    }
    // The server itself ends what takes longer than 5 minutes.
    let body = tokio::time::timeout(Duration::from_secs(300), to_bytes(body, 100 * 1024))
        .await
        .map_err(|_| StatusCode::REQUEST_TIMEOUT)?
        .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    if body.is_empty() {
        return Ok((parts.headers, Value::Null));
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    let read: Result<Value, _> = serde_json::from_str(&body);
    let read = read.map_err(|_| StatusCode::BAD_REQUEST)?;
    match read.is_object() || read.is_array() {
        true => Ok((parts.headers, read)),
        false => Err(StatusCode::BAD_REQUEST),
    }
}

async fn express_confirm(request: Request) -> Response {
    match express(request).await {
        Ok((headers, order)) => klap(&order, php_header(&headers, "apikey").as_deref()),
        Err(status) => status.into_response(),
    }
}

async fn express_validation(request: Request) -> Response {
    match express(request).await {
        Ok((_, order)) => response(Reply::json(StatusCode::OK, order.to_string())),
        Err(status) => status.into_response(),
    }
}

fn in_the_express_reference_of_klap_a_slow_body_is_found() {
    let receiver = serve(
        Router::new()
            .route("/webhook_confirm", post(express_confirm))
            .route("/webhook_reject", post(express_confirm))
            .route("/webhook_validation", post(express_validation)),
    );
    each(["/webhook_confirm", "/webhook_reject"], |target| {
        let checked = checked("klap", &receiver, target);
        has(&checked, "fault", &["slow"]);
        has(&checked, "note", &["content-type", "long", "upper-case"]);
        // What the digest does not cover is a weakness of the sender, which no receiver can see from the request.
        let unsigned = checked.why("body-changed");
        assert!(
            unsigned.contains("neither the endpoint, nor the amount, nor a time"),
            "{unsigned}"
        );
    });
    let checked = checked("klap-validation", &receiver, "/webhook_validation");
    has(&checked, "fault", &["slow"]);
}

/// One URL with the endpoint in the query; validation is answered whatever comes.
async fn php_klap(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let input = php_input(body).await;
    let order: Value = serde_json::from_str(&String::from_utf8_lossy(&input)).unwrap_or_default();
    match parts.uri.query() {
        Some("webhook=validation") => response(Reply::json(StatusCode::OK, order.to_string())),
        _ => klap(&order, php_header(&parts.headers, "apikey").as_deref()),
    }
}

fn in_the_php_reference_of_klap_methods_and_limits_are_found() {
    let receiver = serve(Router::new().fallback(php_klap));
    let methods_and_limits = [
        "get",
        "head",
        "put",
        "patch",
        "delete",
        "flood",
        "flood-in-chunks",
        "slow",
    ];
    // It takes anything for an order to be validated, which only makes the buyer go on to pay.
    let of_validation = [&methods_and_limits[..], &["cut"]].concat();
    each(
        [
            (
                "klap",
                "/webhooks?webhook=confirm",
                &methods_and_limits[..],
                &["long", "upper-case"][..],
            ),
            (
                "klap-validation",
                "/webhooks?webhook=validation",
                &of_validation,
                &["array", "empty-body", "long", "not-json"],
            ),
        ],
        |(sender, target, faults, notes)| {
            let checked = checked(sender, &receiver, target);
            has(&checked, "fault", faults);
            has(&checked, "note", notes);
        },
    );
}

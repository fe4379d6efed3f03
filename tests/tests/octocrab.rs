//! A payload whose type is chosen by the event's name: octocrab's `WebhookEvent`.

use axum::body::{Body, to_bytes};
use axum::routing::post;
use axum::{Json, Router};
use octocrab::models::webhook_events::{WebhookEvent, WebhookEventType};
use serde_json::{Value, json};
use tower::ServiceExt;
use webhook_axum::github::{GithubBody, GithubPayload};
use webhook_axum::testing::{self, TestRequest};
use webhook_axum::{BodyError, GithubEvent, GithubWebhookLayer, Webhook};

const SECRET: &str = "It's a Secret to Everybody";

/// octocrab's event, which is not `Deserialize`: its type is in the headers.
#[derive(Clone)]
struct Octocrab(WebhookEvent);

impl GithubBody for Octocrab {
    fn decode(unauthenticated_event: &str, json: &[u8]) -> Result<Self, BodyError> {
        WebhookEvent::try_from_header_and_body(unauthenticated_event, &json)
            .map(Self)
            .map_err(|error| BodyError::from_json(&error))
    }
}

/// Answers what the event was decoded as.
async fn on_event(Webhook(event): Webhook<GithubEvent<Octocrab>>) -> Json<Value> {
    Json(match event.payload {
        GithubPayload::Ping(ping) => json!({"ping": ping.hook_id}),
        GithubPayload::Event(Octocrab(event)) => {
            let sender = event.sender.map(|sender| sender.login);
            match event.kind {
                WebhookEventType::Push => json!({"push": sender}),
                WebhookEventType::Issues => json!({"issues": sender}),
                WebhookEventType::Unknown(name) => json!({"unknown": name}),
                _ => json!("another"),
            }
        }
        _ => json!("neither"),
    })
}

async fn answer(request: TestRequest) -> (u16, Value) {
    let layer = GithubWebhookLayer::<Octocrab>::new(SECRET);
    let app = Router::new().route("/github", post(on_event).layer(layer));
    let response = app.oneshot(request.into_request::<Body>()).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn push() -> String {
    json!({
        "ref": "refs/heads/main",
        "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
        "after": "0000000000000000000000000000000000000000",
        "base_ref": null,
        "compare": "https://github.com/Codertocat/Hello-World/compare/6113728f27ae...000000000000",
        "created": false, "deleted": true, "forced": false,
        "commits": [], "head_commit": null,
        "pusher": {"name": "Codertocat", "email": "21031067+Codertocat@users.noreply.github.com"},
    })
    .to_string()
}

#[tokio::test]
async fn octocrabs_event_is_decoded_by_its_name_and_a_ping_is_a_ping() {
    let zen = r#"{"zen":"Design for failure.","hook_id":7,"hook":{"type":"Repository"}}"#;
    for request in [testing::github, form] {
        let answer_to =
            |name: &str, body: &str| answer(request(name, body.to_owned().into(), SECRET));
        assert_eq!(
            answer_to("push", &push()).await,
            (200, json!({"push": null}))
        );
        assert_eq!(answer_to("ping", zen).await, (200, json!({"ping": 7})));
        let new = answer_to("invented_yesterday", "{}").await;
        assert_eq!(new, (200, json!({"unknown": "invented_yesterday"})));
        // A body that does not fit is the sender's mistake, or an attacker's.
        assert_eq!(answer_to("issues", "{}").await.0, 400);
    }
}

fn form(event: &str, json: bytes::Bytes, secret: &str) -> TestRequest {
    testing::github_form(event, std::str::from_utf8(&json).unwrap(), secret)
}

/// The signature covers the body and not the name: an attacker who has captured one body chooses how it is decoded.
#[tokio::test]
async fn one_signed_body_passes_under_two_names() {
    let captured = testing::github("push", push(), SECRET);
    assert_eq!(answer(captured.clone()).await, (200, json!({"push": null})));
    for (name, expected) in [
        ("ping", json!({"ping": null})),
        (
            "invented_yesterday",
            json!({"unknown": "invented_yesterday"}),
        ),
    ] {
        let mut renamed = captured.clone();
        renamed
            .headers
            .insert("x-github-event", name.parse().unwrap());
        assert_eq!(answer(renamed).await, (200, expected), "{name}");
    }
    let mut without = captured;
    without.headers.remove("x-github-event").unwrap();
    assert_eq!(answer(without).await, (200, json!({"unknown": ""})));
}

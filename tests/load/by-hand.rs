//! The other side of the load test: what a developer writes with axum alone. It does the same job as the receiver's
//! `/webhook`, without its limits, constant-time comparison and liberal decoding.

use std::io::Write;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::{Deserialize, Serialize};
use webhook_examples::Limits;

#[derive(Deserialize, Serialize)]
struct Event {
    creado: String,
    evento: String,
    recurso: String,
    external_reference: String,
    intento: u32,
    msg: Vec<String>,
    hook_id: String,
}

#[derive(Serialize)]
struct Line {
    provider: &'static str,
    key: Option<&'static str>,
    event: Event,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let token: &'static str = std::env::var("TF_WEBHOOK_TOKEN").unwrap_or_default().leak();
    let address = std::env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = std::net::TcpListener::bind(address)?;
    writeln!(
        std::io::stderr(),
        "listening on http://{}",
        listener.local_addr()?
    )?;
    let app = Router::new()
        .route("/webhook", post(on_event))
        .with_state(token);
    webhook_examples::serve(listener, app, Limits::default(), std::future::pending()).await
}

async fn on_event(State(token): State<&'static str>, headers: HeaderMap, body: Bytes) -> Response {
    if headers
        .get("TF-WebhookToken")
        .and_then(|sent| sent.to_str().ok())
        != Some(token)
    {
        return (
            StatusCode::FORBIDDEN,
            "El Token recibido no coincide con el esperado",
        )
            .into_response();
    }
    let Ok(event) = serde_json::from_slice::<Event>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let line = Line {
        provider: "tusfacturas",
        key: None,
        event,
    };
    let Ok(mut line) = serde_json::to_vec(&line) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    line.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(&line).and_then(|()| stdout.flush()) {
        Ok(()) => "OK".into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

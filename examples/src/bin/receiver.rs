//! Receives webhooks with axum.

use axum::{Router, routing::post};
use webhook_axum::{TfEvent, TfWebhookLayer, Webhook};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let token = std::env::var("TF_WEBHOOK_TOKEN").unwrap_or_default();
    let app = Router::new().route("/webhook", post(on_event).layer(TfWebhookLayer::new(token)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await
}

async fn on_event(Webhook(_event): Webhook<TfEvent>) {}

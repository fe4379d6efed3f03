//! Metrics: an axum app that counts its deliveries and serves the numbers to Prometheus.
//!
//! `cargo run -p webhook-examples --bin prometheus` starts it and prints what to try; `GET /metrics` has the numbers.

use axum::Router;
use axum::routing::{get, post};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use webhook_axum::observe::Metrics;
use webhook_axum::tusfacturas::TusFacturas;
use webhook_axum::{TfEvent, TfWebhookLayer, Webhook};

use crate::{Limits, Sender, StartError, announce, listen, log_to_stderr, serve, stop_signal};

#[tokio::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let tusfacturas = Sender::TUSFACTURAS.configured_or_generated::<TusFacturas>()?;
    let limits = Limits::from_env()?;
    let (listener, stop) = (listen()?, stop_signal()?);
    announce(&listener, [&tusfacturas])?;
    let layer = TfWebhookLayer::new(tusfacturas.secrets).body_timeout(limits.body);
    let recorder = recorder().map_err(std::io::Error::other)?;
    Ok(serve(listener, app(layer, recorder), limits, stop).await?)
}

/// A recorder for the whole process: whatever counts through the `metrics` facade counts here.
pub fn recorder() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new().install_recorder()
}

pub fn app(layer: TfWebhookLayer, recorder: PrometheusHandle) -> Router {
    let layer = layer.observer(Metrics::new());
    Router::new()
        .route("/webhook", post(on_invoice).layer(layer))
        // In production, use a separate port: strangers need not read it.
        .route("/metrics", get(async move || recorder.render()))
}

async fn on_invoice(Webhook(event): Webhook<TfEvent>) {
    tracing::info!("{} {:?}", event.evento, event.external_reference);
}

//! Receives webhooks from all supported senders with axum, and writes each event to stdout.
//!
//! `cargo run -p webhook-examples` starts it and prints what to try.

use crate::{
    Configured, Limits, Settings, StartError, announce, listen, log_to_stderr, record, serve,
    stop_signal,
};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Serialize;
use webhook_axum::github::Github;
use webhook_axum::mercadopago::MercadoPago;
use webhook_axum::multicaja::{Multicaja, MulticajaValidation};
use webhook_axum::standard_webhooks::StandardWebhooks;
use webhook_axum::stripe::Stripe;
use webhook_axum::tusfacturas::TusFacturas;
use webhook_axum::{
    FromSecrets, MulticajaValidationLayer, MulticajaWebhookLayer, Provider, TfWebhookLayer,
    WebhookDelivery, WebhookLayer,
};

/// Runs the receiver until it is told to stop.
#[tokio::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let settings = Settings::from_env()?;
    let listener = listen()?;
    let stop = stop_signal()?;
    announce(&listener, settings.senders())?;

    let limits = settings.limits;
    let tusfacturas = TfWebhookLayer::new(settings.tusfacturas.secrets).body_timeout(limits.body);
    let multicaja =
        MulticajaWebhookLayer::new(settings.multicaja.secrets).body_timeout(limits.body);
    let validation = MulticajaValidationLayer::new().body_timeout(limits.body);

    let on_order = post(on_delivery::<Multicaja>).layer(multicaja);
    let app = Router::new()
        .route(
            "/webhook",
            post(on_delivery::<TusFacturas>).layer(tusfacturas),
        )
        .route("/webhook_confirm", on_order.clone())
        .route("/webhook_reject", on_order.clone())
        .route("/webhooks", on_order)
        .route(
            "/webhook_validation",
            post(on_delivery::<MulticajaValidation>).layer(validation),
        )
        .route("/health", get(|| async {}));
    let app = with::<StandardWebhooks>(app, "/standard", settings.standard_webhooks, limits);
    let app = with::<Github>(app, "/github", settings.github, limits);
    let app = with::<Stripe>(app, "/stripe", settings.stripe, limits);
    let app = with::<MercadoPago>(app, "/mercadopago", settings.mercadopago, limits);

    // Puts the layers around their routes once, as `axum::serve` does, instead of for each request.
    let app = app.with_state(());
    Ok(serve(listener, app, limits, stop).await?)
}

/// Adds a sender to the app, if it is configured.
fn with<P>(app: Router, path: &str, configured: Option<Configured>, limits: Limits) -> Router
where
    P: FromSecrets<Event: Serialize>,
{
    let Some(configured) = configured else {
        return app;
    };
    let layer = WebhookLayer::<P>::new(configured.secrets).body_timeout(limits.body);
    app.route(path, post(on_delivery::<P>).layer(layer))
}

/// Nothing is returned on success: the layer answers with the sender's acknowledgement. An event that could not be
/// written down is not acknowledged, so that the sender repeats it.
async fn on_delivery<P>(
    WebhookDelivery(delivery): WebhookDelivery<P::Event>,
) -> Result<(), StatusCode>
where
    P: Provider<Event: Serialize>,
{
    record(&delivery).map_err(|error| {
        tracing::error!("cannot write an event to stdout: {error}");
        StatusCode::INTERNAL_SERVER_ERROR
    })
}

//! Receives webhooks from all supported senders with axum, and writes each event to stdout.
//!
//! `cargo run -p webhook-examples` starts it and prints what to try.

use std::time::Duration;

use crate::{
    Configured, Limits, Sender, Serves, Settings, StartError, announce, listen, log_to_stderr,
    record, serve, stop_signal,
};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use serde::Serialize;
use webhook_axum::github::Github;
use webhook_axum::mercadopago::MercadoPago;
use webhook_axum::multicaja::{Multicaja, MulticajaValidation};
use webhook_axum::provider::Authenticated;
use webhook_axum::scheme::{SchemeProvider, Source};
use webhook_axum::standard_webhooks::StandardWebhooks;
use webhook_axum::stripe::Stripe;
use webhook_axum::tusfacturas::TusFacturas;
use webhook_axum::wompi::Wompi;
use webhook_axum::{
    DetachedLayer, FromSecrets, MulticajaValidationLayer, MulticajaWebhookLayer, Provider, Tasks,
    TfWebhookLayer, Value, WebhookDelivery, WebhookLayer,
};

/// Runs the receiver until it is told to stop.
#[tokio::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let settings = Settings::from_env()?;
    let klap = Sender::MULTICAJA.configured_or_generated::<Multicaja>()?;
    let listener = listen()?;
    let stop = stop_signal()?;
    announce(&listener, settings.senders(Some(&klap)))?;

    let limits = settings.limits;
    let until = settings.stop();
    let tasks = Tasks::new();
    let mut with = With {
        limits,
        answer_by: settings.answer_by,
        tasks: &tasks,
        app: Router::new().route("/health", get(|| async {})),
    };
    let tusfacturas = with.detached(TfWebhookLayer::new(settings.tusfacturas.secrets));
    let multicaja = with.detached(MulticajaWebhookLayer::new(klap.secrets));
    let validation = MulticajaValidationLayer::new().body_timeout(limits.body);

    let on_order = post(on_delivery::<Multicaja>).layer(multicaja);
    with.app = with
        .app
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
        );
    let with = with
        .sender::<StandardWebhooks>("/standard", settings.standard_webhooks)
        .sender::<Github>("/github", settings.github)
        .sender::<Stripe>("/stripe", settings.stripe)
        .sender::<MercadoPago>("/mercadopago", settings.mercadopago)
        .sender::<Wompi>("/wompi", settings.wompi);
    let with = settings.described.serve(with);

    // Puts the layers around their routes once, as `axum::serve` does, instead of for each request.
    let app = with.app.with_state(Work(settings.handler));
    serve(listener, app, limits, stop).await?;
    // The connections are closed; a handler whose sender hung up may still be at work.
    let ended = tasks.finish_within(until).await;
    tracing::info!("{ended}");
    Ok(())
}

/// What the layers of all senders have in common, and the app to which senders are added.
struct With<'a> {
    limits: Limits,
    answer_by: Option<Duration>,
    tasks: &'a Tasks,
    app: Router<Work>,
}

impl With<'_> {
    /// Adds a sender to the app, if it is configured.
    fn sender<P>(self, path: &str, configured: Option<Configured>) -> Self
    where
        P: Authenticated + FromSecrets<Event: Serialize>,
    {
        match configured {
            Some(configured) => {
                let layer = self.detached(WebhookLayer::<P>::new(configured.secrets));
                self.route(path, layer)
            }
            None => self,
        }
    }

    fn route<P>(mut self, path: &str, layer: DetachedLayer<P>) -> Self
    where
        P: Authenticated<Event: Serialize>,
    {
        // Any method, so that it is the layer which answers a handshake with `GET`, and refuses the others.
        let route = any(on_delivery::<P>).layer(layer);
        self.app = self.app.route(path, route);
        self
    }

    fn detached<P: Authenticated>(&self, layer: WebhookLayer<P>) -> DetachedLayer<P> {
        let layer = layer.body_timeout(self.limits.body).detached(self.tasks);
        match self.answer_by {
            Some(after) => layer.answer_by(after),
            None => layer,
        }
    }
}

impl Serves for With<'_> {
    fn add<S: Source>(self, path: &str, provider: SchemeProvider<Value, S>) -> Self {
        let layer = self.detached(WebhookLayer::with_provider(provider));
        self.route(path, layer)
    }
}

/// How long a handler takes beside writing its event down.
#[derive(Clone, Copy)]
struct Work(Duration);

/// Nothing is returned on success: the layer answers with the sender's acknowledgement. An event that could not be
/// written down is not acknowledged, so that the sender repeats it.
async fn on_delivery<P>(
    State(Work(takes)): State<Work>,
    WebhookDelivery(delivery): WebhookDelivery<P::Event>,
) -> Result<(), StatusCode>
where
    P: Provider<Event: Serialize>,
{
    if !takes.is_zero() {
        tokio::time::sleep(takes).await;
    }
    record(&delivery).map_err(|error| {
        tracing::error!("cannot write an event to stdout: {error}");
        StatusCode::INTERNAL_SERVER_ERROR
    })
}

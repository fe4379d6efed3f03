//! Receives webhooks from all supported senders with actix, and writes each event to stdout.
//!
//! `cargo run -p webhook-examples --bin receiver-actix` starts it and prints what to try.

use std::time::Duration;

use crate::{
    Configured, Limits, Sender, Settings, StartError, announce, listen, log_to_stderr, record,
    stop_signal,
};
use actix_web::error::ErrorInternalServerError;
use actix_web::web::ServiceConfig;
use actix_web::{App, Error, HttpResponse, HttpServer, rt, web};
use serde::Serialize;
use webhook_actix::github::Github;
use webhook_actix::mercadopago::MercadoPago;
use webhook_actix::multicaja::{Multicaja, MulticajaValidation};
use webhook_actix::provider::Authenticated;
use webhook_actix::standard_webhooks::StandardWebhooks;
use webhook_actix::stripe::Stripe;
use webhook_actix::tusfacturas::TusFacturas;
use webhook_actix::{
    DetachedLayer, FromSecrets, MulticajaValidationLayer, MulticajaWebhookLayer, Provider, Tasks,
    TfWebhookLayer, WebhookDelivery, WebhookLayer,
};

/// Runs the receiver until it is told to stop.
#[actix_web::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let settings = Settings::from_env()?;
    let klap = Sender::MULTICAJA.configured_or_generated::<Multicaja>()?;
    let listener = listen()?;
    let stop = stop_signal()?;
    announce(&listener, settings.senders(Some(&klap)))?;

    // actix builds the app once per worker. Layers created out here share their secrets.
    let limits = settings.limits;
    let until = settings.stop();
    let tasks = Tasks::new();
    let work = web::Data::new(Work(settings.handler));
    let with = With {
        limits,
        answer_by: settings.answer_by,
        tasks: &tasks,
    };
    let tusfacturas = with.detached(TfWebhookLayer::new(settings.tusfacturas.secrets));
    let multicaja = with.detached(MulticajaWebhookLayer::new(klap.secrets));
    let validation = MulticajaValidationLayer::new().body_timeout(limits.body);
    let standard_webhooks = with.sender::<StandardWebhooks>(settings.standard_webhooks);
    let github = with.sender::<Github>(settings.github);
    let stripe = with.sender::<Stripe>(settings.stripe);
    let mercadopago = with.sender::<MercadoPago>(settings.mercadopago);

    let server = HttpServer::new(move || {
        let on_order = |path| {
            web::resource::<&str>(path)
                .wrap(multicaja.clone())
                .route(web::post().to(on_delivery::<Multicaja>))
        };
        App::new()
            .app_data(work.clone())
            .service(
                web::resource("/webhook")
                    .wrap(tusfacturas.clone())
                    .route(web::post().to(on_delivery::<TusFacturas>)),
            )
            .service(on_order("/webhook_confirm"))
            .service(on_order("/webhook_reject"))
            .service(on_order("/webhooks"))
            .service(
                web::resource("/webhook_validation")
                    .wrap(validation.clone())
                    .route(web::post().to(on_delivery::<MulticajaValidation>)),
            )
            .route("/health", web::get().to(HttpResponse::Ok))
            .configure(|app| serve(app, "/standard", &standard_webhooks))
            .configure(|app| serve(app, "/github", &github))
            .configure(|app| serve(app, "/stripe", &stripe))
            .configure(|app| serve(app, "/mercadopago", &mercadopago))
    })
    .client_request_timeout(limits.head)
    .shutdown_timeout(limits.stop().as_secs())
    // On a signal, actix ends its workers and their tasks. Here the handlers end first.
    .disable_signals()
    .listen(listener)?
    .run();

    let handle = server.handle();
    let stopped = rt::spawn(async move {
        stop.await;
        webhook_actix::stop(&handle, &tasks, until).await
    });
    server.await?;
    // The server is only the first to know that it was stopped.
    if let Ok(ended) = stopped.await {
        tracing::info!("{ended}");
    }
    Ok(())
}

/// What the layers of all senders have in common.
struct With<'a> {
    limits: Limits,
    answer_by: Option<Duration>,
    tasks: &'a Tasks,
}

impl With<'_> {
    /// The layer of a sender, if it is configured.
    fn sender<P>(&self, configured: Option<Configured>) -> Option<DetachedLayer<P>>
    where
        P: Authenticated + FromSecrets,
    {
        Some(self.detached(WebhookLayer::new(configured?.secrets)))
    }

    fn detached<P: Authenticated>(&self, layer: WebhookLayer<P>) -> DetachedLayer<P> {
        let layer = layer.body_timeout(self.limits.body).detached(self.tasks);
        match self.answer_by {
            Some(after) => layer.answer_by(after),
            None => layer,
        }
    }
}

/// Adds a sender to the app, if it is configured.
fn serve<P>(app: &mut ServiceConfig, path: &'static str, layer: &Option<DetachedLayer<P>>)
where
    P: FromSecrets<Event: Serialize>,
{
    if let Some(layer) = layer {
        app.service(
            web::resource(path)
                .wrap(layer.clone())
                .route(web::post().to(on_delivery::<P>)),
        );
    }
}

/// How long a handler takes beside writing its event down.
struct Work(Duration);

/// Nothing is returned on success: the layer answers with the sender's acknowledgement. An event that could not be
/// written down is not acknowledged, so that the sender repeats it.
async fn on_delivery<P>(
    work: web::Data<Work>,
    WebhookDelivery(delivery): WebhookDelivery<P::Event>,
) -> Result<(), Error>
where
    P: Provider<Event: Serialize>,
{
    if !work.0.is_zero() {
        rt::time::sleep(work.0).await;
    }
    record(&delivery).map_err(|error| {
        tracing::error!("cannot write an event to stdout: {error}");
        ErrorInternalServerError("")
    })
}

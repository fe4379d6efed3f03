//! Receives webhooks from all supported senders with actix, and writes each event to stdout.
//!
//! `cargo run -p webhook-examples --bin receiver-actix` starts it and prints what to try.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    Configured, Limits, Sender, Serves, Settings, StartError, announce, listen, log_to_stderr,
    record, stop_signal,
};
use actix_web::error::ErrorInternalServerError;
use actix_web::web::ServiceConfig;
use actix_web::{App, Error, HttpResponse, HttpServer, rt, web};
use serde::Serialize;
use webhook_actix::github::Github;
use webhook_actix::mercadopago::MercadoPago;
use webhook_actix::multicaja::{Multicaja, MulticajaValidation};
use webhook_actix::provider::Authenticated;
use webhook_actix::scheme::{SchemeProvider, Source};
use webhook_actix::standard_webhooks::StandardWebhooks;
use webhook_actix::stripe::Stripe;
use webhook_actix::tusfacturas::TusFacturas;
use webhook_actix::wompi::Wompi;
use webhook_actix::{
    DetachedLayer, FromSecrets, MulticajaValidationLayer, MulticajaWebhookLayer, Provider, Tasks,
    TfWebhookLayer, Value, WebhookDelivery, WebhookLayer,
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
        routes: Vec::new(),
    };
    let tusfacturas = with.detached(TfWebhookLayer::new(settings.tusfacturas.secrets));
    let multicaja = with.detached(MulticajaWebhookLayer::new(klap.secrets));
    let validation = MulticajaValidationLayer::new().body_timeout(limits.body);
    let with = with
        .sender::<StandardWebhooks>("/standard", settings.standard_webhooks)
        .sender::<Github>("/github", settings.github)
        .sender::<Stripe>("/stripe", settings.stripe)
        .sender::<MercadoPago>("/mercadopago", settings.mercadopago)
        .sender::<Wompi>("/wompi", settings.wompi);
    let with = settings.described.serve(with);
    let routes = with.routes;

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
            .configure(|app| routes.iter().for_each(|add| add(app)))
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

/// Adds a sender to the app of a worker.
type Route = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// What the layers of all senders have in common, and those that were added.
struct With<'a> {
    limits: Limits,
    answer_by: Option<Duration>,
    tasks: &'a Tasks,
    routes: Vec<Route>,
}

impl With<'_> {
    /// Adds a sender, if it is configured.
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
        let path = path.to_owned();
        self.routes.push(Arc::new(move |app| {
            app.service(
                // The layer is around the whole resource: it answers a handshake with `GET`, and refuses the others.
                web::resource(path.clone())
                    .wrap(layer.clone())
                    .route(web::post().to(on_delivery::<P>)),
            );
        }));
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

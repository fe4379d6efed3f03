//! Receives webhooks with axum, keeps each in a database before it is acknowledged, and writes its event to stdout when it was
//! handled: nothing is lost if the sender hangs up, the handler fails, or the process dies.
//!
//! `cargo run -p webhook-examples --bin receiver-durable` starts it and prints what to try. Klap is not served: its payment
//! stands once it is acknowledged, so it must be handled before.

use std::env;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Serialize;
use webhook_axum::github::Github;
use webhook_axum::guarantee::{InboxQueue, InboxRecords};
use webhook_axum::mercadopago::MercadoPago;
use webhook_axum::provider::{Deferrable, Identified};
use webhook_axum::scheme::{SchemeProvider, Source};
use webhook_axum::standard_webhooks::StandardWebhooks;
use webhook_axum::stripe::Stripe;
use webhook_axum::tusfacturas::TusFacturas;
use webhook_axum::wompi::Wompi;
use webhook_axum::{FromSecrets, Provider, Value, WebhookDelivery, WebhookLayer};
use webhook_stores::{Attempt, PostgresStore, SqliteStore, Worker};

use crate::work::{failing_attempts, workers};
use crate::{
    Configured, Limits, Serves, Settings, StartError, announce, listen, log_to_stderr,
    record_handled, serve, stop_signal,
};

/// Runs the receiver until it is told to stop.
#[tokio::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let settings = Settings::from_env()?;
    let work = Work {
        takes: settings.handler,
        failing_attempts: failing_attempts()?,
    };
    match Store::from_env()? {
        Store::Sqlite(path) => {
            let store = SqliteStore::open(path).map_err(unusable)?;
            receive(store, settings, work).await
        }
        Store::Postgres(url) => {
            let store = PostgresStore::connect(&url).await.map_err(unusable)?;
            receive(store, settings, work).await
        }
    }
}

async fn receive<S>(store: S, settings: Settings, work: Work) -> Result<(), StartError>
where
    S: InboxQueue + InboxRecords + Clone,
{
    let workers = workers()?;
    let listener = listen()?;
    let stop = stop_signal()?;

    let worker = Worker::new(store.clone()).concurrency(workers);
    let app = Router::new().route("/health", get(|| async {}));
    let (limits, until) = (settings.limits, settings.stop());
    announce(&listener, settings.senders(None))?;
    let receiver = Receiver {
        limits,
        store,
        work,
        worker,
        app,
    };
    let receiver = receiver
        .identified::<TusFacturas>("/webhook", Some(&settings.tusfacturas))
        .identified::<StandardWebhooks>("/standard", settings.standard_webhooks.as_ref())
        .identified::<Github>("/github", settings.github.as_ref())
        .identified::<Stripe>("/stripe", settings.stripe.as_ref())
        .deferrable::<MercadoPago>("/mercadopago", settings.mercadopago.as_ref())
        .deferrable::<Wompi>("/wompi", settings.wompi.as_ref());
    let Receiver { worker, app, .. } = settings.described.serve(receiver);

    let worker = worker.start();
    serve(listener, app, limits, stop).await?;
    // What is not handled by then waits in the store for the next start.
    let ended = worker.finish_within(until).await;
    tracing::info!("{ended}");
    Ok(())
}

/// The app and its worker, while senders are added.
struct Receiver<S> {
    limits: Limits,
    store: S,
    work: Work,
    worker: Worker,
    app: Router,
}

impl<S> Receiver<S>
where
    S: InboxQueue + InboxRecords + Clone,
{
    /// Adds a sender whose deliveries have ids, if it is configured. Those of TusFacturas and GitHub are not signed, and are
    /// trusted here.
    fn identified<P>(self, path: &str, configured: Option<&Configured>) -> Self
    where
        P: Identified + Deferrable + FromSecrets<Event: Serialize>,
    {
        match self.layer::<P>(configured) {
            Some(layer) => self.with(path, layer.trust_unsigned_ids()),
            None => self,
        }
    }

    /// Adds a sender whose deliveries have none: a repeat is handled again.
    fn deferrable<P>(self, path: &str, configured: Option<&Configured>) -> Self
    where
        P: Deferrable + FromSecrets<Event: Serialize>,
    {
        match self.layer::<P>(configured) {
            Some(layer) => self.with(path, layer),
            None => self,
        }
    }

    fn layer<P: FromSecrets>(&self, configured: Option<&Configured>) -> Option<WebhookLayer<P>> {
        let secrets = configured?.secrets.clone();
        Some(WebhookLayer::new(secrets).body_timeout(self.limits.body))
    }

    /// The endpoint is called as its path.
    fn with<P>(mut self, path: &str, layer: WebhookLayer<P>) -> Self
    where
        P: Deferrable + Provider<Event: Serialize>,
    {
        let inbox = layer.inbox(path, self.store.clone());
        let handler = post(on_delivery::<P>).with_state(self.work);
        self.worker = self.worker.serve(&inbox, handler);
        self.app = self.app.route_service(path, inbox);
        self
    }
}

/// Repeats are recognized by the ids that are signed. Others of these senders are not trusted: a repeat is handled again.
impl<S> Serves for Receiver<S>
where
    S: InboxQueue + InboxRecords + Clone,
{
    fn add<P: Source>(self, path: &str, provider: SchemeProvider<Value, P>) -> Self {
        let layer = WebhookLayer::with_provider(provider).body_timeout(self.limits.body);
        self.with(path, layer)
    }
}

/// What a handler does beside writing its event down.
#[derive(Clone, Copy)]
struct Work {
    takes: Duration,
    failing_attempts: u32,
}

/// Called by the worker. What it answers with other than a success is tried again, and so is an event that could not be
/// written down.
async fn on_delivery<P>(
    State(work): State<Work>,
    Extension(attempt): Extension<Attempt>,
    WebhookDelivery(delivery): WebhookDelivery<P::Event>,
) -> Result<(), (StatusCode, String)>
where
    P: Provider<Event: Serialize>,
{
    tokio::time::sleep(work.takes).await;
    if attempt.number() <= work.failing_attempts {
        return Err((
            StatusCode::INTERNAL_SERVER_ERROR,
            "HANDLER_FAILS says so".to_owned(),
        ));
    }
    record_handled(&delivery, attempt.number()).map_err(|error| {
        let why = format!("cannot write an event to stdout: {error}");
        (StatusCode::INTERNAL_SERVER_ERROR, why)
    })
}

/// Where deliveries are kept: `STORE`.
enum Store {
    Sqlite(String),
    Postgres(String),
}

impl Store {
    fn from_env() -> Result<Self, StartError> {
        let url = match env::var("STORE") {
            Ok(url) => url,
            Err(env::VarError::NotPresent) => "sqlite:webhooks.db".to_owned(),
            Err(error) => return Err(StartError::setting("STORE", error)),
        };
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url));
        }
        match url
            .strip_prefix("sqlite:")
            .map(|path| path.strip_prefix("//").unwrap_or(path))
        {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.to_owned())),
            _ => Err(StartError::setting(
                "STORE",
                "names no store: set it to sqlite:webhooks.db, or to a URL that begins with postgres://",
            )),
        }
    }
}

fn unusable(error: impl std::fmt::Display) -> StartError {
    StartError::setting("STORE", format_args!("is of no use: {error}"))
}

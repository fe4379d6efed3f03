//! Like `receiver-durable`, for a rig that kills and stops it: leases and pauses are short, the clock of SQLite can be set,
//! and each attempt is written into a ledger, which a killed process leaves whole.
//!
//! Beside `STORE` and the variables of the senders, there are `LEDGER`, a file; `LEASE_MS`; and `CLOCK`, a file with the
//! milliseconds by which the clock is ahead. It exits with 9 if handlers still ran when it was asked to end.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{env, fs, iter};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Extension, Router};
use serde::Serialize;
use webhook_axum::guarantee::{InboxQueue, InboxRecords};
use webhook_axum::provider::{Deferrable, Identified};
use webhook_axum::standard_webhooks::StandardWebhooks;
use webhook_axum::stripe::Stripe;
use webhook_axum::tusfacturas::TusFacturas;
use webhook_axum::{FromSecrets, Provider, WebhookDelivery, WebhookLayer};
use webhook_examples::{
    Limits, Settings, announce, listen, log_to_stderr, record_handled, serve, stop_signal,
};
use webhook_stores::{Attempt, PostgresStore, SqliteStore, Worker};
use webhook_tests::ledger::{Entry, Ledger, Mark, Plan};

/// More than a rig kills it during one delivery.
const ATTEMPTS: usize = 100;

/// Longer than any handler takes, and than a store is away.
const FINISH: Duration = Duration::from_secs(15);

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    log_to_stderr();
    let store = env::var("STORE")?;
    match store.strip_prefix("sqlite:") {
        Some(path) => {
            let store = SqliteStore::settings().clock(clock()?).open(path)?;
            receive(store).await
        }
        None => receive(PostgresStore::connect(&store).await?).await,
    }
}

/// The time of the machine, and what the file says.
fn clock() -> Result<impl Fn() -> SystemTime, env::VarError> {
    let file = PathBuf::from(env::var("CLOCK")?);
    Ok(move || {
        let ahead = fs::read_to_string(&file).unwrap_or_default();
        let ahead: i64 = ahead.trim().parse().unwrap_or_default();
        let distance = Duration::from_millis(ahead.unsigned_abs());
        match ahead < 0 {
            true => SystemTime::now() - distance,
            false => SystemTime::now() + distance,
        }
    })
}

async fn receive<S>(store: S) -> Result<ExitCode, Box<dyn Error>>
where
    S: InboxQueue + InboxRecords + Clone,
{
    let settings = Settings::from_env()?;
    let lease = Duration::from_millis(env::var("LEASE_MS")?.parse()?);
    let ledger = Arc::new(Ledger::open(env::var("LEDGER")?)?);
    let stop = stop_signal()?;
    let listener = listen()?;

    let worker = Worker::new(store.clone())
        .lease(lease)
        .look_every(Duration::from_millis(100))
        .pauses(iter::repeat_n(Duration::from_millis(200), ATTEMPTS));
    let mut receiver = Receiver {
        store,
        ledger,
        worker,
        app: Router::new(),
    };
    receiver = receiver.serve::<TusFacturas>("/webhook", &settings.tusfacturas.secrets);
    if let Some(configured) = &settings.standard_webhooks {
        receiver = receiver.serve::<StandardWebhooks>("/standard", &configured.secrets);
    }
    if let Some(configured) = &settings.stripe {
        receiver = receiver.serve::<Stripe>("/stripe", &configured.secrets);
    }
    let Receiver { worker, app, .. } = receiver;

    let worker = worker.start();
    announce(&listener, settings.senders(None))?;
    let limits = Limits {
        body: Duration::from_secs(5),
        ..Limits::default()
    };
    serve(listener, app, limits, stop).await?;
    let ended = worker.finish_within(FINISH).await;
    Ok(match ended.running {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(9),
    })
}

/// The app and its worker, while senders are added.
struct Receiver<S> {
    store: S,
    ledger: Arc<Ledger>,
    worker: Worker,
    app: Router,
}

impl<S> Receiver<S>
where
    S: InboxQueue + InboxRecords + Clone,
{
    fn serve<P>(mut self, path: &str, secrets: &[webhook_core::Secret]) -> Self
    where
        P: Identified + Deferrable + FromSecrets<Event: Serialize>,
    {
        let layer = WebhookLayer::<P>::new(secrets.to_vec()).trust_unsigned_ids();
        let inbox = layer.inbox(path, self.store.clone());
        let handler = post(on_delivery::<P>).with_state(Arc::clone(&self.ledger));
        self.worker = self.worker.serve(&inbox, handler);
        self.app = self.app.route_service(path, inbox);
        self
    }
}

async fn on_delivery<P>(
    State(ledger): State<Arc<Ledger>>,
    Extension(attempt): Extension<Attempt>,
    WebhookDelivery(delivery): WebhookDelivery<P::Event>,
) -> Result<(), (StatusCode, String)>
where
    P: Provider<Event: Serialize>,
{
    let failed = |why: String| (StatusCode::INTERNAL_SERVER_ERROR, why);
    let id = delivery.id();
    let plan = id.as_ref().and_then(|id| Plan::find(id.as_str()));
    let plan = plan.ok_or_else(|| failed(format!("no plan in {id:?}")))?;
    let write = |mark| {
        let entry = Entry::now(mark, plan.number, attempt.number());
        ledger
            .write(entry)
            .map_err(|error| failed(error.to_string()))
    };
    write(Mark::Begun)?;
    tokio::time::sleep(plan.takes).await;
    if attempt.number() <= plan.fails {
        write(Mark::Failed)?;
        return Err(failed("so it is planned".to_owned()));
    }
    record_handled(&delivery, attempt.number()).map_err(|error| failed(error.to_string()))?;
    write(Mark::Handled)
}

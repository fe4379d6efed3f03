//! Events in SQLite, each handled once: an actix app with `rusqlite`, which blocks, so the work is done by other threads.
//!
//! `cargo run -p webhook-examples --bin actix-rusqlite` starts it and prints what to try. `DATABASE_FILE`, such as
//! `events.db`, sets the database; if it is not set, the database is in memory and ends with the program.

use std::time::Duration;

use actix_web::error::{ErrorInternalServerError, InternalError};
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, Error, HttpResponse, HttpServer, rt};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::{sync::Mutex, time::timeout};
use webhook_actix::guarantee::sqlite;
use webhook_actix::tusfacturas::TusFacturas;
use webhook_actix::{Delivery, TfEvent, TfWebhookLayer, WebhookDelivery};

use crate::{Limits, Sender, StartError, announce, listen, log_to_stderr, stop_signal};

/// How long a delivery waits for the connection, and again for other processes: together, less than the sender waits.
const WAIT: Duration = Duration::from_secs(2);

#[actix_web::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let tusfacturas = Sender::TUSFACTURAS.configured_or_generated::<TusFacturas>()?;
    let limits = Limits::from_env()?;
    let file = std::env::var("DATABASE_FILE").unwrap_or_else(|_| ":memory:".to_owned());
    let db = open(&file).map_err(|error| {
        StartError::setting("DATABASE_FILE", format_args!("cannot be opened: {error}"))
    })?;
    let (listener, stop) = (listen()?, stop_signal()?);
    announce(&listener, [&tusfacturas])?;
    let layer = TfWebhookLayer::new(tusfacturas.secrets).body_timeout(limits.body);
    let server = HttpServer::new(move || App::new().configure(app(db.clone(), layer.clone())))
        .client_request_timeout(limits.head)
        .shutdown_timeout(limits.stop().as_secs())
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    rt::spawn(async move {
        stop.await;
        handle.stop(true).await;
    });
    Ok(server.await?)
}

pub fn app(db: Data<Mutex<Connection>>, layer: TfWebhookLayer) -> impl FnOnce(&mut ServiceConfig) {
    let on_invoice = web::resource("/webhook").route(web::post().to(on_invoice));
    move |app| {
        app.app_data(db).service(on_invoice.wrap(layer));
    }
}

pub fn open(file: &str) -> rusqlite::Result<Data<Mutex<Connection>>> {
    let db = Connection::open(file)?;
    db.busy_timeout(WAIT)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.execute(sqlite::CREATE_TABLE, [])?;
    const TABLE: &str =
        "create table if not exists events (evento text not null, external_reference text)";
    db.execute(TABLE, [])?;
    Ok(Data::new(Mutex::new(db)))
}

async fn on_invoice(
    db: Data<Mutex<Connection>>,
    WebhookDelivery(delivery): WebhookDelivery<TfEvent>,
) -> Result<(), Error> {
    let connection = timeout(WAIT, db.into_inner().lock_owned()).await;
    let mut connection = connection.map_err(|_| busy())?;
    let stored = web::block(move || store(&mut connection, &delivery)).await?;
    stored.map_err(failed)
}

/// Claim and work are one transaction: both are done, or neither. A repeated delivery is acknowledged like the first. One
/// without an id cannot be told from others, and none may be lost.
fn store(db: &mut Connection, delivery: &Delivery<TfEvent>) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(id) = delivery.id() {
        let key = id.claim("invoices").key();
        if transaction.execute(sqlite::CLAIM, [key])? == 0 {
            return Ok(());
        }
    }
    let event = (delivery.evento.as_str(), &delivery.external_reference);
    transaction.execute("insert into events values (?1, ?2)", event)?;
    transaction.commit()
}

/// What was claimed is free again, and the sender repeats the delivery.
fn failed(error: rusqlite::Error) -> Error {
    tracing::error!("cannot store an event: {error}");
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy) => busy(),
        _ => ErrorInternalServerError(""),
    }
}

/// Others were writing for too long.
fn busy() -> Error {
    let answer = HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "5"))
        .finish();
    InternalError::from_response("", answer).into()
}

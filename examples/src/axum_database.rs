//! Events in a database, each handled once: an axum app that stores each TusFacturas event in SQLite.
//!
//! `cargo run -p webhook-examples --bin axum-database` starts it and prints what to try. `DATABASE_URL`, such as
//! `sqlite:events.db?mode=rwc`, sets the database; if it is not set, the database is in memory and ends with the
//! program.

use std::time::Duration;

use axum::http::{StatusCode, header::RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use axum::{Router, extract::State, routing::post};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use webhook_axum::guarantee::sqlite;
use webhook_axum::tusfacturas::TusFacturas;
use webhook_axum::{TfEvent, TfWebhookLayer, WebhookDelivery};

use crate::{Limits, Sender, StartError, announce, listen, log_to_stderr, serve, stop_signal};

#[tokio::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let tusfacturas = Sender::TUSFACTURAS.configured_or_generated::<TusFacturas>()?;
    let limits = Limits::from_env()?;
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite::memory:".to_owned());
    let db = open(&url).await.map_err(|error| {
        StartError::setting("DATABASE_URL", format_args!("cannot be opened: {error}"))
    })?;
    let (listener, stop) = (listen()?, stop_signal()?);
    announce(&listener, [&tusfacturas])?;
    let layer = TfWebhookLayer::new(tusfacturas.secrets).body_timeout(limits.body);
    Ok(serve(listener, app(db, layer), limits, stop).await?)
}

pub fn app(db: SqlitePool, layer: TfWebhookLayer) -> Router {
    let on_invoice = post(on_invoice).layer(layer);
    Router::new().route("/webhook", on_invoice).with_state(db)
}

pub async fn open(url: &str) -> sqlx::Result<SqlitePool> {
    // A delivery waits this long for the connection and again for other processes: together, less than the sender waits.
    let wait = Duration::from_secs(2);
    let file = url.parse::<SqliteConnectOptions>()?.busy_timeout(wait);
    // SQLite has one writer at a time. A database in memory lasts as long as its connection, so that stays open.
    let one = SqlitePoolOptions::new().max_connections(1);
    let one = one
        .acquire_timeout(wait)
        .idle_timeout(None)
        .max_lifetime(None);
    let db = one
        .connect_with(file.journal_mode(SqliteJournalMode::Wal))
        .await?;
    sqlx::query(sqlite::CREATE_TABLE).execute(&db).await?;
    const TABLE: &str =
        "create table if not exists events (evento text not null, external_reference text)";
    sqlx::query(TABLE).execute(&db).await?;
    Ok(db)
}

/// Claim and work are one transaction: both are done, or neither. A repeated delivery is acknowledged like the first. One
/// without an id cannot be told from others, and none may be lost.
async fn on_invoice(
    State(db): State<SqlitePool>,
    WebhookDelivery(delivery): WebhookDelivery<TfEvent>,
) -> Result<(), Failed> {
    let mut transaction = db.begin_with(sqlite::BEGIN).await?;
    if let Some(id) = delivery.id() {
        let claim = sqlx::query(sqlite::CLAIM).bind(id.claim("invoices").key());
        if claim.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(());
        }
    }
    sqlx::query("insert into events values (?, ?)")
        .bind(delivery.evento.as_str())
        .bind(&delivery.external_reference)
        .execute(&mut *transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// The database failed. What was claimed is free again, and the sender repeats the delivery.
struct Failed(sqlx::Error);

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        tracing::error!("cannot store an event: {}", self.0);
        if is_busy(&self.0) {
            return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response();
        }
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// Whether others were writing for too long. The low byte of a code is its kind: 5 is `SQLITE_BUSY`.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<u32>().ok());
    matches!(error, sqlx::Error::PoolTimedOut) || code.is_some_and(|code| code & 0xff == 5)
}

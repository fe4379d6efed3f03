//! Events in a database: an axum app with its own state, which stores each TusFacturas event as a row in SQLite.
//!
//! `cargo run -p webhook-examples --bin axum-database` starts it and prints what to try. `DATABASE_URL`, such as
//! `sqlite:events.db?mode=rwc`, sets the database; if it is not set, the database is in memory and ends with the
//! program.

use axum::{Router, extract::State, http::StatusCode, routing::post};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
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
    // A database in memory lasts as long as its connection, so there is one, which stays open.
    let one = SqlitePoolOptions::new().max_connections(1);
    let one = one.idle_timeout(None).max_lifetime(None);
    let db = one.connect(url).await?;
    const TABLE: &str = "CREATE TABLE IF NOT EXISTS events (id TEXT UNIQUE, evento TEXT NOT NULL, external_reference TEXT)";
    sqlx::query(TABLE).execute(&db).await?;
    Ok(db)
}

/// The extractor is the last argument, as `Json` would be. A 500 makes the sender repeat the event; one that is
/// already stored changes nothing, since it has the same id.
async fn on_invoice(
    State(db): State<SqlitePool>,
    WebhookDelivery(delivery): WebhookDelivery<TfEvent>,
) -> Result<(), StatusCode> {
    let stored = sqlx::query("INSERT INTO events VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(delivery.id().map(|id| id.claim("invoices").key()))
        .bind(delivery.evento.as_str())
        .bind(&delivery.external_reference)
        .execute(&db)
        .await;
    stored.map(|_| ()).map_err(|error| {
        tracing::error!("cannot store an event: {error}");
        StatusCode::INTERNAL_SERVER_ERROR
    })
}

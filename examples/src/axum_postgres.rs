//! Events in PostgreSQL, each handled once, however many servers share the database.
//!
//! `DATABASE_URL=postgres://… cargo run -p webhook-examples --bin axum-postgres` starts it and prints what to try.

use std::time::Duration;

use axum::http::{StatusCode, header::RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use axum::{Router, extract::State, routing::post};
use sqlx::postgres::{PgPool, PgPoolOptions};
use webhook_axum::guarantee::postgres;
use webhook_axum::tusfacturas::TusFacturas;
use webhook_axum::{TfEvent, TfWebhookLayer, WebhookDelivery};

use crate::{Limits, Sender, StartError, announce, listen, log_to_stderr, serve, stop_signal};

#[tokio::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let tusfacturas = Sender::TUSFACTURAS.configured_or_generated::<TusFacturas>()?;
    let limits = Limits::from_env()?;
    let url = std::env::var("DATABASE_URL")
        .map_err(|_| StartError::setting("DATABASE_URL", "is not set: set it to postgres://…"))?;
    let db = open(&url).await.map_err(|error| {
        StartError::setting("DATABASE_URL", format_args!("cannot be opened: {error}"))
    })?;
    let (listener, stop) = (listen()?, stop_signal()?);
    announce(&listener, [&tusfacturas])?;
    let layer = TfWebhookLayer::new(tusfacturas.secrets).body_timeout(limits.body);
    Ok(serve(listener, app(db, layer), limits, stop).await?)
}

pub fn app(db: PgPool, layer: TfWebhookLayer) -> Router {
    let on_invoice = post(on_invoice).layer(layer);
    Router::new().route("/webhook", on_invoice).with_state(db)
}

/// Connects, and creates the tables, which an app leaves to its migrations.
pub async fn open(url: &str) -> sqlx::Result<PgPool> {
    // A delivery waits this long for a connection, and then for its claim: together, less than the sender waits.
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_secs(2));
    let db = pool.connect(url).await?;
    sqlx::query(postgres::CREATE_TABLE).execute(&db).await?;
    const TABLE: &str =
        "create table if not exists events (evento text not null, external_reference text)";
    sqlx::query(TABLE).execute(&db).await?;
    Ok(db)
}

/// Claim and work are one transaction: both are done, or neither. A repeated delivery is acknowledged like the first. One
/// without an id cannot be told from others, and none may be lost.
async fn on_invoice(
    State(db): State<PgPool>,
    WebhookDelivery(delivery): WebhookDelivery<TfEvent>,
) -> Result<(), Failed> {
    let mut transaction = db.begin().await?;
    if let Some(id) = delivery.id() {
        let claim = sqlx::query(postgres::CLAIM)
            .bind(id.claim("invoices").key())
            .bind("2s");
        if claim.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(());
        }
    }
    sqlx::query("insert into events values ($1, $2)")
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

/// Whether another transaction had the claim for too long, or others all connections.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(error, sqlx::Error::PoolTimedOut) || code.as_deref() == Some("55P03")
}

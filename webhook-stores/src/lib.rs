//! An inbox for webhooks: each delivery is stored in SQLite or PostgreSQL before it is acknowledged, and a worker calls the
//! handler until it succeeds.
//!
#![cfg_attr(feature = "sqlite", doc = "```no_run")]
#![cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
//! use std::time::Duration;
//!
//! use axum::{Router, extract::State, http::StatusCode, routing::post};
//! use webhook_axum::{TfEvent, TfWebhookLayer, Webhook};
//! use webhook_stores::{SqliteStore, Worker};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let store = SqliteStore::open("webhooks.db")?;
//!     let token = std::env::var("TF_WEBHOOK_TOKEN")?;
//!     // The name finds the handler, and must stay.
//!     let inbox = TfWebhookLayer::new(token).trust_unsigned_ids().inbox("invoices", store.clone());
//!     let worker = Worker::new(store).serve(&inbox, post(on_invoice).with_state(Db)).start();
//!
//!     let app = Router::new().route_service("/webhook", inbox);
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     let stop = async { drop(tokio::signal::ctrl_c().await) };
//!     axum::serve(listener, app).with_graceful_shutdown(stop).await?;
//!     println!("{}", worker.finish_within(Duration::from_secs(30)).await);
//!     Ok(())
//! }
//!
//! /// Called by the worker: again after a second, five, thirty …, for 6 hours, until it succeeds.
//! async fn on_invoice(State(db): State<Db>, Webhook(event): Webhook<TfEvent>) -> StatusCode {
//!     match db.store(&event).await {
//!         Ok(()) => StatusCode::OK,
//!         Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
//!     }
//! }
//!
//! # #[derive(Clone)]
//! # struct Db; // your connection pool
//! # impl Db {
//! #     async fn store(&self, event: &TfEvent) -> std::io::Result<()> {
//! #         println!("{} {:?}", event.evento, event.external_reference);
//! #         Ok(())
//! #     }
//! # }
//! ```
//!
//! On actix-web, or without axum, the handler is a function: [`Worker::on`].
//!
//! # What is promised
//!
//! - A delivery is acknowledged once it is durable. If the store fails, the sender gets 503 and repeats it.
//! - A repeat is recognized if the delivery has an id that the sender signs, or that the app trusts.
//! - Each delivery is handled at least once. To do it exactly once, claim it in the handler's transaction:
//!   [`guarantee::postgres`](webhook_core::guarantee::postgres), [`guarantee::sqlite`](webhook_core::guarantee::sqlite).
//! - A process that dies loses nothing: another one, or the next start, takes over what it had when its
//!   [lease](Worker::lease) ends.
//! - What fails for the last time is kept until someone acts.
//!
//! # What is where
//!
//! | for | see |
//! |---|---|
//! | receiving: what the sender gets, its deadline, headers to keep | [`Inbox`](webhook_tower::Inbox) |
//! | handling: handlers, pauses, leases, shutdown | [`Worker`] |
//! | a handler that says when to try again | [`Retry`], [`HandlerError`], [`Attempt`] |
//! | listing, retrying and deleting deliveries | [`InboxRecords`](webhook_core::guarantee::InboxRecords) |
//! | one file, any number of processes on one machine | `SqliteStore`, and the module `sqlite` |
//! | any number of machines | `PostgresStore`, and the module `postgres` |
//! | encrypted bodies | [`Sealed`] |
//! | a store on another system | [`guarantee`](webhook_core::guarantee) |
//!
//! # Your own database
//!
//! - **PostgreSQL**: `PostgresStore::with_pool` takes the app's `deadpool_postgres::Pool`, which may use TLS. `connect` takes a URL,
//!   and opens connections of its own without TLS. A pool of sqlx or diesel is not taken: use the same database through a URL.
//! - **SQLite**: `SqliteStore::open` takes the app's own file, too, and opens its own connections to it; there is no pool to
//!   share. Keep the app's transactions short, since SQLite has one writer.
//!
//! The tables begin with `webhook_`, and the store creates them. **Anyone who can write to them can forge events.**
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `sqlite` | `SqliteStore` |
//! | `postgres` | `PostgresStore` |
//! | `redis` | `RedisStore`, which is not an inbox: it remembers for `once` which deliveries were handled |
//! | `metrics` | two gauges that the worker sets about once a minute, with the labels `endpoint` and `state`: `webhook_inbox_deliveries`, and `webhook_inbox_oldest_seconds`, the age of the oldest. Every process with a worker sets the same numbers |
//!
//! None is on by default. The minimum supported Rust version is 1.89; it follows the drivers.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod sealed;
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub mod sqlite;
mod worker;

#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use self::postgres::PostgresStore;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::redis::RedisStore;
pub use self::sealed::{Seal, Sealed};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use self::sqlite::SqliteStore;
pub use self::worker::{Attempt, HandlerError, Retry, RunningWorker, Worker};

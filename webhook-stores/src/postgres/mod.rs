//! An inbox on PostgreSQL: any number of receivers and workers, on any number of machines.
//!
//! ```no_run
//! use webhook_stores::PostgresStore;
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let store = PostgresStore::connect("postgres://app@db.internal/app").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Connections
//!
//! [`PostgresStore::connect`] opens connections of the store's own, without TLS. With TLS, or other settings, hand over a pool:
//! [`PostgresStore::with_pool`] takes the app's. Each operation is one statement and a transaction of its own, prepares nothing
//! and sets nothing that outlives it, so a pool behind PgBouncer will do.
//!
//! If the database is away, or does not answer within [5 seconds](Settings::answer_within), every operation fails: a delivery is
//! then not acknowledged, and the sender repeats it. When it is back, the store goes on by itself.
//!
//! # Tables
//!
//! The store creates `webhook_inbox` and `webhook_migrations` in the first schema of the `search_path` of its connections,
//! and adds to them when a new release needs it; two processes that start at once do so one after the other. It touches
//! nothing else, so your own migrations do not notice. Releases only add: an older one works on the tables of a newer one.
//! A role that may not create tables can use those that are there.
//!
//! **Anyone who can write to these tables can forge deliveries.**
//!
//! # What is promised
//!
//! - A delivery is durable when it is acknowledged: its transaction is committed with `synchronous_commit = on` where the role
//!   has it `off`. What the role has otherwise stays: with a synchronous standby, `local` and `remote_write` promise less. A
//!   server that runs with `fsync = off` loses it all the same.
//! - Deliveries that arrive together share a transaction.
//! - Leases and due times go by the clock of the database, not by those of the machines.

mod batch;
mod fault;
mod listen;
mod pool;
mod queue;
mod records;
mod rows;
mod schema;
mod settings;
mod stir;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub use deadpool_postgres;
use deadpool_postgres::Pool;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
pub use tokio_postgres;
use webhook_core::guarantee::{InboxStore, StoreError, StoreFuture, Stored, StoredDelivery};

use self::batch::Waiting;
use self::fault::Fault;
use self::listen::{Dial, Listening};
use self::pool::Connections;
pub use self::settings::Settings;
use self::stir::Stirs;

/// An inbox on PostgreSQL. Clones share their connections.
///
/// It belongs to the runtime in which it was made: when that ends, it no longer stores anything.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    connections: Connections,
    stirs: Arc<Stirs>,
    batches: mpsc::Sender<Waiting>,
    dial: Option<Dial>,
    listening: OnceLock<Listening>,
}

impl PostgresStore {
    /// Opens the inbox in the database at this URL, such as `postgres://user:password@host:5432/database`, and creates its
    /// tables if they are not there. The connections have no TLS.
    ///
    /// # Errors
    ///
    /// If the URL is wrong, the server does not answer, or the tables cannot be created.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        PostgresStore::settings().connect(url).await
    }

    /// Settings for a store that is opened with other than the usual ones.
    pub fn settings() -> Settings {
        Settings::default()
    }

    /// Opens the inbox in the database of this pool, and creates its tables if they are not there.
    ///
    /// Workers in other processes are told of what is stored here. This store is not told of what is stored elsewhere,
    /// and finds it when its worker next looks, unless it may [listen](Settings::listen).
    ///
    /// ```no_run
    /// use webhook_stores::PostgresStore;
    /// use webhook_stores::postgres::deadpool_postgres::{Manager, Pool, Runtime};
    /// use webhook_stores::postgres::tokio_postgres::{Config, NoTls};
    ///
    /// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
    /// let config: Config = "host=db.internal user=app dbname=app".parse()?;
    /// // Here goes a connector with TLS.
    /// let manager = Manager::new(config, NoTls);
    /// let pool = Pool::builder(manager).runtime(Runtime::Tokio1).build()?;
    /// let store = PostgresStore::with_pool(pool).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the server does not answer, or the tables cannot be created.
    pub async fn with_pool(pool: Pool) -> Result<Self, StoreError> {
        PostgresStore::settings().with_pool(pool).await
    }

    /// Creates the tables, or adds to them what this release needs. Opening the inbox does so, unless it is
    /// [told not to](Settings::existing_only).
    ///
    /// # Errors
    ///
    /// If the server does not answer, or the role may not create tables.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let migrated = schema::migrate(self.connections()).await;
        migrated.map_err(|fault| fault.of("create the tables of the inbox"))
    }

    fn new(connections: Connections, dial: Option<Dial>) -> Self {
        let stirs = Arc::new(Stirs::new());
        let batches = batch::start(connections.clone(), Arc::clone(&stirs));
        Self(Arc::new(Inner {
            connections,
            stirs,
            batches,
            dial,
            listening: OnceLock::new(),
        }))
    }

    fn connections(&self) -> &Connections {
        &self.0.connections
    }

    fn stirs(&self) -> &Stirs {
        &self.0.stirs
    }

    /// Starts to listen. A process without a worker does not need to.
    fn listen(&self) {
        if let Some(dial) = &self.0.dial {
            self.0.listening.get_or_init(|| {
                let stirs = Arc::clone(&self.0.stirs);
                listen::start(dial.clone(), stirs, self.connections().answer_within)
            });
        }
    }

    async fn insert(&self, delivery: StoredDelivery) -> Result<Stored, Fault> {
        let (caller, answer) = oneshot::channel();
        let waiting = Waiting { delivery, caller };
        let ended = || Fault::new("the runtime in which the store was made has ended");
        if self.0.batches.send(waiting).await.is_err() {
            return Err(ended());
        }
        answer.await.map_err(|_| ended())?
    }
}

impl InboxStore for PostgresStore {
    fn store(&self, delivery: StoredDelivery) -> StoreFuture<'_, Stored> {
        Box::pin(async move {
            let limit = self.connections().answer_within;
            let inserted = timeout(limit, self.insert(delivery)).await;
            let stored = inserted.unwrap_or_else(|_| Err(Fault::slow(limit)));
            stored.map_err(|fault| fault.of("store a delivery"))
        })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.connections().pool.status();
        f.debug_struct("PostgresStore")
            .field("connections", &status.size)
            .field("at_most", &status.max_size)
            .finish_non_exhaustive()
    }
}

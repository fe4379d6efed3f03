//! What a developer would write without the stores: one row for each transaction, with the settings and into the tables of the
//! stores.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use rusqlite::{Connection, params};
use tokio::sync::oneshot;
use webhook_core::guarantee::StoredDelivery;
use webhook_stores::SqliteStore;
use webhook_stores::postgres::deadpool_postgres::{
    Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
};
use webhook_stores::postgres::tokio_postgres::{Config, NoTls};

/// What is written for a delivery.
pub(crate) struct Row {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) envelope: String,
    pub(crate) body: Vec<u8>,
}

impl From<&StoredDelivery> for Row {
    fn from(delivery: &StoredDelivery) -> Self {
        Self {
            kind: delivery.kind().to_owned(),
            id: delivery.id().unwrap_or_default().to_owned(),
            key: delivery.key().unwrap_or_default().to_owned(),
            envelope: delivery.envelope(),
            body: delivery.body().to_vec(),
        }
    }
}

/// What stores a row and returns when it is durable.
pub(crate) trait ByHand: Clone + Send + Sync + 'static {
    fn store(&self, row: Row) -> impl Future<Output = ()> + Send;
}

/// A thread with a connection, as `tokio-rusqlite` has it: faster than a mutex, for which 64 threads would wait.
#[derive(Clone)]
pub(crate) struct Sqlite(mpsc::Sender<(Row, oneshot::Sender<()>)>);

impl Sqlite {
    /// Opens a file with the tables and the settings of the store.
    pub(crate) fn open(file: &Path) -> Self {
        drop(SqliteStore::open(file).unwrap());
        let connection = Connection::open(file).unwrap();
        connection
            .execute_batch(
                "pragma synchronous = full;
                 pragma fullfsync = on;
                 pragma checkpoint_fullfsync = on;
                 pragma secure_delete = on;
                 pragma journal_size_limit = 67108864;",
            )
            .unwrap();
        let (rows, queue) = mpsc::channel::<(Row, oneshot::Sender<()>)>();
        thread::spawn(move || {
            for (row, stored) in queue {
                insert(&connection, &row).unwrap();
                let _ = stored.send(());
            }
        });
        Self(rows)
    }
}

impl ByHand for Sqlite {
    async fn store(&self, row: Row) {
        let (stored, answer) = oneshot::channel();
        self.0.send((row, stored)).unwrap();
        answer.await.unwrap();
    }
}

fn insert(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    connection.prepare_cached("begin immediate")?.execute([])?;
    connection
        .prepare_cached(
            "insert into webhook_inbox
             (format, sender, endpoint, kind, delivery_id, key, keep_key, envelope, due_at, received_at)
             values (1, 'tusfacturas', 'invoices', ?1, ?2, ?3, 604800000, ?4, 0, 0) on conflict do nothing",
        )?
        .execute(params![row.kind, row.id, row.key, row.envelope])?;
    connection
        .prepare_cached("insert into webhook_bodies (id, body) values (?1, ?2)")?
        .execute(params![connection.last_insert_rowid(), row.body])?;
    connection.prepare_cached("commit")?.execute([])?;
    Ok(())
}

/// A pool, as large as the store's.
#[derive(Clone)]
pub(crate) struct Postgres(Pool);

impl Postgres {
    pub(crate) const CONNECTIONS: usize = 8;

    pub(crate) fn open(url: &str) -> Self {
        let config: Config = url.parse().unwrap();
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(Self::CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .build();
        Self(pool.unwrap())
    }
}

impl ByHand for Postgres {
    async fn store(&self, row: Row) {
        let client = self.0.get().await.unwrap();
        let insert = client
            .prepare_cached(
                "insert into webhook_inbox
                 (format, sender, endpoint, kind, delivery_id, key, keep_key, envelope, body, received_at)
                 values (1, 'tusfacturas', 'invoices', $1, $2, $3, interval '7 days', $4, $5, now())
                 on conflict (key) do nothing",
            )
            .await
            .unwrap();
        client
            .execute(
                &insert,
                &[&row.kind, &row.id, &row.key, &row.envelope, &row.body],
            )
            .await
            .unwrap();
    }
}

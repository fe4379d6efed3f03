use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::fault::Fault;
use super::pool::Connections;

/// How long another process may take to migrate, and this one after it.
const LONGEST: Duration = Duration::from_secs(60);

/// Each is run once, in this order. A release only adds to what the last one can do without: both may run on one database.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/1.sql")];

const CREATE_VERSIONS: &str = "\
create table if not exists webhook_migrations (
    version integer primary key,
    applied_at timestamptz not null default now()
)";

/// The process that migrates these tables has this lock. The number is ours.
const LOCK: &str = "select pg_advisory_xact_lock(8241996437710336)";

/// Creates or extends the tables. If they are of this release or of a newer one, that needs no right to create tables.
pub(super) async fn migrate(connections: &Connections) -> Result<(), Fault> {
    let deadline = Instant::now() + LONGEST;
    let mut client = connections.client(deadline).await?;
    match timeout_at(deadline, apply(client.get()?)).await {
        Ok(applied) => applied?,
        Err(_) => return Err(Fault::slow(LONGEST)),
    }
    client.answered();
    Ok(())
}

/// Fails unless the tables are of this release or of a newer one.
pub(super) async fn check(connections: &Connections) -> Result<(), Fault> {
    let deadline = Instant::now() + connections.answer_within;
    let mut client = connections.client(deadline).await?;
    let client_ref = client.get()?;
    let asked = async {
        check_encoding(&**client_ref).await?;
        version(&**client_ref).await
    };
    let found = match timeout_at(deadline, asked).await {
        Ok(found) => found?,
        Err(_) => return Err(Fault::slow(connections.answer_within)),
    };
    client.answered();
    if found >= MIGRATIONS.len() {
        return Ok(());
    }
    Err(Fault::new(format!(
        "the tables have version {found}, and this release needs {}: start the app, which creates them, or check that \
         this is its database and its search_path",
        MIGRATIONS.len()
    )))
}

/// Ids and events have any characters, and another encoding lacks some: such a delivery could never be stored.
async fn check_encoding(client: &impl GenericClient) -> Result<(), Fault> {
    let rows = client.query_typed("show server_encoding", &[]).await?;
    let encoding: Option<String> = rows.first().map(|row| row.try_get(0)).transpose()?;
    match encoding.as_deref() {
        Some("UTF8") => Ok(()),
        other => Err(Fault::new(format!(
            "the database has the encoding {}, which lacks characters that deliveries contain: create one with encoding UTF8",
            other.unwrap_or("of nobody")
        ))),
    }
}

async fn apply(client: &mut ClientWrapper) -> Result<(), Fault> {
    check_encoding(&**client).await?;
    if version(&**client).await? >= MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    transaction.batch_execute(CREATE_VERSIONS).await?;
    let applied = version(&*transaction).await?;
    for (version, statements) in (1_i32..).zip(MIGRATIONS).skip(applied) {
        transaction.batch_execute(statements).await?;
        let record = "insert into webhook_migrations (version) values ($1)";
        transaction
            .query_typed(record, &[(&version, Type::INT4)])
            .await?;
    }
    Ok(transaction.commit().await?)
}

/// How many migrations were applied.
async fn version(client: &impl GenericClient) -> Result<usize, Fault> {
    let there = "select 1 where to_regclass('webhook_migrations') is not null";
    if client.query_typed(there, &[]).await?.is_empty() {
        return Ok(0);
    }
    let newest = "select coalesce(max(version), 0) from webhook_migrations";
    let rows = client.query_typed(newest, &[]).await?;
    let newest: i32 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    Ok(usize::try_from(newest).unwrap_or_default())
}

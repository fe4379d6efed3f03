//! Deliveries that wait to be stored, in process.

use std::time::{Duration, SystemTime};

use webhook_core::guarantee::{InboxStore, Row, Stored, StoredDelivery};
use webhook_stores::{PostgresStore, SqliteStore};
use webhook_tests::postgres::shared;

use crate::by_hand::{self, ByHand};
use crate::rounds::{Round, compare, round};
use crate::{Directory, Options, fresh};

/// A delivery with a body of 1,000 bytes.
pub(crate) fn one() -> StoredDelivery {
    let row = Row {
        format: StoredDelivery::FORMAT,
        sender: "tusfacturas",
        endpoint: "invoices",
        kind: "facturacion",
        key: Some(&format!(
            "11:tusfacturas8:invoices-27:{:06}-{:020}",
            std::process::id(),
            fresh()
        )),
        keep_key: Duration::from_secs(7 * 24 * 60 * 60),
        received_at: SystemTime::now(),
        envelope: r#"{"label":"acme","id":"msg","target":"/webhook"}"#,
    };
    StoredDelivery::read(row, vec![b'x'; 1000].into()).unwrap()
}

async fn by_store(options: Options, store: impl InboxStore + Clone) -> Round {
    round(options.round, move || {
        let store = store.clone();
        async move { assert_eq!(store.store(one()).await.unwrap(), Stored::New) }
    })
    .await
}

async fn without(options: Options, by_hand: impl ByHand) -> Round {
    round(options.round, move || {
        let by_hand = by_hand.clone();
        async move { by_hand.store((&one()).into()).await }
    })
    .await
}

pub(crate) async fn sqlite(options: Options) {
    let store = async || {
        let directory = Directory::new();
        by_store(options, SqliteStore::open(directory.file()).unwrap()).await
    };
    let hand = async || {
        let directory = Directory::new();
        without(options, by_hand::Sqlite::open(&directory.file())).await
    };
    let row = "SQLite, 64 deliveries waiting";
    compare(options, row, ("store", store), ("by hand", hand)).await;
}

pub(crate) async fn postgres(options: Options) {
    let Some(cluster) = shared() else { return };
    let url = cluster.create_database();
    let store = PostgresStore::settings()
        .connections(by_hand::Postgres::CONNECTIONS)
        .connect(&url)
        .await
        .unwrap();
    let postgres = by_hand::Postgres::open(&url);
    let store = async || by_store(options, store.clone()).await;
    let hand = async || without(options, postgres.clone()).await;
    let row = "PostgreSQL, 64 deliveries waiting";
    compare(options, row, ("store", store), ("by hand", hand)).await;
}

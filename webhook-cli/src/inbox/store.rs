use webhook_core::guarantee::{InboxRecords, StoreError};
use webhook_stores::{PostgresStore, SqliteStore};

use crate::error::Error;

/// An inbox that is there already.
pub(super) enum Store {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Store {
    /// Opens it, and neither creates nor migrates anything.
    pub(super) async fn open(place: &str) -> Result<Self, Error> {
        if place.starts_with("postgres://") || place.starts_with("postgresql://") {
            let settings = PostgresStore::settings().existing_only().connections(1);
            return Ok(Self::Postgres(settings.connect(place).await?));
        }
        let file = place.strip_prefix("sqlite:");
        let place = file.map_or(place, |file| file.strip_prefix("//").unwrap_or(file));
        // What looks like the URL of another database is no file, and an error about one would mislead.
        if let Some((scheme, _)) = place.split_once("://") {
            return Err(Error::usage(format!(
                "an inbox is in SQLite or PostgreSQL, not in {scheme}: give the path of a file, or postgres://…"
            )));
        }
        let settings = SqliteStore::settings().existing_only();
        Ok(Self::Sqlite(settings.open(place)?))
    }

    pub(super) fn records(&self) -> &dyn InboxRecords {
        match self {
            Self::Sqlite(store) => store,
            Self::Postgres(store) => store,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::failed(error.to_string())
    }
}

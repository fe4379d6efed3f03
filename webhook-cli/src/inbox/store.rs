use std::path::Path;

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
            if requires_tls(place) {
                return Err(Error::usage(
                    "the URL asks for TLS, which this command does not have for PostgreSQL: open a tunnel, and leave sslmode out",
                ));
            }
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
        if place.is_empty() {
            return Err(Error::usage(
                "the inbox has no name: give the path of its SQLite file, or the URL of PostgreSQL",
            ));
        }
        // An error about a file names it, and this may have a password.
        if is_like_postgres(place) && !Path::new(place).exists() {
            return Err(Error::usage(
                "this is neither a file that is there nor the URL of a database: write it as postgres://user:password@host:5432/database",
            ));
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

/// Whether this is meant to be the address of a database, without `postgres://` before it.
fn is_like_postgres(place: &str) -> bool {
    let place = place.trim_start().to_ascii_lowercase();
    place.starts_with("postgres") || place.contains('@') || place.contains("password=")
}

fn requires_tls(url: &str) -> bool {
    let query = url.split_once('?').map(|(_, query)| query);
    let modes = [
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
    ];
    query.is_some_and(|query| query.split('&').any(|it| modes.contains(&it)))
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(place: &str) -> String {
        let opened = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(Store::open(place));
        opened.err().expect(place).to_string()
    }

    #[test]
    fn no_password_is_in_an_error() {
        for place in [
            "host=127.0.0.1 user=u password=s3cr3t",
            "postgres:/u:s3cr3t@127.0.0.1/d",
            "postgres//u:s3cr3t@127.0.0.1/d",
            " postgres://u:s3cr3t@127.0.0.1/d",
            "POSTGRES://u:s3cr3t@127.0.0.1/d",
            "u:s3cr3t@127.0.0.1/d",
            "sqlite:u:s3cr3t@127.0.0.1/d",
            "mysql://u:s3cr3t@127.0.0.1/d",
            "postgres://u:s3cr3t@[/d",
            "postgres://u:s3cr3t@127.0.0.1:1/d",
            "postgres://u:s3cr3t@127.0.0.1/d?password=s3cr3t&x=y",
            "postgres://u:s3cr3t@127.0.0.1/d?sslmode=require",
        ] {
            let error = refusal(place);
            assert!(!error.contains("s3cr3t"), "{place}: {error}");
            assert!(
                error.contains("postgres") || error.contains("Postgre"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (place, expected) in [
            ("", "no name"),
            ("sqlite:", "no name"),
            ("sqlite://", "no name"),
            ("no-such.db", "no-such.db: there is no such file"),
            ("postgres://h/d?sslmode=verify-full", "tunnel"),
        ] {
            let error = refusal(place);
            assert!(error.contains(expected), "{place}: {error}");
        }
    }
}

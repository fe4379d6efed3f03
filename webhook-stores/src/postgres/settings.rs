use std::fmt;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, NoTls, Socket};
use webhook_core::guarantee::StoreError;

use super::fault::Fault;
use super::listen::Dial;
use super::pool::Connections;
use super::{PostgresStore, schema};

/// How a [`PostgresStore`] is opened.
///
/// ```no_run
/// use std::time::Duration;
///
/// use webhook_stores::PostgresStore;
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::settings()
///     .connections(16)
///     .answer_within(Duration::from_secs(3))
///     .connect("postgres://app@db.internal/app")
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is opened yet"]
pub struct Settings {
    connections: usize,
    answer_within: Duration,
    migrates: bool,
    dial: Option<Dial>,
}

impl Settings {
    /// How many connections [`connect`](Self::connect) opens at most: 8 unless this is set, beside the one on which a worker listens. Receiving
    /// needs 3, and each delivery that is handled at the same moment may need one for a few milliseconds.
    pub fn connections(self, most: usize) -> Self {
        Self {
            connections: most.max(1),
            ..self
        }
    }

    /// How long an operation may take: 5 seconds unless this is set, with connecting and waiting for a connection. After that it fails, and its statement
    /// is canceled. Less than the sender waits for its answer.
    pub fn answer_within(self, limit: Duration) -> Self {
        Self {
            answer_within: limit,
            ..self
        }
    }

    /// Opens only an inbox whose tables are there, and changes none: for a command beside the app.
    pub fn existing_only(self) -> Self {
        Self {
            migrates: false,
            ..self
        }
    }

    /// Listens on a connection of its own to what other processes store. [`connect`](Self::connect) does so by itself; this is
    /// for [`with_pool`](Self::with_pool): the settings with which its pool connects, directly and not through PgBouncer.
    pub fn listen<T>(self, config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self {
            dial: Some(Dial::new(config, tls)),
            ..self
        }
    }

    /// Opens the inbox in the database at this URL: [`PostgresStore::connect`].
    ///
    /// # Errors
    ///
    /// If the URL is wrong, the server does not answer, or the tables cannot be created.
    pub async fn connect(self, url: &str) -> Result<PostgresStore, StoreError> {
        let config = config(url, self.answer_within).map_err(at_start)?;
        let place = place(&config);
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(config.clone(), NoTls, recycling);
        let pool = Pool::builder(manager)
            .max_size(self.connections)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| at_start(Fault::new(error.to_string())))?;
        self.listen(config, NoTls).open(pool, &place).await
    }

    /// Opens the inbox in the database of this pool: [`PostgresStore::with_pool`].
    ///
    /// # Errors
    ///
    /// If the server does not answer, or the tables cannot be created.
    pub async fn with_pool(self, pool: Pool) -> Result<PostgresStore, StoreError> {
        self.open(pool, "the address of the pool").await
    }

    async fn open(self, pool: Pool, place: &str) -> Result<PostgresStore, StoreError> {
        let connections = Connections {
            pool,
            answer_within: self.answer_within,
        };
        if let Err(fault) = connections.query("select 1", &[]).await {
            return Err(at_start(Fault::new(format!(
                "no connection to PostgreSQL at {place}: {fault}; check that the server runs, and the address, user, \
                 password and database"
            ))));
        }
        let tables = match self.migrates {
            true => schema::migrate(&connections).await,
            false => schema::check(&connections).await,
        };
        tables.map_err(|fault| {
            at_start(Fault::new(format!(
                "its tables in PostgreSQL at {place}: {fault}"
            )))
        })?;
        Ok(PostgresStore::new(connections, self.dial))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 8,
            answer_within: Duration::from_secs(5),
            migrates: true,
            dial: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("connections", &self.connections)
            .field("answer_within", &self.answer_within)
            .field("migrates", &self.migrates)
            .field("listens", &self.dial.is_some())
            .finish()
    }
}

fn at_start(fault: Fault) -> StoreError {
    fault.of("open the inbox")
}

/// The settings in a URL. What is wrong with it is not quoted: a password that is not encoded ends up anywhere.
fn config(url: &str, answer_within: Duration) -> Result<Config, Fault> {
    // After the first @ of several, the rest of a password would be taken for a host, which messages name.
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let parsed = match url.matches('@').count() {
        2.. if is_url => None,
        _ => url.parse::<Config>().ok(),
    };
    let Some(mut config) = parsed else {
        return Err(Fault::new(
            "the URL is not one of PostgreSQL: write it as postgres://user:password@host:5432/database, and encode \
             characters such as / ? # @ % in the password as %2F %3F %23 %40 %25",
        ));
    };
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(Fault::new(
            "the URL names no host: write it as postgres://user:password@host:5432/database",
        ));
    }
    if !matches!(config.get_ssl_mode(), SslMode::Disable | SslMode::Prefer) {
        return Err(Fault::new(
            "the URL asks for TLS, which the store's own connections do not have: hand over a pool that has it, with \
             PostgresStore::with_pool",
        ));
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(answer_within);
    }
    if config.get_application_name().is_none() {
        config.application_name("webhook-stores");
    }
    Ok(config)
}

/// Where the server is, for a message.
fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let named = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let addressed = config.get_hostaddrs().iter().map(ToString::to_string);
    let hosts: Vec<_> = named.chain(addressed).collect();
    let ports: Vec<_> = match ports {
        [] => vec!["5432".to_owned()],
        ports => ports.iter().map(ToString::to_string).collect(),
    };
    format!("{} port {}", hosts.join(", "), ports.join(", "))
}

use std::fmt;
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, FromRedisValue, Script};
use webhook_core::Identity;
use webhook_core::guarantee::{Claim, OnceStore, StoreError, StoreFuture, Token};

/// Remembers in Redis which deliveries were handled, for the method `once` of a layer: for any number of machines.
///
/// Each delivery is one key, `webhook:once:` and its [`Identity::key`], with an expiry that Redis measures: the lease of a
/// running claim, then the time for which a handled delivery is remembered. Each step is one script, so steps of different
/// processes do not mix. A cluster works: no step needs two keys.
///
/// Redis forgets more than the other stores do. With `maxmemory-policy noeviction` it refuses new claims when its memory is
/// full, instead of forgetting which deliveries were handled; with `appendonly yes` and `appendfsync always` it remembers
/// them after a crash. A replica that takes over may lack the last ones. What must not be handled twice is claimed in the
/// transaction of its effect: [`guarantee::postgres`](webhook_core::guarantee::postgres).
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use webhook_stores::RedisStore;
///
/// let store = RedisStore::connect("redis://127.0.0.1/").await?;
/// # Ok(())
/// # }
/// ```
///
/// Clones share a connection, which reconnects by itself.
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
    prefix: Box<str>,
}

impl RedisStore {
    /// How long a step may take, and a connection to be made.
    const LIMIT: Duration = Duration::from_secs(3);

    /// Connects to a server: `redis://host:port/db`.
    ///
    /// # Errors
    ///
    /// If the URL cannot be used, or the server cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let client = Client::open(url).map_err(|_| {
            // What is wrong with it may be its password.
            let why = "it is not written redis://user:password@host:port/db";
            StoreError::new("use the URL of Redis", why)
        })?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Self::LIMIT))
            .set_response_timeout(Some(Self::LIMIT))
            .set_number_of_retries(1);
        let connection = client.get_connection_manager_with_config(config).await;
        let connection = connection.map_err(|error| {
            StoreError::new(
                "connect to Redis; check that it runs and is reachable",
                error,
            )
        })?;
        Ok(Self::with_connection(connection))
    }

    /// With the app's own connection, such as one with TLS. Set a response timeout for it: without one, a server that hangs
    /// holds a delivery until its deadline.
    pub fn with_connection(connection: ConnectionManager) -> Self {
        let prefix = "webhook:once:".into();
        Self { connection, prefix }
    }

    /// Uses another prefix for its keys.
    pub fn with_prefix(self, prefix: &str) -> Self {
        let prefix = prefix.into();
        Self { prefix, ..self }
    }

    /// Runs a script on the key of a delivery.
    async fn run<T: FromRedisValue>(
        &self,
        tried: &'static str,
        identity: &Identity,
        script: &str,
        arguments: &[u64],
    ) -> Result<T, StoreError> {
        let script = Script::new(script);
        let mut invocation = script.key(format!("{}{}", self.prefix, identity.key()));
        for argument in arguments {
            invocation.arg(*argument);
        }
        let mut connection = self.connection.clone();
        let done = invocation.invoke_async(&mut connection).await;
        done.map_err(|error| StoreError::new(tried, error))
    }
}

/// A running claim is the digits of its token, a handled delivery is `done`.
const CLAIM: &str = "\
local state = redis.call('GET', KEYS[1])
if state then return state end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false";

const RENEW: &str = "\
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

const DONE: &str = "\
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], 'done', 'PX', ARGV[2])
return 1";

const RELEASE: &str = "\
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])";

const FORGET: &str = "return redis.call('DEL', KEYS[1])";

fn milliseconds(duration: Duration) -> u64 {
    // What is longer than Redis can count is as good as for ever.
    const LONGEST: u64 = 1 << 52;
    u64::try_from(duration.as_millis())
        .unwrap_or(LONGEST)
        .clamp(1, LONGEST)
}

impl OnceStore for RedisStore {
    fn claim<'a>(&'a self, identity: &'a Identity, lease: Duration) -> StoreFuture<'a, Claim> {
        Box::pin(async move {
            let token = Token(fastrand::u64(..));
            let arguments = [token.0, milliseconds(lease)];
            let tried = "claim a delivery in Redis";
            let state = self.run(tried, identity, CLAIM, &arguments).await;
            match state {
                Ok(None) => Ok(Claim::First(token)),
                Ok(Some(state)) if state == "done" => Ok(Claim::Done),
                Ok(Some::<String>(_)) => Ok(Claim::Running),
                Err(error) => {
                    // The answer was lost, and the claim may have been made.
                    let (store, identity) = (self.clone(), identity.clone());
                    tokio::spawn(async move { store.release(&identity, token).await.is_ok() });
                    Err(error)
                }
            }
        })
    }

    fn renew<'a>(
        &'a self,
        identity: &'a Identity,
        Token(token): Token,
        lease: Duration,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let arguments = [token, milliseconds(lease)];
            self.run("renew a claim in Redis", identity, RENEW, &arguments)
                .await
        })
    }

    fn done<'a>(
        &'a self,
        identity: &'a Identity,
        Token(token): Token,
        keep: Duration,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let arguments = [token, milliseconds(keep)];
            self.run("record a delivery in Redis", identity, DONE, &arguments)
                .await
        })
    }

    fn release<'a>(&'a self, identity: &'a Identity, Token(token): Token) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            self.run("release a claim in Redis", identity, RELEASE, &[token])
                .await
        })
    }

    fn forget<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            self.run("forget a delivery in Redis", identity, FORGET, &[])
                .await
        })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use webhook_core::Identity;
use webhook_core::guarantee::{
    Count, Ending, Filter, InboxQueue, InboxRecords, InboxStore, Job, Pruned, Record, RecordId,
    StoreError, StoreFuture, Stored, StoredDelivery, Ticket,
};

/// Seals bodies, so that a store never has them in the clear: they hold invoices, and some senders' a card token.
///
/// Which cipher, which keys and where those are is the app's. A key that was replaced must still open what it has sealed.
pub trait Seal: Send + Sync + 'static {
    /// Seals a body.
    ///
    /// # Errors
    ///
    /// If that cannot be done, in words for an operator. The delivery is then not stored, and its sender repeats it.
    fn seal(&self, body: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;

    /// Opens what [`seal`](Self::seal) returned.
    ///
    /// # Errors
    ///
    /// If that cannot be done, in words for an operator. The delivery then stays where it is, and is tried again later.
    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}

/// A store whose bodies are sealed. What was stored before it was put around the store stays readable.
///
/// Path, query, kept headers, ids and labels are not sealed.
///
/// ```
/// use webhook_stores::{Seal, Sealed};
///
/// struct Cipher;
///
/// impl Seal for Cipher {
///     fn seal(&self, body: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
///         // An app encrypts here, with a cipher that authenticates.
///         Ok(body.iter().map(|byte| !byte).collect())
///     }
///
///     fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
///         self.seal(sealed)
///     }
/// }
///
/// # #[cfg(feature = "sqlite")]
/// # fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let store = Sealed::new(webhook_stores::SqliteStore::open("webhooks.db")?, Cipher);
/// # Ok(())
/// # }
/// ```
pub struct Sealed<S> {
    store: S,
    seal: Arc<dyn Seal>,
}

impl<S> Sealed<S> {
    /// How long a delivery waits that cannot be opened.
    const UNOPENED: Duration = Duration::from_secs(30);

    /// Seals the bodies in a store.
    pub fn new(store: S, seal: impl Seal) -> Self {
        let seal = Arc::new(seal);
        Self { store, seal }
    }

    fn open(&self, delivery: StoredDelivery) -> Result<StoredDelivery, StoreError> {
        // A body that was pruned, or left out of a list, has nothing to open.
        if !delivery.is_sealed() || delivery.body().is_empty() {
            return Ok(delivery);
        }
        let opened = self.seal.open(delivery.body());
        let body = opened.map_err(|error| StoreError::new("open a sealed body", error))?;
        Ok(delivery.opened(body.into()))
    }
}

impl<S: Clone> Clone for Sealed<S> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            seal: Arc::clone(&self.seal),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Sealed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sealed").field(&self.store).finish()
    }
}

impl<S: InboxStore> InboxStore for Sealed<S> {
    fn store(&self, delivery: StoredDelivery) -> StoreFuture<'_, Stored> {
        Box::pin(async move {
            let sealed = self.seal.seal(delivery.body());
            let body = sealed.map_err(|error| StoreError::new("seal a body", error))?;
            self.store.store(delivery.sealed_in(body.into())).await
        })
    }
}

impl<S: InboxQueue> InboxQueue for Sealed<S> {
    fn take<'a>(
        &'a self,
        endpoints: &'a [&'a str],
        most: usize,
        lease: Duration,
    ) -> StoreFuture<'a, Vec<Job>> {
        Box::pin(async move {
            let mut opened = Vec::new();
            for mut job in self.store.take(endpoints, most, lease).await? {
                match self.open(job.delivery) {
                    Ok(delivery) => {
                        job.delivery = delivery;
                        opened.push(job);
                    }
                    Err(error) => {
                        tracing::error!(
                            target: "webhook",
                            row = job.ticket.row,
                            "a delivery in the inbox waits: {error}"
                        );
                        let why = error.to_string().replace('\0', "").into();
                        let ending = Ending::Again {
                            after: Self::UNOPENED,
                            counts: false,
                            why,
                        };
                        // Should that fail, its lease ends.
                        drop(self.store.finish(job.ticket, ending).await);
                    }
                }
            }
            Ok(opened)
        })
    }

    fn renew(&self, ticket: Ticket, lease: Duration) -> StoreFuture<'_, bool> {
        self.store.renew(ticket, lease)
    }

    fn finish(&self, ticket: Ticket, ending: Ending) -> StoreFuture<'_, bool> {
        self.store.finish(ticket, ending)
    }

    fn stirred(&self) -> StoreFuture<'_, ()> {
        self.store.stirred()
    }
}

impl<S: InboxRecords> InboxRecords for Sealed<S> {
    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<Record>> {
        self.store.list(filter)
    }

    fn show(&self, id: RecordId) -> StoreFuture<'_, Option<Record>> {
        Box::pin(async move {
            let Some(mut record) = self.store.show(id).await? else {
                return Ok(None);
            };
            record.delivery = self.open(record.delivery)?;
            Ok(Some(record))
        })
    }

    fn retry(&self, id: RecordId) -> StoreFuture<'_, bool> {
        self.store.retry(id)
    }

    fn retry_dead<'a>(&'a self, endpoint: Option<&'a str>) -> StoreFuture<'a, u64> {
        self.store.retry_dead(endpoint)
    }

    fn forget(&self, id: RecordId) -> StoreFuture<'_, bool> {
        self.store.forget(id)
    }

    fn forget_identity<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool> {
        self.store.forget_identity(identity)
    }

    fn prune(&self, bodies: Duration) -> StoreFuture<'_, Pruned> {
        self.store.prune(bodies)
    }

    fn counts(&self) -> StoreFuture<'_, Vec<Count>> {
        self.store.counts()
    }
}

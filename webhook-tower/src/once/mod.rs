//! Each delivery handled once.

pub(crate) mod claim;
mod layer;
mod memory;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use webhook_core::driver::{Verifier, endpoint_name};
use webhook_core::guarantee::OnceStore;
use webhook_core::provider::Identified;
use webhook_core::{Delivery, Provider};

use self::claim::Claiming;
pub use self::layer::OnceLayer;
pub use self::memory::MemoryStore;
use crate::lease;

/// How deliveries are claimed.
#[derive(Clone)]
pub struct Once {
    endpoint: Arc<str>,
    store: Arc<dyn OnceStore>,
    lease: Duration,
    run_when_store_fails: bool,
}

impl Once {
    const DEFAULT_LEASE: Duration = Duration::from_secs(60);

    /// Claims in this store, for this endpoint.
    ///
    /// # Panics
    ///
    /// If the ids of the sender cannot be trusted, or the name of the endpoint is empty or longer than 64 bytes.
    #[track_caller]
    pub fn new<P: Identified>(
        verifier: &Verifier<P>,
        endpoint: &str,
        store: impl OnceStore,
    ) -> Self {
        verifier.require_trusted_ids();
        Self {
            endpoint: endpoint_name(endpoint),
            store: Arc::new(store),
            lease: Self::DEFAULT_LEASE,
            run_when_store_fails: false,
        }
    }

    /// Sets the length of a lease.
    ///
    /// # Panics
    ///
    /// If it is shorter than 100 milliseconds.
    #[track_caller]
    pub fn set_lease(&mut self, lease: Duration) {
        self.lease = lease::checked(lease);
    }

    /// Runs the handler without a claim if the store fails.
    pub fn set_run_when_store_fails(&mut self) {
        self.run_when_store_fails = true;
    }

    /// What claims this delivery, if it has an id for that.
    pub(crate) fn claiming<P: Provider>(
        &self,
        verifier: &Verifier<P>,
        delivery: &Delivery<P::Event>,
    ) -> Option<Box<Claiming>> {
        let identity = verifier.identity(delivery, &self.endpoint)?;
        Some(Box::new(Claiming {
            store: Arc::clone(&self.store),
            identity,
            lease: self.lease,
            keep: verifier.provider().timing().keep_ids(),
            run_when_store_fails: self.run_when_store_fails,
        }))
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("endpoint", &self.endpoint)
            .field("lease", &self.lease)
            .field("run_when_store_fails", &self.run_when_store_fails)
            .finish_non_exhaustive()
    }
}

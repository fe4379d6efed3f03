//! Each delivery handled once.

pub(crate) mod claim;
mod layer;
mod memory;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use webhook_core::driver::Verifier;
use webhook_core::guarantee::OnceStore;
use webhook_core::provider::Identified;
use webhook_core::{Delivery, Provider};

use self::claim::Claiming;
pub use self::layer::OnceLayer;
pub use self::memory::MemoryStore;

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
    #[allow(
        clippy::panic,
        reason = "a mistake in the configuration, found before the first request"
    )]
    pub fn new<P: Identified>(
        verifier: &Verifier<P>,
        endpoint: &str,
        store: impl OnceStore,
    ) -> Self {
        verifier.require_trusted_ids();
        if !(1..=64).contains(&endpoint.len()) || endpoint.contains(char::is_control) {
            panic!(
                "an endpoint cannot be called {endpoint:?}: give it a short name such as \"orders\""
            );
        }
        Self {
            endpoint: endpoint.into(),
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
    #[allow(
        clippy::panic,
        reason = "a mistake in the configuration, found before the first request"
    )]
    pub fn set_lease(&mut self, lease: Duration) {
        if lease < Duration::from_millis(100) {
            panic!("a lease of {lease:?} runs out while it is renewed: set it to seconds");
        }
        // So that no sum overflows.
        self.lease = lease.min(Duration::from_secs(30 * 24 * 60 * 60));
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

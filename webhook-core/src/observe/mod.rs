//! What became of each delivery, told once to each [`Observer`].
//!
//! The log is one of them: with the feature `tracing`, every verifier writes one event for each delivery, with the target
//! `webhook`. With the feature `metrics`, [`Metrics`] counts them. An observer of your own is added with
//! [`Verifier::observer`](crate::driver::Verifier::observer), or the method of this name of a layer.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use webhook_core::driver::Verifier;
//! use webhook_core::observe::{Observer, Outcome, Verdict};
//! use webhook_core::{testing, tusfacturas::TusFacturas};
//!
//! #[derive(Clone, Default)]
//! struct Refusals(Arc<AtomicU64>);
//!
//! impl Observer for Refusals {
//!     fn observe(&self, outcome: &Outcome<'_>) {
//!         if let Verdict::Refused { .. } = outcome.verdict {
//!             self.0.fetch_add(1, Ordering::Relaxed);
//!         }
//!     }
//! }
//!
//! let refusals = Refusals::default();
//! let verifier = Verifier::<TusFacturas>::try_new("s3cr3t")?.observer(refusals.clone());
//! let forged = testing::tusfacturas_body("{}", "guessed");
//! assert!(verifier.begin(&forged.head()).is_err());
//! assert_eq!(refusals.0.load(Ordering::Relaxed), 1);
//! # Ok::<(), webhook_core::SecretsError>(())
//! ```

mod escaped;
#[cfg(feature = "tracing")]
mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod observation;
mod outcome;
#[cfg(feature = "tracing")]
mod refusals;

pub use self::escaped::Escaped;
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub use self::metrics::Metrics;
pub(crate) use self::observation::{Ended, Observation, Observers, Stage, Watch};
pub use self::outcome::{Outcome, Verdict};

/// Is told how each delivery ended.
///
/// It is called on the path of the delivery, before its answer is sent: it should not block, and must not panic. A request
/// whose connection breaks while its body arrives may end without anyone being told: nothing was known about it.
pub trait Observer: Send + Sync + 'static {
    /// Tells how a delivery ended, once.
    fn observe(&self, outcome: &Outcome<'_>);

    /// Whether it wants to be told. It is asked when a request arrives, and again before it is told; if no observer listens
    /// at first, nothing is measured.
    fn listens(&self) -> bool {
        true
    }

    /// Whether it reads [`Outcome::id`]. If none does, no id is computed, which for Stripe reads the body once more.
    fn reads_id(&self) -> bool {
        true
    }
}

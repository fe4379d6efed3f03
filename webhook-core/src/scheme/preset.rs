use crate::provider::Timing;
use crate::secrets::PlainStore;
use crate::signing::{SchemeBuilder, SchemeStore};

/// A sender whose [`Scheme`](crate::signing::Scheme) is known when the program is compiled: all that a preset consists of.
///
/// ```
/// use webhook_core::driver::Verifier;
/// use webhook_core::provider::Timing;
/// use webhook_core::scheme::{Preset, SchemeProvider};
/// use webhook_core::signing::{Credential, HmacKeys, Scheme, SchemeBuilder};
///
/// enum Acme {}
///
/// impl Preset for Acme {
///     const NAME: &'static str = "acme";
///     const TIMING: Timing = Timing::UNDOCUMENTED;
///     type Store = HmacKeys;
///
///     fn scheme() -> SchemeBuilder {
///         Scheme::builder(Self::NAME)
///             .hmac_sha256(Credential::header("x-acme-signature").hex())
///             .signs("{body}")
///     }
/// }
///
/// let verifier = Verifier::<SchemeProvider<serde_json::Value, Acme>>::try_new("s3cr3t")?;
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
pub trait Preset: Send + Sync + 'static {
    /// Its name, for logs and metrics.
    const NAME: &'static str;

    /// When it delivers, how long it waits. What it counts as received is in the scheme.
    const TIMING: Timing;

    /// How its secrets are kept: [`HmacKeys`](crate::signing::HmacKeys) or [`BearerTokens`](crate::secrets::BearerTokens), for
    /// example.
    type Store: SchemeStore + PlainStore;

    /// How it proves its deliveries. It must be possible to build it.
    fn scheme() -> SchemeBuilder;
}

/// A [`Preset`] that signs the time of each delivery, so that layers offer `tolerance` for it.
pub trait SignsTime: Preset {}

/// A [`Preset`] that gives its deliveries ids, so that layers offer `once` for it.
pub trait GivesIds: Preset {}

/// A [`Preset`] with the handshake of Meta, so that layers offer `verify_token` for it.
pub trait HasVerifyToken: Preset {}

/// What a [`SchemeProvider`](super::SchemeProvider) is for: a [`Preset`], or [`AnyScheme`](super::AnyScheme).
pub trait Source: Send + Sync + 'static {
    /// How its secrets are kept.
    type Store: SchemeStore;

    /// When it delivers.
    const TIMING: Timing;
}

impl<P: Preset> Source for P {
    type Store = P::Store;

    const TIMING: Timing = P::TIMING;
}

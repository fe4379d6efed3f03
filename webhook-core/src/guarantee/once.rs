use std::sync::Arc;
use std::time::Duration;

use super::StoreFuture;
use crate::delivery::Identity;

/// Remembers which deliveries are being handled and which were.
///
/// The key of a delivery is [`Identity::key`]. A claim belongs to its [`Token`] for the length of a lease, from the
/// claim or its last renewal on; the next claim after that gets a new token, and the old one changes nothing anymore.
/// Every method is one atomic step, also between processes that share a store.
pub trait OnceStore: Send + Sync + 'static {
    /// Claims a delivery, unless it was handled or is being handled.
    fn claim<'a>(&'a self, identity: &'a Identity, lease: Duration) -> StoreFuture<'a, Claim>;

    /// Extends the lease. `false` if the claim has another holder, or none.
    fn renew<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        lease: Duration,
    ) -> StoreFuture<'a, bool>;

    /// Records that the delivery was handled, and remembers that for `keep` at least. `false`, and nothing is written, if
    /// the claim has another holder, or none.
    fn done<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        keep: Duration,
    ) -> StoreFuture<'a, bool>;

    /// Frees the claim, so that the next attempt is handled. `false` if it has another holder, or none.
    fn release<'a>(&'a self, identity: &'a Identity, token: Token) -> StoreFuture<'a, bool>;

    /// Forgets a delivery, so that it is handled again when the sender repeats it. `false` if it was not known.
    fn forget<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool>;
}

/// A store that is shared.
impl<T: OnceStore + ?Sized> OnceStore for Arc<T> {
    fn claim<'a>(&'a self, identity: &'a Identity, lease: Duration) -> StoreFuture<'a, Claim> {
        (**self).claim(identity, lease)
    }

    fn renew<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        lease: Duration,
    ) -> StoreFuture<'a, bool> {
        (**self).renew(identity, token, lease)
    }

    fn done<'a>(
        &'a self,
        identity: &'a Identity,
        token: Token,
        keep: Duration,
    ) -> StoreFuture<'a, bool> {
        (**self).done(identity, token, keep)
    }

    fn release<'a>(&'a self, identity: &'a Identity, token: Token) -> StoreFuture<'a, bool> {
        (**self).release(identity, token)
    }

    fn forget<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool> {
        (**self).forget(identity)
    }
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// The delivery is new, or the lease of its last holder has run out: handle it.
    First(Token),
    /// It is being handled.
    Running,
    /// It was handled.
    Done,
    /// As many claims are running as the store permits.
    Full,
}

/// Who holds a claim: the store gives each one a different number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

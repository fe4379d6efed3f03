use std::future::Future;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use webhook_core::guarantee::StoreError;

/// The longest lease, so that no sum with one overflows.
pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Checks the length of a lease.
///
/// # Panics
///
/// If it is shorter than 100 milliseconds.
#[track_caller]
#[allow(
    clippy::panic,
    reason = "a mistake in the configuration, found before the first delivery"
)]
pub fn checked(lease: Duration) -> Duration {
    if lease < Duration::from_millis(100) {
        panic!("a lease of {lease:?} runs out while it is renewed: set it to seconds");
    }
    lease.min(LONGEST)
}

/// Renews a lease at a third of its length, until it is lost.
pub async fn keep<F>(lease: Duration, mut renew: impl FnMut() -> F)
where
    F: Future<Output = Result<bool, StoreError>>,
{
    // After a failure, or no answer, which may pass, soon again: the lease goes on running out.
    let soon = (lease / 20).min(Duration::from_secs(1));
    let mut pause = lease / 3;
    loop {
        sleep(pause).await;
        pause = match timeout(lease / 6, renew()).await {
            Ok(Ok(true)) => lease / 3,
            Ok(Ok(false)) => return,
            Ok(Err(_)) | Err(_) => soon,
        };
    }
}

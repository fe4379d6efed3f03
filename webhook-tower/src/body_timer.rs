//! The time limit for a body. Without the feature `timeout` it never expires.

use std::task::{Context, Poll};
use std::time::Duration;
#[cfg(feature = "timeout")]
use std::{future::Future, pin::Pin};

/// Starts on its first poll, when a body turns out not to have arrived yet: a delivery that arrives in one piece sets
/// no timer.
#[cfg(feature = "timeout")]
pub(crate) struct BodyTimer {
    after: Duration,
    timer: Option<Pin<Box<tokio::time::Sleep>>>,
}

#[cfg(feature = "timeout")]
impl BodyTimer {
    pub(crate) fn new(after: Duration) -> Self {
        Self { after, timer: None }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let after = self.after;
        self.timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(after)))
            .as_mut()
            .poll(cx)
    }
}

#[cfg(not(feature = "timeout"))]
pub(crate) struct BodyTimer;

#[cfg(not(feature = "timeout"))]
impl BodyTimer {
    pub(crate) fn new(_: Duration) -> Self {
        Self
    }

    #[allow(
        clippy::unused_self,
        clippy::needless_pass_by_ref_mut,
        reason = "the same call with or without the feature"
    )]
    pub(crate) fn poll(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

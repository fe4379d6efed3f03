//! The time limit of a body. Without the feature `timeout` it never passes.

use std::pin::Pin;
use std::task::{Context, Poll};
#[cfg(feature = "timeout")]
use std::{future::Future, time::Duration};

#[cfg(feature = "timeout")]
use pin_project_lite::pin_project;

#[cfg(feature = "timeout")]
pin_project! {
    /// Counts from its first poll, which is when a body turns out not to be there yet: a delivery that arrived in one
    /// piece arms no timer.
    pub(crate) struct Deadline {
        after: Duration,
        #[pin]
        timer: Option<tokio::time::Sleep>,
    }
}

#[cfg(feature = "timeout")]
impl Deadline {
    pub(crate) fn new(after: Duration) -> Self {
        Self { after, timer: None }
    }

    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.timer.is_none() {
            this.timer.set(Some(tokio::time::sleep(*this.after)));
        }
        match this.timer.as_pin_mut() {
            Some(timer) => timer.poll(cx),
            None => Poll::Pending,
        }
    }
}

#[cfg(not(feature = "timeout"))]
pub(crate) struct Deadline;

#[cfg(not(feature = "timeout"))]
impl Deadline {
    pub(crate) fn never() -> Self {
        Self
    }

    pub(crate) fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

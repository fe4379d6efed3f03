//! What the binaries share.

#[cfg(doctest)]
mod readme;

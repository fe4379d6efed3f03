//! Empty: only the test of this crate matters.

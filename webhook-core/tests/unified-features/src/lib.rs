//! Only its test matters.

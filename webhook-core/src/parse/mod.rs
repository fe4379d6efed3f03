//! Reads JSON and forms, and repairs damaged text.

pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod json_field;
mod json_path;
pub(crate) mod payload;
pub(crate) mod repair;
mod reserved;

//! An inbox on SQLite.

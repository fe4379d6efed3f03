//! An inbox on PostgreSQL.

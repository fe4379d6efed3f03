//! A delivery that is repeated is handled once: what the examples with a database promise, on real databases.

mod crash;
mod postgres;
mod sqlite;
mod subject;

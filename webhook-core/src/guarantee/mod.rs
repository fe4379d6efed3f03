//! What stores implement so that a delivery is handled once and not lost: traits and data, without I/O.
//!
//! An app does not need this module: it takes a store from `webhook-stores`, or the one in memory, and hands it to a layer.
//!
//! - [`OnceStore`] remembers which deliveries were handled, for the method `once` of a layer.
//! - [`InboxStore`] keeps deliveries until they are handled, for `inbox`; [`InboxQueue`] is what a worker takes them from,
//!   and [`InboxRecords`] what an operator looks at.
//! - [`postgres`] and [`sqlite`] are the statements with which a handler claims a delivery in its own transaction.
//!
//! The traits can be made into objects, and their errors are of one type, so that layers and workers know no driver.

mod error;
mod inbox;
mod once;
pub mod postgres;
mod records;
pub mod sqlite;
mod stored;

use std::future::Future;
use std::pin::Pin;

pub use self::error::StoreError;
pub use self::inbox::{Ending, InboxQueue, InboxStore, Job, Stored, Ticket};
pub use self::once::{Claim, OnceStore, Token};
pub use self::records::{Count, Filter, InboxRecords, Pruned, Record, RecordId, State};
pub(crate) use self::stored::Envelope;
pub use self::stored::{Row, StoredDelivery, UnreadableRow};

/// A future that a store returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

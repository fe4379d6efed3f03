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
//!
//! # A queue of another system
//!
//! NATS, Kafka or SQS needs one trait and about thirty lines. Here a channel stands for the client:
//!
//! ```
//! use tokio::sync::{mpsc, oneshot};
//! use webhook_core::guarantee::{InboxStore, StoreError, StoreFuture, Stored, StoredDelivery};
//!
//! /// A message, and where its acknowledgement goes: whether the broker knew its id.
//! type Publish = (Message, oneshot::Sender<bool>);
//!
//! struct Message {
//!     /// JetStream's `Nats-Msg-Id`, or SQS' `MessageDeduplicationId`.
//!     id: Option<String>,
//!     headers: Vec<(&'static str, String)>,
//!     body: webhook_core::bytes::Bytes,
//! }
//!
//! struct Queue(mpsc::Sender<Publish>);
//!
//! impl InboxStore for Queue {
//!     fn store(&self, delivery: StoredDelivery) -> StoreFuture<'_, Stored> {
//!         let message = Message {
//!             id: delivery.key().map(str::to_owned),
//!             headers: vec![
//!                 ("format", delivery.format().to_string()),
//!                 ("sender", delivery.sender().to_owned()),
//!                 ("endpoint", delivery.endpoint().to_owned()),
//!                 ("kind", delivery.kind().to_owned()),
//!                 ("envelope", delivery.envelope()),
//!             ],
//!             body: delivery.body().clone(),
//!         };
//!         Box::pin(async move {
//!             let gone = || StoreError::new("publish a delivery", "the broker is not connected");
//!             let (acknowledge, acknowledged) = oneshot::channel();
//!             self.0.send((message, acknowledge)).await.map_err(|_| gone())?;
//!             // Only when the broker has it on its disks: the sender is acknowledged after this.
//!             match acknowledged.await.map_err(|_| gone())? {
//!                 true => Ok(Stored::Duplicate),
//!                 false => Ok(Stored::New),
//!             }
//!         })
//!     }
//! }
//! ```
//!
//! The program at the other end makes the delivery again with [`StoredDelivery::read`] (the key is the message's id, and the
//! broker knows the time), and decodes it with [`Intake::recall`](crate::driver::Intake::recall); attempts and repeats are the broker's business then. A broker that remembers ids
//! for minutes recognizes repeats for minutes: senders repeat for days, so the handler [claims](postgres) what it handles.

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

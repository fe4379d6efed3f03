use std::sync::mpsc::Receiver;
use std::time::Duration;

use rusqlite::Connection;

use super::connection::patiently;
use super::rows::Clock;
use super::work::{Turn, Work};

/// The thread of a store that answers an operator, so that a long list does not hold up a delivery.
pub(super) struct Reader {
    pub(super) connection: Connection,
    pub(super) queue: Receiver<Box<dyn Work>>,
    pub(super) clock: Clock,
    pub(super) busy_timeout: Duration,
}

impl Reader {
    pub(super) fn run(self) {
        while let Ok(mut work) = self.queue.recv() {
            if !work.is_wanted() {
                continue;
            }
            let turn = Turn::new(&self.connection, (self.clock)());
            match patiently(self.busy_timeout, || work.run(&turn)) {
                Ok(()) => work.committed(),
                Err(error) => work.failed(error.into()),
            }
        }
    }
}

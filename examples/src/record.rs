use std::io::{self, Write};

use serde::Serialize;
use webhook_core::{Delivery, Label};

#[derive(Serialize)]
struct Line<'a, E> {
    provider: &'a str,
    key: Option<&'a Label>,
    event: &'a E,
}

/// Writes a delivery to stdout as one line of JSON.
///
/// # Errors
///
/// If nobody reads stdout anymore. Such an event must not be acknowledged.
pub fn record<E: Serialize>(delivery: &Delivery<E>) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Line {
        provider: delivery.sender(),
        key: delivery.label(),
        event: delivery.event(),
    })?;
    line.push(b'\n');
    // One write under one lock, so that lines of concurrent deliveries do not mix.
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}

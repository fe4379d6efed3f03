use std::io::{self, Write};

use serde::Serialize;
use webhook_core::{Delivery, DeliveryId, Label};

#[derive(Serialize)]
struct Line<'a, E> {
    provider: &'a str,
    key: Option<&'a Label>,
    #[serde(flatten)]
    handled: Option<Handled<'a>>,
    event: &'a E,
}

#[derive(Serialize)]
struct Handled<'a> {
    id: Option<&'a str>,
    attempt: u32,
}

/// Writes a delivery to stdout as one line of JSON.
///
/// # Errors
///
/// If nobody reads stdout anymore. Such an event must not be acknowledged.
pub fn record<E: Serialize>(delivery: &Delivery<E>) -> io::Result<()> {
    write(delivery, None)
}

/// The same for an event out of an inbox, with its id and the attempt at which it was handled.
///
/// # Errors
///
/// If nobody reads stdout anymore.
pub fn record_handled<E: Serialize>(delivery: &Delivery<E>, attempt: u32) -> io::Result<()> {
    let id = delivery.id();
    let id = id.as_ref().map(DeliveryId::as_str);
    write(delivery, Some(Handled { id, attempt }))
}

fn write<E: Serialize>(delivery: &Delivery<E>, handled: Option<Handled<'_>>) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Line {
        provider: delivery.sender(),
        key: delivery.label(),
        handled,
        event: delivery.event(),
    })?;
    line.push(b'\n');
    // One write under one lock, so that lines of concurrent deliveries do not mix.
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}

//! What a worker does beside handling: deletes what need not be kept, and tells how much there is.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::sleep;
use webhook_core::guarantee::{Count, State};

use super::Store;

const EVERY: Duration = Duration::from_secs(60);

/// Runs until it is dropped.
pub(super) async fn run(store: Arc<dyn Store>, keep_bodies: Duration) {
    let mut told = Told::default();
    loop {
        // Not all workers at the same time.
        sleep(EVERY.mul_f64(0.8 + 0.4 * fastrand::f64())).await;
        if let Err(error) = store.prune(keep_bodies).await {
            tracing::warn!(target: "webhook", "old deliveries stay in the inbox for now: {error}");
        }
        match store.counts().await {
            Ok(counts) => told.tell(&counts),
            Err(error) => tracing::warn!(target: "webhook", "the inbox is not counted: {error}"),
        }
    }
}

/// What the log has been told.
#[derive(Default)]
struct Told {
    dead: u64,
    at: Option<SystemTime>,
}

impl Told {
    /// Warns of the dead once a day, and when there are more.
    fn tell(&mut self, counts: &[Count]) {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        #[cfg(feature = "metrics")]
        gauge(counts);
        let dead = counts.iter().filter(|count| count.state == State::Dead);
        let dead = dead.map(|count| count.deliveries).sum();
        let newer: u64 = counts.iter().map(|count| count.newer_format).sum();
        let is_due = match self.at {
            Some(at) => at.elapsed().map_or(true, |elapsed| elapsed > DAY),
            None => true,
        };
        if (dead > 0 || newer > 0) && (is_due || dead > self.dead) {
            tracing::warn!(
                target: "webhook",
                dead, newer,
                "deliveries in the inbox wait for someone: dead ones for a retry, those of a newer format for an update"
            );
            self.at = Some(SystemTime::now());
        }
        self.dead = dead;
    }
}

/// Two gauges: how many, and the age of the oldest.
#[cfg(feature = "metrics")]
fn gauge(counts: &[Count]) {
    use metrics::{Label, gauge};

    for count in counts {
        let labels = vec![
            Label::new("endpoint", count.endpoint.to_string()),
            Label::from_static_parts("state", count.state.name()),
        ];
        // Exact up to 2^53.
        gauge!("webhook_inbox_deliveries", labels.clone()).set(count.deliveries as f64);
        let age = count.oldest.elapsed().unwrap_or_default();
        gauge!("webhook_inbox_oldest_seconds", labels).set(age.as_secs_f64());
    }
}

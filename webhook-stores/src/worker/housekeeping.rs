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

/// How old a delivery gets that waits or is at work before the log is told.
const OLD: Duration = Duration::from_secs(15 * 60);

/// How long the log is not told again, unless there are more.
const QUIET: Duration = Duration::from_secs(60 * 60);

/// What the log and the metrics have been told.
#[derive(Default)]
struct Told {
    warned: Option<(u64, SystemTime)>,
    #[cfg(feature = "metrics")]
    gauges: std::collections::HashSet<(Box<str>, State)>,
}

impl Told {
    /// Warns of what waits for someone, once an hour and when there is more.
    fn tell(&mut self, counts: &[Count]) {
        #[cfg(feature = "metrics")]
        self.gauge(counts);
        let sum = |of: &dyn Fn(&Count) -> u64| counts.iter().map(of).sum::<u64>();
        let dead = sum(&|count| match count.state {
            State::Dead => count.deliveries,
            _ => 0,
        });
        let newer = sum(&|count| count.newer_format);
        let late = counts.iter().filter(|count| {
            matches!(count.state, State::Pending | State::Running)
                && count.oldest.elapsed().is_ok_and(|age| age > OLD)
        });
        let late: Vec<_> = late.map(|count| &*count.endpoint).collect();
        let waiting = dead + newer + late.len() as u64;
        let is_quiet = self.warned.is_some_and(|(before, at)| {
            waiting <= before && at.elapsed().is_ok_and(|elapsed| elapsed < QUIET)
        });
        if waiting == 0 {
            self.warned = None;
        } else if !is_quiet {
            tracing::warn!(
                target: "webhook",
                dead, newer, late = late.join(","),
                "deliveries in the inbox wait for someone: the dead for a retry, those of a newer format for an update, and at \
                 the late endpoints the oldest has waited for a quarter of an hour: does a worker serve it, and does its \
                 handler end?"
            );
            self.warned = Some((waiting, SystemTime::now()));
        }
    }

    /// Two gauges: how many, and the age of the oldest. Both are zero again where there are none anymore.
    #[cfg(feature = "metrics")]
    fn gauge(&mut self, counts: &[Count]) {
        let set = |endpoint: &str, state: State, deliveries: u64, age: Duration| {
            let labels = vec![
                metrics::Label::new("endpoint", endpoint.to_owned()),
                metrics::Label::from_static_parts("state", state.name()),
            ];
            // Exact up to 2^53.
            metrics::gauge!("webhook_inbox_deliveries", labels.clone()).set(deliveries as f64);
            metrics::gauge!("webhook_inbox_oldest_seconds", labels).set(age.as_secs_f64());
        };
        let mut gone = std::mem::take(&mut self.gauges);
        for count in counts {
            let age = count.oldest.elapsed().unwrap_or_default();
            set(&count.endpoint, count.state, count.deliveries, age);
            gone.remove(&(count.endpoint.clone(), count.state));
            self.gauges.insert((count.endpoint.clone(), count.state));
        }
        for (endpoint, state) in gone {
            set(&endpoint, state, 0, Duration::ZERO);
        }
    }
}

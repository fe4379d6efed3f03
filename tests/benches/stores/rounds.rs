//! Two sides in turns.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Options;

/// So many deliveries wait at once.
pub(crate) const WAITING: usize = 64;

/// What one side did in its turn.
pub(crate) struct Round {
    pub(crate) rate: f64,
    pub(crate) waits: Vec<Duration>,
}

/// Runs something again and again in as many tasks as deliveries wait.
pub(crate) async fn round<F>(time: Duration, run: impl Fn() -> F + Clone + Send + 'static) -> Round
where
    F: Future<Output = ()> + Send,
{
    let began = Instant::now();
    let mut storing = JoinSet::new();
    for _ in 0..WAITING {
        let run = run.clone();
        storing.spawn(async move {
            let mut waits = Vec::new();
            while began.elapsed() < time {
                let asked = Instant::now();
                run().await;
                waits.push(asked.elapsed());
            }
            waits
        });
    }
    let waits = storing.join_all().await.concat();
    Round {
        rate: waits.len() as f64 / began.elapsed().as_secs_f64(),
        waits,
    }
}

/// Compares two sides: the median of the ratios of neighboring turns, and both sides by themselves.
pub(crate) async fn compare(
    options: Options,
    row: &str,
    (name, mut side): (&str, impl AsyncFnMut() -> Round),
    (against, mut other): (&str, impl AsyncFnMut() -> Round),
) {
    let mut rates = [Vec::new(), Vec::new()];
    let mut waits = [Vec::new(), Vec::new()];
    // One turn of each is not counted: it creates files and opens connections.
    for number in 0..=options.rounds {
        // The order also alternates.
        for place in [number % 2, 1 - number % 2] {
            let round = match place {
                0 => side().await,
                _ => other().await,
            };
            if number > 0 {
                rates[place].push(round.rate);
                waits[place].extend(round.waits);
            }
        }
    }
    let ratios = rates[0]
        .iter()
        .zip(&rates[1])
        .map(|(one, other)| one / other);
    let (ratio, from, to) = spread(ratios.collect());
    println!(
        "{row}: {ratio:.2}x, from {from:.2} to {to:.2} in {} turns",
        options.rounds
    );
    for (name, (rates, waits)) in [name, against]
        .into_iter()
        .zip(rates.into_iter().zip(waits))
    {
        let (rate, from, to) = spread(rates);
        let [p50, p99] = percentiles(waits, [50, 99]);
        println!(
            "    {name}: {rate:.0}/s, from {from:.0} to {to:.0}; p50 {p50:.1?}, p99 {p99:.1?}"
        );
    }
}

/// Median, least and greatest.
pub(crate) fn spread(mut of: Vec<f64>) -> (f64, f64, f64) {
    of.sort_by(f64::total_cmp);
    (of[of.len() / 2], of[0], of[of.len() - 1])
}

pub(crate) fn percentiles<const N: usize>(mut of: Vec<Duration>, at: [usize; N]) -> [Duration; N] {
    of.sort_unstable();
    at.map(|percent| of[(of.len() * percent / 100).min(of.len() - 1)])
}

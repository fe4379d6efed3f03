//! The cost of a delivery through a complete axum router, compared with what a developer would write by hand.
//!
//! Each comparison alternates between its two sides, a few deliveries each, so that a change in the machine's speed
//! affects both. The ratio is the median over all turns.

#![allow(clippy::print_stdout, reason = "a benchmark reports")]

mod subjects;

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use subjects::{Ids, Shared, Side};

/// How many deliveries one side makes per turn.
const TURN: u64 = 64;

/// The same for bodies of this many bytes. With turns as long as a scheduler's time slice, each slow side would pay
/// for an interruption and each fast one for none.
fn turn(length: usize) -> u64 {
    match length {
        0..1_000 => TURN,
        _ => 8,
    }
}

fn compare(criterion: &mut Criterion, row: &str, side: (&str, Side), other: (&str, Side)) {
    compare_in_turns(criterion, row, TURN, side, other);
}

fn compare_in_turns(
    criterion: &mut Criterion,
    row: &str,
    length: u64,
    (name, mut side): (&str, Side),
    (against, mut other): (&str, Side),
) {
    let mut ratios = Vec::new();
    let mut group = criterion.benchmark_group(row);
    for (measured, name) in [(0, name), (1, against)] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut spent = [Duration::ZERO; 2];
                let turns = iterations.div_ceil(length);
                for turn in 0..turns {
                    let mut turn_spent = [Duration::ZERO; 2];
                    // The order also alternates: the second finds warmer caches.
                    for place in [turn % 2, 1 - turn % 2] {
                        let side = if place == 0 { &mut side } else { &mut other };
                        let started = Instant::now();
                        side.deliver(length);
                        turn_spent[usize::from(place == 1)] = started.elapsed();
                    }
                    ratios.push(turn_spent[0].as_secs_f64() / turn_spent[1].as_secs_f64());
                    spent[0] += turn_spent[0];
                    spent[1] += turn_spent[1];
                }
                spent[measured].mul_f64(iterations as f64 / (turns * length) as f64)
            });
        });
    }
    group.finish();
    ratios.sort_by(f64::total_cmp);
    if let Some(median) = ratios.get(ratios.len() / 2) {
        println!("{row}: {median:.3}x (median of {} turns)\n", ratios.len());
    }
}

/// A side by its name.
type Named = (&'static str, fn() -> Side);

fn rows(criterion: &mut Criterion) {
    let rows: [(&str, Named, Named); 12] = [
        (
            "tusfacturas",
            ("layer", subjects::tusfacturas),
            ("by hand", subjects::tusfacturas_by_hand),
        ),
        (
            "multicaja",
            ("layer", subjects::multicaja),
            ("by hand", subjects::multicaja_by_hand),
        ),
        (
            "forged token",
            ("layer", subjects::forged),
            ("bare handler", subjects::bare),
        ),
        (
            "github",
            ("layer", subjects::github),
            ("tower-github-webhook", subjects::tower_github_webhook),
        ),
        (
            "standard webhooks",
            ("layer", subjects::standard),
            ("axum-standardwebhooks", subjects::axum_standardwebhooks),
        ),
        (
            "1,000 tokens",
            ("1,000", || subjects::tokens(1_000)),
            ("one", || subjects::tokens(1)),
        ),
        (
            "100,000 tokens",
            ("100,000", || subjects::tokens(100_000)),
            ("one", || subjects::tokens(1)),
        ),
        (
            "actix tusfacturas",
            ("layer", subjects::actix_tusfacturas),
            ("by hand", subjects::actix_tusfacturas_by_hand),
        ),
        (
            "actix tusfacturas, without a media type by hand",
            ("layer", subjects::actix_tusfacturas),
            ("by hand", subjects::actix_tusfacturas_by_hand_untyped),
        ),
        // What any layer costs: one does nothing, the other only passes on a value.
        (
            "body below a layer that does nothing",
            ("nothing", || subjects::body_below_a_layer(1024, false)),
            ("Bytes", || subjects::body_by_hand(1024, false)),
        ),
        (
            "body passed on by the least layer",
            ("least", || subjects::body_handed_on(1024, false)),
            ("Bytes", || subjects::body_by_hand(1024, false)),
        ),
        (
            "body against the least layer",
            ("layer", || subjects::body(1024, false)),
            ("least", || subjects::body_handed_on(1024, false)),
        ),
    ];
    for (row, side, other) in rows {
        compare(criterion, row, (side.0, side.1()), (other.0, other.1()));
    }
    for frames in [false, true] {
        for kib in [1, 16, 64] {
            let cut = if frames {
                "in frames of 1 KiB"
            } else {
                "in one frame"
            };
            compare(
                criterion,
                &format!("body of {kib} KiB {cut}"),
                ("layer", subjects::body(kib * 1024, frames)),
                ("Bytes", subjects::body_by_hand(kib * 1024, frames)),
            );
        }
    }
}

/// The senders that sign, by the length of the body: what is true for one need not be true for another.
fn signing_rows(criterion: &mut Criterion) {
    type Of = fn(usize) -> Side;
    type Sender = (&'static str, Of, &'static [(&'static str, Of)]);
    let senders: [Sender; 5] = [
        (
            "github",
            subjects::github_of,
            &[
                ("by hand", subjects::github_by_hand),
                ("a sender in code", subjects::github_by_code),
                ("tower-github-webhook", subjects::tower_github_webhook_of),
                (
                    "axum-github-webhook-extract",
                    subjects::axum_github_webhook_extract,
                ),
            ],
        ),
        (
            "standard webhooks",
            subjects::standard_of,
            &[
                ("by hand", subjects::standard_by_hand),
                ("axum-standardwebhooks", subjects::axum_standardwebhooks_of),
            ],
        ),
        (
            "stripe",
            subjects::stripe_of,
            &[
                ("by hand", subjects::stripe_by_hand),
                ("a sender in code", subjects::stripe_by_code),
            ],
        ),
        (
            "a scheme like github's",
            subjects::github_by_scheme,
            &[("a sender in code", subjects::github_by_code)],
        ),
        (
            "a scheme like stripe's",
            subjects::stripe_by_scheme,
            &[("a sender in code", subjects::stripe_by_code)],
        ),
    ];
    for (sender, layer, others) in senders {
        for &(against, other) in others {
            for length in subjects::LENGTHS {
                compare_in_turns(
                    criterion,
                    &format!("{sender} of {length} bytes against {against}"),
                    turn(length),
                    ("layer", layer(length)),
                    (against, other(length)),
                );
            }
        }
    }
    compare(
        criterion,
        "mercado pago against by hand",
        ("layer", subjects::mercado_pago()),
        ("by hand", subjects::mercado_pago_by_hand()),
    );
}

/// Tasks and claims, against the layer without them in the same runtime.
fn task_rows(criterion: &mut Criterion) {
    type Start = fn() -> Shared;
    // In the second, a turn begins by waking a thread, which must not be noticeable.
    let runtimes: [(&str, Start, u64); 2] = [
        ("one thread", Shared::one_thread, TURN),
        ("two threads", Shared::two_threads, 16 * TURN),
    ];
    for (threads, start, turn) in runtimes {
        let mut compare = |row: &str, side: (&str, Side), ids, runtime| {
            let plain = subjects::plain_in(runtime, ids);
            let row = format!("{row} on {threads}");
            compare_in_turns(criterion, &row, turn, side, ("plain", plain));
        };
        let runtime = start();
        let detached = subjects::detached_in(runtime.clone());
        compare("detached", ("detached", detached), Ids::Same, runtime);
        for (row, ids) in [("once, new ids", Ids::New), ("once, repeats", Ids::Same)] {
            let runtime = start();
            let once = subjects::once_in(runtime.clone(), ids);
            compare(row, ("once", once), ids, runtime);
        }
    }
    compare(
        criterion,
        "actix detached",
        ("detached", subjects::actix_detached()),
        ("plain", subjects::actix_plain(Ids::Same)),
    );
    compare(
        criterion,
        "actix once, new ids",
        ("once", subjects::actix_once()),
        ("plain", subjects::actix_plain(Ids::New)),
    );
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3)).without_plots();
    targets = rows, signing_rows, task_rows
}
criterion_main!(benches);

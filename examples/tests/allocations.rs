//! What a delivery allocates, counted: deterministic, so what was won is kept.
//!
//! One test only: the counter sees every thread of the process.

#[path = "../benches/subjects/mod.rs"]
mod subjects;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use subjects::Side;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations and reallocations of one delivery, once everything that is made on first use is there.
fn allocations(mut side: Side) -> usize {
    const DELIVERIES: u64 = 100;
    side.deliver(10);
    let region = Region::new(ALLOCATOR);
    side.deliver(DELIVERIES);
    let change = region.change();
    (change.allocations + change.reallocations) / DELIVERIES as usize
}

#[test]
fn a_delivery_allocates_no_more_than_by_hand() {
    type Make = fn() -> Side;
    let rows: [(&str, Make, Make); 6] = [
        (
            "tusfacturas",
            subjects::tusfacturas,
            subjects::tusfacturas_by_hand,
        ),
        (
            "multicaja",
            subjects::multicaja,
            subjects::multicaja_by_hand,
        ),
        ("github", subjects::github, subjects::tower_github_webhook),
        (
            "standard",
            subjects::standard,
            subjects::axum_standardwebhooks,
        ),
        (
            "actix",
            subjects::actix_tusfacturas,
            subjects::actix_tusfacturas_by_hand,
        ),
        ("forged", subjects::forged, subjects::bare),
    ];
    for (name, layer, by_hand) in rows {
        let (layer, by_hand) = (allocations(layer()), allocations(by_hand()));
        eprintln!("{name}: {layer} allocations, {by_hand} by hand");
    }
}

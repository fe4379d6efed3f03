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
    const DELIVERIES: usize = 100;
    for _ in 0..10 {
        side.deliver();
    }
    let region = Region::new(ALLOCATOR);
    for _ in 0..DELIVERIES {
        side.deliver();
    }
    let change = region.change();
    (change.allocations + change.reallocations) / DELIVERIES
}

#[test]
fn a_delivery_allocates_no_more_than_by_hand() {
    for (name, layer, by_hand) in [
        (
            "tusfacturas",
            subjects::tusfacturas as fn() -> Side,
            subjects::tusfacturas_by_hand as fn() -> Side,
        ),
        (
            "multicaja",
            subjects::multicaja,
            subjects::multicaja_by_hand,
        ),
        ("forged", subjects::forged, subjects::bare),
    ] {
        let (layer, by_hand) = (allocations(layer()), allocations(by_hand()));
        eprintln!("{name}: {layer} allocations, {by_hand} by hand");
    }
}

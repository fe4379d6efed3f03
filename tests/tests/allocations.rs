//! Counts the allocations of a delivery. They are deterministic, so gains can be kept.
//!
//! Only one test: the counter sees every thread of the process.

#[path = "../benches/subjects/mod.rs"]
mod subjects;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use subjects::Side;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations and reallocations of one delivery, after everything that is created on first use.
fn allocations(mut side: Side) -> usize {
    const DELIVERIES: u64 = 100;
    side.deliver(10);
    let region = Region::new(ALLOCATOR);
    side.deliver(DELIVERIES);
    let change = region.change();
    (change.allocations + change.reallocations) / DELIVERIES as usize
}

/// How many fewer allocations a delivery makes than the other side; if negative, how many more. If a figure can be
/// raised, raise it to keep the gain.
#[test]
fn a_delivery_allocates_no_more_than_it_did() {
    type Make = fn() -> Side;
    let rows: [(&str, isize, Make, Make); 14] = [
        (
            "tusfacturas",
            8,
            subjects::tusfacturas,
            subjects::tusfacturas_by_hand,
        ),
        (
            "multicaja",
            7,
            subjects::multicaja,
            subjects::multicaja_by_hand,
        ),
        (
            "github",
            2,
            subjects::github,
            subjects::tower_github_webhook,
        ),
        (
            "standard webhooks",
            21,
            subjects::standard,
            subjects::axum_standardwebhooks,
        ),
        (
            "actix",
            5,
            subjects::actix_tusfacturas,
            subjects::actix_tusfacturas_by_hand,
        ),
        // The floor: the same digest by hand, in one handler.
        (
            "github by hand",
            5,
            || subjects::github_of(subjects::LENGTHS[0]),
            || subjects::github_by_hand(subjects::LENGTHS[0]),
        ),
        (
            "standard webhooks by hand",
            4,
            || subjects::standard_of(subjects::LENGTHS[0]),
            || subjects::standard_by_hand(subjects::LENGTHS[0]),
        ),
        (
            "stripe by hand",
            6,
            || subjects::stripe_of(subjects::LENGTHS[0]),
            || subjects::stripe_by_hand(subjects::LENGTHS[0]),
        ),
        (
            "mercado pago by hand",
            12,
            subjects::mercado_pago,
            subjects::mercado_pago_by_hand,
        ),
        // What data costs, against the same sender in code.
        (
            "github in code",
            0,
            || subjects::github_of(subjects::LENGTHS[0]),
            || subjects::github_by_code(subjects::LENGTHS[0]),
        ),
        (
            "a scheme like github's",
            0,
            || subjects::github_by_scheme(subjects::LENGTHS[0]),
            || subjects::github_by_code(subjects::LENGTHS[0]),
        ),
        (
            "stripe in code",
            0,
            || subjects::stripe_of(subjects::LENGTHS[0]),
            || subjects::stripe_by_code(subjects::LENGTHS[0]),
        ),
        (
            "a scheme like stripe's",
            0,
            || subjects::stripe_by_scheme(subjects::LENGTHS[0]),
            || subjects::stripe_by_code(subjects::LENGTHS[0]),
        ),
        // A handler that does nothing, in a router without layers.
        ("forged", -5, subjects::forged, subjects::bare),
    ];
    for (name, fewer, layer, other) in rows {
        let (layer, other) = (allocations(layer()), allocations(other()));
        let saved = other.cast_signed() - layer.cast_signed();
        assert!(
            saved >= fewer,
            "{name}: {layer} allocations, {other} on the other side, where {fewer} fewer are expected"
        );
    }
}

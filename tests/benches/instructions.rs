//! Delivers to one subject over and over, for a profiler that counts instructions:
//!
//! ```text
//! cargo bench -p webhook-tests --bench instructions --no-run
//! valgrind --tool=callgrind target/release/deps/instructions-… tusfacturas 10000
//! valgrind --tool=callgrind target/release/deps/instructions-… github-by-hand 10000 2000
//! ```
//!
//! The second number is the length of the body, for the subjects that have several.

mod subjects;

use subjects::{Ids, Shared, Side};

fn main() {
    let mut arguments = std::env::args().skip(1);
    // `cargo bench` runs every benchmark and names none.
    let Some(name) = arguments.next().filter(|name| !name.starts_with('-')) else {
        return;
    };
    let count: u64 = arguments
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    let length: usize = arguments
        .next()
        .and_then(|length| length.parse().ok())
        .unwrap_or(subjects::LENGTHS[0]);
    let mut side: Side = match name.as_str() {
        "tusfacturas" => subjects::tusfacturas(),
        "tusfacturas-by-hand" => subjects::tusfacturas_by_hand(),
        "multicaja" => subjects::multicaja(),
        "multicaja-by-hand" => subjects::multicaja_by_hand(),
        "forged" => subjects::forged(),
        "github" => subjects::github(),
        "tower-github-webhook" => subjects::tower_github_webhook(),
        "standard" => subjects::standard(),
        "axum-standardwebhooks" => subjects::axum_standardwebhooks(),
        "github-of" => subjects::github_of(length),
        "github-by-hand" => subjects::github_by_hand(length),
        "tower-github-webhook-of" => subjects::tower_github_webhook_of(length),
        "axum-github-webhook-extract" => subjects::axum_github_webhook_extract(length),
        "standard-of" => subjects::standard_of(length),
        "standard-by-hand" => subjects::standard_by_hand(length),
        "axum-standardwebhooks-of" => subjects::axum_standardwebhooks_of(length),
        "stripe-of" => subjects::stripe_of(length),
        "stripe-by-hand" => subjects::stripe_by_hand(length),
        "github-by-code" => subjects::github_by_code(length),
        "github-by-scheme" => subjects::github_by_scheme(length),
        "stripe-by-code" => subjects::stripe_by_code(length),
        "stripe-by-scheme" => subjects::stripe_by_scheme(length),
        "mercado-pago" => subjects::mercado_pago(),
        "mercado-pago-by-hand" => subjects::mercado_pago_by_hand(),
        "actix" => subjects::actix_tusfacturas(),
        "actix-by-hand" => subjects::actix_tusfacturas_by_hand(),
        "actix-by-hand-untyped" => subjects::actix_tusfacturas_by_hand_untyped(),
        "body" => subjects::body(1024, false),
        "body-below-a-layer" => subjects::body_below_a_layer(1024, false),
        "body-handed-on" => subjects::body_handed_on(1024, false),
        "body-by-hand" => subjects::body_by_hand(1024, false),
        "body-in-frames" => subjects::body(64 * 1024, true),
        "body-below-a-layer-in-frames" => subjects::body_below_a_layer(64 * 1024, true),
        "body-handed-on-in-frames" => subjects::body_handed_on(64 * 1024, true),
        "body-by-hand-in-frames" => subjects::body_by_hand(64 * 1024, true),
        "bare" => subjects::bare(),
        "plain-in" => subjects::plain_in(Shared::one_thread(), Ids::Same),
        "detached-in" => subjects::detached_in(Shared::one_thread()),
        "plain-in-new" => subjects::plain_in(Shared::one_thread(), Ids::New),
        "once-in-new" => subjects::once_in(Shared::one_thread(), Ids::New),
        "once-in-same" => subjects::once_in(Shared::one_thread(), Ids::Same),
        "actix-new" => subjects::actix_plain(Ids::New),
        "actix-detached" => subjects::actix_detached(),
        "actix-once-new" => subjects::actix_once(),
        _ => panic!("no subject has this name"),
    };
    side.deliver(count);
}

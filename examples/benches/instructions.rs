//! Delivers to one subject over and over, for a profiler that counts instructions:
//!
//! ```text
//! cargo bench -p webhook-examples --bench instructions --no-run
//! valgrind --tool=callgrind target/release/deps/instructions-… tusfacturas 10000
//! ```

mod subjects;

use subjects::Side;

fn main() {
    let mut arguments = std::env::args().skip(1);
    // `cargo bench` runs every benchmark and names none.
    let Some(name) = arguments.next().filter(|name| !name.starts_with('-')) else {
        return;
    };
    let count: usize = arguments
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    let mut side: Side = match name.as_str() {
        "tusfacturas" => subjects::tusfacturas(),
        "tusfacturas-by-hand" => subjects::tusfacturas_by_hand(),
        "multicaja" => subjects::multicaja(),
        "multicaja-by-hand" => subjects::multicaja_by_hand(),
        "forged" => subjects::forged(),
        "bare" => subjects::bare(),
        _ => panic!("no subject has this name"),
    };
    for _ in 0..count {
        side.deliver();
    }
}

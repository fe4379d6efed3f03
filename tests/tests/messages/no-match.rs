//! error: E0308
//! message: expected `Matched`, found `()`

use webhook_core::provider::Authentic;

fn main() {
    let _authentic = Authentic::new((), "facts");
}

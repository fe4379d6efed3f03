//! error: E0277
//! error: E0599
//! message: the trait bound `Order: serde::Deserialize<'de>` is not satisfied
//! message: `#[derive(serde::Deserialize)]` to your `Order` type
//! message: required for `Order` to implement `webhook_tower::scheme::SignedBody`

use webhook_tower::TiendanubeWebhookLayer;

#[derive(Clone)]
struct Order;

fn main() {
    let _layer = TiendanubeWebhookLayer::<Order>::new("s3cr3t");
}

//! error: E0277
//! message: the sender `TusFacturas` signs no time
//! message: a tolerance would be checked against nothing

use std::time::Duration;
use webhook_tower::TfWebhookLayer;

fn main() {
    let _layer: TfWebhookLayer = TfWebhookLayer::new("t0k3n").tolerance(Duration::from_secs(60));
}

//! error: E0277
//! message: the sender `Stripe<_>` documents no acknowledgement for failures
//! message: a handler that fails must answer with an error, so that the sender repeats the delivery or undoes it

use webhook_tower::StripeWebhookLayer;

fn main() {
    let _layer: StripeWebhookLayer = StripeWebhookLayer::new("whsec_x").acknowledge_failures(true);
}

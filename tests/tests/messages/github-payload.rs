//! error: E0277
//! error: E0599
//! message: the trait bound `Push: serde::Deserialize<'de>` is not satisfied
//! message: `#[derive(serde::Deserialize)]` to your `Push` type
//! message: required for `Push` to implement `GithubBody`

use webhook_tower::GithubWebhookLayer;

#[derive(Clone)]
struct Push;

fn main() {
    let _layer = GithubWebhookLayer::<Push>::new("s3cr3t");
}

//! error: E0277
//! message: fn(Webhook<TfEvent>, Webhook<TfEvent>)
//! message: Handler<_, _>
//! message: Consider using `#[axum::debug_handler]`

use axum::Router;
use axum::routing::post;
use webhook_axum::{TfEvent, Webhook};

async fn twice(_: Webhook<TfEvent>, _: Webhook<TfEvent>) {}

fn main() {
    let _app: Router = Router::new().route("/webhook", post(twice));
}

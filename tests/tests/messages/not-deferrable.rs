//! error: E0277
//! times: 3
//! message: a delivery of `Multicaja` must be handled before it is acknowledged
//! message: the acknowledgement confirms what the handler might still refuse, and later it cannot

use webhook_core::guarantee::InboxStore;

fn axum(store: impl InboxStore) {
    let _inbox = webhook_axum::MulticajaWebhookLayer::new("key").inbox("orders", store);
}

fn actix(store: impl InboxStore) {
    let _inbox = webhook_actix::MulticajaWebhookLayer::new("key").inbox("orders", store);
}

fn tower(store: impl InboxStore) {
    let layer: webhook_tower::MulticajaWebhookLayer = webhook_tower::WebhookLayer::new("key");
    let _inbox = layer.inbox("orders", store);
}

fn main() {}

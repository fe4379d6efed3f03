//! error: E0599
//! times: 6
//! message: no method named `once` found for struct `webhook_tower::Inbox<P>`
//! message: no method named `once` found for struct `webhook_actix::Inbox<P>`
//! message: no method named `detached` found for struct `webhook_tower::Inbox<P>`

use webhook_core::guarantee::InboxStore;
use webhook_tower::{MemoryStore, Tasks};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn axum(tasks: &Tasks, store: impl InboxStore) {
    let layer: webhook_axum::StandardWebhookLayer = webhook_axum::WebhookLayer::new(SECRET);
    let inbox = layer.inbox("orders", store);
    let _once = inbox.clone().once("orders", MemoryStore::new(), tasks);
    let _detached = inbox.detached(tasks);
}

fn actix(tasks: &Tasks, store: impl InboxStore) {
    let layer: webhook_actix::StandardWebhookLayer = webhook_actix::WebhookLayer::new(SECRET);
    let inbox = layer.inbox("orders", store);
    let _once = inbox.clone().once("orders", MemoryStore::new(), tasks);
    let _detached = inbox.detached(tasks);
}

fn tower(tasks: &Tasks, store: impl InboxStore) {
    let layer: webhook_tower::StandardWebhookLayer = webhook_tower::WebhookLayer::new(SECRET);
    let inbox = layer.inbox("orders", store);
    let _once = inbox.clone().once("orders", MemoryStore::new(), tasks);
    let _detached = inbox.detached(tasks);
}

fn main() {}

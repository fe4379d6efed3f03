//! error: E0277
//! times: 9
//! message: a delivery of `UnsignedSender<FlowHint>` does not prove who sent it
//! message: anyone could fill the tasks, or the store
//! message: the sender `UnsignedSender<FlowHint>` gives its deliveries no id
//! message: a delivery of `UnsignedSender<FlowHint>` must be handled before it is acknowledged

use webhook_core::guarantee::InboxStore;
use webhook_tower::{MemoryStore, Tasks};

// With a secret in the path as well: it proves nothing about the body.

fn axum(tasks: &Tasks, store: impl InboxStore) {
    let layer = || webhook_axum::UnsignedWebhookLayer::flow().path_secret("secret");
    let _detached = layer().detached(tasks);
    let _once = layer().once("orders", MemoryStore::new(), tasks);
    let _inbox = layer().inbox("orders", store);
}

fn actix(tasks: &Tasks, store: impl InboxStore) {
    let layer = || webhook_actix::UnsignedWebhookLayer::flow().path_secret("secret");
    let _detached = layer().detached(tasks);
    let _once = layer().once("orders", MemoryStore::new(), tasks);
    let _inbox = layer().inbox("orders", store);
}

fn tower(tasks: &Tasks, store: impl InboxStore) {
    let layer = || webhook_tower::UnsignedWebhookLayer::flow().path_secret("secret");
    let _detached = layer().detached(tasks);
    let _once = layer().once("orders", MemoryStore::new(), tasks);
    let _inbox = layer().inbox("orders", store);
}

fn main() {}

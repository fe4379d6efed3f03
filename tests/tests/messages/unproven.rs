//! error: E0277
//! times: 9
//! message: a delivery of `MulticajaValidation` does not prove who sent it
//! message: if this sender checks a credential, implement `Authenticated` for it
//! message: the sender `MulticajaValidation` gives its deliveries no id
//! message: a delivery of `MulticajaValidation` must be handled before it is acknowledged

use webhook_core::guarantee::InboxStore;
use webhook_core::multicaja::MulticajaValidation;
use webhook_tower::{MemoryStore, Tasks};

fn axum(tasks: &Tasks, store: impl InboxStore) {
    let layer = || webhook_axum::WebhookLayer::with_provider(MulticajaValidation::new());
    let _detached = layer().detached(tasks);
    let _once = layer().once("orders", MemoryStore::new(), tasks);
    let _inbox = layer().inbox("orders", store);
}

fn actix(tasks: &Tasks, store: impl InboxStore) {
    let layer = || webhook_actix::WebhookLayer::with_provider(MulticajaValidation::new());
    let _detached = layer().detached(tasks);
    let _once = layer().once("orders", MemoryStore::new(), tasks);
    let _inbox = layer().inbox("orders", store);
}

fn tower(tasks: &Tasks, store: impl InboxStore) {
    type Layer = webhook_tower::WebhookLayer<MulticajaValidation>;
    let layer = || Layer::with_provider(MulticajaValidation::new());
    let _detached = layer().detached(tasks);
    let _once = layer().once("orders", MemoryStore::new(), tasks);
    let _inbox = layer().inbox("orders", store);
}

fn main() {}

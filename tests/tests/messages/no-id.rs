//! error: E0277
//! times: 6
//! message: the sender `Multicaja` gives its deliveries no id
//! message: the sender `MercadoPago` gives its deliveries no id
//! message: a repeat cannot be recognized: make the handler's work the same when it is done twice

use webhook_tower::{MemoryStore, Tasks};

fn axum(tasks: &Tasks) {
    let klap = webhook_axum::MulticajaWebhookLayer::new("key");
    let _once = klap.once("orders", MemoryStore::new(), tasks);
    let mercadopago: webhook_axum::MercadoPagoWebhookLayer = webhook_axum::WebhookLayer::new("key");
    let _once = mercadopago.once("orders", MemoryStore::new(), tasks);
}

fn actix(tasks: &Tasks) {
    let klap = webhook_actix::MulticajaWebhookLayer::new("key");
    let _once = klap.once("orders", MemoryStore::new(), tasks);
    let mercadopago: webhook_actix::MercadoPagoWebhookLayer =
        webhook_actix::WebhookLayer::new("key");
    let _once = mercadopago.once("orders", MemoryStore::new(), tasks);
}

fn tower(tasks: &Tasks) {
    let klap: webhook_tower::MulticajaWebhookLayer = webhook_tower::WebhookLayer::new("key");
    let _once = klap.once("orders", MemoryStore::new(), tasks);
    let mercadopago: webhook_tower::MercadoPagoWebhookLayer =
        webhook_tower::WebhookLayer::new("key");
    let _once = mercadopago.once("orders", MemoryStore::new(), tasks);
}

fn main() {}

//! What a multi-threaded runtime asks for: axum moves handlers, and with them the extractors, between threads.

use axum::Router;
use axum::extract::{FromRequest, Request};
use axum::routing::post;
use webhook_axum::{
    Delivery, FromSecrets, Keyring, MulticajaValidationLayer, StripeWebhookLayer, TfEvent,
    TfWebhookLayer, Webhook, WebhookDelivery, tusfacturas::TusFacturas,
};

fn crosses<T: Send>(_: &T) {}

fn is_shared<T: Send + Sync>() {}

#[test]
fn extractors_may_wait_on_any_thread() {
    let request = || Request::new(axum::body::Body::empty());
    crosses(&Webhook::<TfEvent>::from_request(request(), &()));
    crosses(&WebhookDelivery::<TfEvent>::from_request(request(), &()));
}

#[test]
fn what_is_extracted_and_what_an_app_keeps_may_be_shared() {
    is_shared::<Webhook<TfEvent>>();
    is_shared::<WebhookDelivery<TfEvent>>();
    is_shared::<Delivery<TfEvent>>();
    is_shared::<TfWebhookLayer>();
    is_shared::<StripeWebhookLayer>();
    is_shared::<MulticajaValidationLayer>();
    is_shared::<Keyring<<TusFacturas as FromSecrets>::Store>>();
}

#[tokio::test]
async fn a_route_behind_the_layer_may_be_served_on_any_thread() {
    async fn on_event(_: Webhook<TfEvent>) {}
    let app: Router = Router::new().route("/", post(on_event).layer(TfWebhookLayer::new("t0k3n")));
    let answer = tower::ServiceExt::oneshot(app, Request::new(axum::body::Body::empty()));
    let answer = tokio::spawn(answer).await.unwrap().unwrap();
    assert_eq!(answer.status(), 405);
}

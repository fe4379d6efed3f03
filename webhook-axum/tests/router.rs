//! The layer in an axum app: where it can be used, and what the extractors return.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http_body_util::BodyExt;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::trace::TraceLayer;
use webhook_axum::multicaja::Order;
use webhook_axum::tusfacturas::TfEvento;
use webhook_axum::{
    Delivery, MulticajaEvent, MulticajaValidationEvent, MulticajaValidationLayer,
    MulticajaWebhookLayer, Rejection, TfEvent, TfWebhookLayer, Webhook, WebhookDelivery, testing,
};

const TOKEN: &str = "t0k3n";

async fn on_event(Webhook(event): Webhook<TfEvent>) {
    assert_eq!(event.evento, TfEvento::Emitido);
}

fn event() -> Request {
    testing::tusfacturas(&TfEvent::new(TfEvento::Emitido), TOKEN).into_request()
}

async fn send(app: &Router, request: Request) -> (u16, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_layer_fits_wherever_a_layer_goes() {
    async fn passes(request: Request, next: Next) -> Response {
        assert!(request.extensions().get::<Delivery<TfEvent>>().is_some());
        next.run(request).await
    }
    let layer = || TfWebhookLayer::new(TOKEN);
    let route = || Router::new().route("/webhook", post(on_event));
    let apps: [(&str, Router); 6] = [
        (
            "a method router",
            Router::new().route("/webhook", post(on_event).layer(layer())),
        ),
        ("a router", route().layer(layer())),
        ("a route layer", route().route_layer(layer())),
        (
            "a stack with axum's middleware inside and a limit outside",
            route().layer(
                ServiceBuilder::new()
                    .layer(TraceLayer::new_for_http())
                    .layer(RequestBodyLimitLayer::new(1024))
                    .layer(layer())
                    .layer(from_fn(passes)),
            ),
        ),
        (
            "a router with state",
            Router::new()
                .route(
                    "/webhook",
                    post(async |State(()): State<()>, Webhook(_): Webhook<TfEvent>| {})
                        .layer(layer()),
                )
                .with_state(()),
        ),
        (
            "two layers of one sender",
            route()
                .layer(layer())
                .layer(TfWebhookLayer::new([TOKEN, "another"])),
        ),
    ];
    for (place, app) in apps {
        assert_eq!(send(&app, event()).await, (200, "OK".to_owned()), "{place}");
        let mut forged = event();
        forged
            .headers_mut()
            .insert("tf-webhooktoken", "forged".parse().unwrap());
        assert_eq!(send(&app, forged).await.0, 403, "{place}");
    }

    let nested = Router::new().nest("/hooks", route()).layer(layer());
    let mut request = event();
    *request.uri_mut() = "/hooks/webhook".parse().unwrap();
    assert_eq!(send(&nested, request).await, (200, "OK".to_owned()));
}

#[tokio::test]
async fn the_event_is_taken_once_and_the_body_stays() {
    async fn both(Extension(seen): Extension<Delivery<TfEvent>>, request: Request) -> String {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(&body, seen.body());
        format!("{} {}", seen.label().unwrap(), seen.evento)
    }
    async fn whole(WebhookDelivery(delivery): WebhookDelivery<TfEvent>) -> String {
        let (event, key, _) = delivery.into_parts();
        format!("{} {}", key.unwrap(), event.evento)
    }
    let layer = TfWebhookLayer::new([("pdv-1", "another"), ("pdv-2", TOKEN)]);
    for handler in [post(both), post(whole)] {
        let app = Router::new().route("/webhook", handler.layer(layer.clone()));
        assert_eq!(send(&app, event()).await, (200, "pdv-2 emitido".to_owned()));
    }
}

#[tokio::test]
async fn a_handler_without_its_layer_fails_and_tells_the_sender_nothing() {
    let app = Router::new().route(
        "/webhook",
        post(on_event).layer(MulticajaWebhookLayer::confirm("key")),
    );
    let request = testing::multicaja(&MulticajaEvent::Confirm(Order::new("ABC", "123")), "key");
    let mut request: Request = request.into_request();
    *request.uri_mut() = "/webhook".parse().unwrap();
    assert_eq!(
        send(&app, request).await,
        (500, "Internal Server Error".to_owned())
    );

    let app = Router::new().route("/webhook", post(on_event));
    assert_eq!(send(&app, event()).await.0, 500);
}

#[tokio::test]
async fn refusals_carry_their_reason_for_outer_layers() {
    let app = Router::new().route("/webhook", post(on_event).layer(TfWebhookLayer::new(TOKEN)));
    let response = app
        .oneshot(Request::get("/webhook").body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let allow: Vec<_> = response.headers().get_all(header::ALLOW).iter().collect();
    assert_eq!(allow, ["POST"]);
    assert_eq!(
        response.extensions().get::<Rejection>(),
        Some(&Rejection::MethodNotAllowed)
    );
}

#[tokio::test]
async fn senders_live_side_by_side() {
    async fn order(Webhook(event): Webhook<MulticajaEvent>) {
        assert_eq!(event.order().order_id, "123");
    }
    async fn validation(Webhook(event): Webhook<MulticajaValidationEvent>) {
        assert_eq!(event.order_id, None);
    }
    let klap = MulticajaWebhookLayer::new("key");
    let app = Router::new()
        .route("/webhook", post(on_event).layer(TfWebhookLayer::new(TOKEN)))
        .route("/webhook_confirm", post(order).layer(klap.clone()))
        .route("/webhook_reject", post(order).layer(klap))
        .route(
            "/webhook_validation",
            post(validation).layer(MulticajaValidationLayer::new()),
        )
        .route("/health", get(async || "up"));

    assert_eq!(send(&app, event()).await.0, 200);
    for kind in [MulticajaEvent::Confirm, MulticajaEvent::Reject] {
        let request = testing::multicaja(&kind(Order::new("ABC", "123")), "key");
        let acknowledgement = String::from_utf8(request.body.to_vec()).unwrap();
        assert_eq!(
            send(&app, request.into_request()).await,
            (200, acknowledgement)
        );
    }
    let request = testing::multicaja_validation(&MulticajaValidationEvent::default());
    assert_eq!(send(&app, request.into_request()).await.0, 200);
    assert_eq!(
        send(&app, Request::get("/health").body(Body::empty()).unwrap())
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn peer_addresses_and_other_extractors_work_beside_it() {
    async fn handler(
        axum::extract::ConnectInfo(peer): axum::extract::ConnectInfo<SocketAddr>,
        Webhook(event): Webhook<TfEvent>,
    ) -> String {
        format!("{} {}", peer.ip(), event.evento)
    }
    let app = Router::new().route("/webhook", post(handler).layer(TfWebhookLayer::new(TOKEN)));
    let mut request = event();
    request
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(SocketAddr::from((
            [127, 0, 0, 1],
            9,
        ))));
    assert_eq!(
        send(&app, request).await,
        (200, "127.0.0.1 emitido".to_owned())
    );
}

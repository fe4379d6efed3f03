//! The middleware in an actix app: where it can be used, what the extractors return, and how answers change.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use actix_web::dev::{Service, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpMessage, HttpResponse, test as harness, web};
use webhook_actix::multicaja::Order;
use webhook_actix::scheme::Preset;
use webhook_actix::tiendanube::TiendanubeScheme;
use webhook_actix::tusfacturas::TfEvento;
use webhook_actix::{
    Delivery, GithubWebhookLayer, MulticajaEvent, MulticajaValidationEvent,
    MulticajaValidationLayer, MulticajaWebhookLayer, Rejection, SignedEvent, TfEvent,
    TfWebhookLayer, TiendanubeWebhookLayer, Value, Webhook, WebhookDelivery, testing, topics,
};

const TOKEN: &str = "t0k3n";

async fn on_event(Webhook(event): Webhook<TfEvent>) -> HttpResponse {
    assert_eq!(event.evento, TfEvento::Emitido);
    HttpResponse::Ok().finish()
}

fn event() -> harness::TestRequest {
    from(testing::tusfacturas(
        &TfEvent::new(TfEvento::Emitido),
        TOKEN,
    ))
}

fn from(request: testing::TestRequest) -> harness::TestRequest {
    let mut made = harness::TestRequest::post()
        .uri(&request.uri.to_string())
        .set_payload(request.body);
    for (name, value) in &request.headers {
        made = made.insert_header((name.as_str(), value.as_bytes()));
    }
    made
}

/// Status, `Content-Type` and body of an answer.
async fn answer<B: actix_web::body::MessageBody>(
    response: ServiceResponse<B>,
) -> (u16, String, String) {
    let status = response.status().as_u16();
    let content_type = response
        .headers()
        .get("content-type")
        .map(|value| value.to_str().unwrap().to_owned());
    let body = harness::read_body(response).await;
    (
        status,
        content_type.unwrap_or_default(),
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

fn expected(status: u16, content_type: &str, body: &str) -> (u16, String, String) {
    (status, content_type.to_owned(), body.to_owned())
}

const TEXT: &str = "text/plain; charset=utf-8";

#[actix_web::test]
async fn the_layer_fits_around_a_resource_a_scope_and_an_app() {
    let layer = TfWebhookLayer::new(TOKEN);
    let resource = App::new().service(
        web::resource("/webhook")
            .wrap(layer.clone())
            .route(web::post().to(on_event)),
    );
    let scope = App::new().service(
        web::scope("")
            .wrap(layer.clone())
            .service(web::scope("").route("/webhook", web::post().to(on_event))),
    );
    let app = App::new()
        .wrap(layer)
        .route("/webhook", web::post().to(on_event));

    macro_rules! check {
        ($app:expr) => {
            let app = harness::init_service($app).await;
            let accepted = harness::call_service(&app, event().to_request()).await;
            assert_eq!(answer(accepted).await, expected(200, TEXT, "OK"));
            let forged = event().insert_header(("tf-webhooktoken", "forged"));
            let refused = harness::call_service(&app, forged.to_request()).await;
            assert_eq!(
                refused.response().extensions().get(),
                Some(&Rejection::CredentialMismatch)
            );
            let refusal = expected(403, TEXT, "El Token recibido no coincide con el esperado");
            assert_eq!(answer(refused).await, refusal);
        };
    }
    check!(resource);
    check!(scope);
    check!(app);
}

#[actix_web::test]
async fn the_event_is_taken_once_and_the_payload_stays() {
    async fn whole(
        WebhookDelivery(delivery): WebhookDelivery<TfEvent>,
        body: web::Bytes,
    ) -> String {
        assert_eq!(delivery.body(), &body);
        let (event, key, _) = delivery.into_parts();
        format!("{} {}", key.unwrap(), event.evento)
    }
    async fn twice(first: Webhook<TfEvent>, _: Webhook<TfEvent>) -> String {
        unreachable!("{first:?} was taken twice")
    }
    let layer = TfWebhookLayer::new([("pdv-1", "another"), ("pdv-2", TOKEN)]);
    let app = harness::init_service(
        App::new()
            .service(
                web::resource("/webhook")
                    .wrap(from_fn(
                        async |request: actix_web::dev::ServiceRequest, next: Next<_>| {
                            let seen = request.extensions().get::<Delivery<TfEvent>>().is_some();
                            assert!(seen, "inner middleware sees the delivery");
                            assert!(
                                request
                                    .headers()
                                    .get("tf-webhooktoken")
                                    .unwrap()
                                    .is_sensitive()
                            );
                            next.call(request).await
                        },
                    ))
                    .wrap(layer.clone())
                    .route(web::post().to(whole)),
            )
            .service(
                web::resource("/twice")
                    .wrap(layer)
                    .route(web::post().to(twice)),
            ),
    )
    .await;
    let response = harness::call_service(&app, event().to_request()).await;
    assert_eq!(answer(response).await.2, "pdv-2 emitido");
    let response = harness::call_service(&app, event().uri("/twice").to_request()).await;
    assert_eq!(
        answer(response).await,
        expected(500, TEXT, "Internal Server Error")
    );
}

#[actix_web::test]
async fn every_value_of_a_credential_header_is_marked_sensitive() {
    async fn marks(request: actix_web::HttpRequest) -> String {
        let marks = |name| {
            request
                .headers()
                .get_all(name)
                .map(|value| value.is_sensitive())
        };
        let marks: Vec<_> = ["x-hub-signature-256", "x-hub-signature", "x-github-event"]
            .into_iter()
            .map(|name| marks(name).collect::<Vec<_>>())
            .collect();
        format!("{marks:?}")
    }
    let app = harness::init_service(
        App::new().service(
            web::resource("/github")
                .wrap(GithubWebhookLayer::<Value>::new("key"))
                .route(web::post().to(marks)),
        ),
    )
    .await;
    let request = from(testing::github("push", "{}", "key"))
        .uri("/github")
        .append_header(("x-hub-signature", "sha1=0"))
        .append_header(("x-hub-signature", "sha1=1"));
    let response = harness::call_service(&app, request.to_request()).await;
    assert_eq!(answer(response).await.2, "[[true], [true, true], [false]]");
}

#[actix_web::test]
async fn a_handler_without_its_layer_fails_and_tells_the_sender_nothing() {
    let app = harness::init_service(App::new().route("/webhook", web::post().to(on_event))).await;
    let response = harness::call_service(&app, event().to_request()).await;
    assert_eq!(
        answer(response).await,
        expected(500, TEXT, "Internal Server Error")
    );
}

#[actix_web::test]
async fn an_error_from_inner_middleware_is_handled_too() {
    async fn fails(
        _: actix_web::dev::ServiceRequest,
        _: Next<actix_web::body::BoxBody>,
    ) -> Result<ServiceResponse, Error> {
        Err(actix_web::error::ErrorBadGateway("the database is down"))
    }
    for (acknowledge, outcome) in [
        (
            true,
            expected(200, TEXT, "OK (processed with internal error)"),
        ),
        (false, expected(502, TEXT, "the database is down")),
    ] {
        let app = harness::init_service(
            App::new().service(
                web::resource("/webhook")
                    .wrap(from_fn(fails))
                    .wrap(TfWebhookLayer::new(TOKEN).acknowledge_failures(acknowledge))
                    .route(web::post().to(on_event)),
            ),
        )
        .await;
        let response = match app.call(event().to_request()).await {
            Ok(response) => response.map_into_boxed_body(),
            Err(error) => ServiceResponse::from_err(error, event().to_http_request()),
        };
        assert_eq!(answer(response).await, outcome);
    }
}

#[actix_web::test]
async fn a_body_is_refused_at_its_limits() {
    let app = harness::init_service(
        App::new().service(
            web::resource("/webhook")
                .wrap(TfWebhookLayer::new(TOKEN).body_limit(100))
                .route(web::post().to(on_event)),
        ),
    )
    .await;
    let body = |length: usize| {
        let mut body = br#"{"evento":"emitido"}"#.to_vec();
        body.resize(length, b' ');
        body
    };
    for (length, status) in [(100, 200), (101, 413), (1_000_000, 413)] {
        let response =
            harness::call_service(&app, event().set_payload(body(length)).to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{length}");
    }
}

/// A payload that never arrives.
struct Silence;

impl futures_core::Stream for Silence {
    type Item = Result<web::Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}

/// Puts a payload that never arrives in every request, outside the layer under test.
async fn silence(
    mut request: actix_web::dev::ServiceRequest,
    next: Next<impl actix_web::body::MessageBody>,
) -> Result<ServiceResponse<impl actix_web::body::MessageBody>, Error> {
    let never: Pin<Box<dyn futures_core::Stream<Item = _>>> = Box::pin(Silence);
    request.set_payload(never.into());
    next.call(request).await
}

/// A payload in pieces, which is not ready before each of them.
struct Pieces {
    left: std::vec::IntoIter<web::Bytes>,
    ready: bool,
}

impl futures_core::Stream for Pieces {
    type Item = Result<web::Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.ready = !self.ready;
        if self.ready {
            Poll::Ready(self.left.next().map(Ok))
        } else {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }
}

#[actix_web::test]
async fn a_body_that_comes_in_pieces_is_waited_for_and_stays() {
    async fn in_pieces(
        mut request: actix_web::dev::ServiceRequest,
        next: Next<impl actix_web::body::MessageBody>,
    ) -> Result<ServiceResponse<impl actix_web::body::MessageBody>, Error> {
        let whole = request.extract::<web::Bytes>().await?;
        let pieces: Vec<_> = whole.chunks(7).map(web::Bytes::copy_from_slice).collect();
        assert!(pieces.len() > 2, "several frames");
        let payload: Pin<Box<dyn futures_core::Stream<Item = _>>> = Box::pin(Pieces {
            left: pieces.into_iter(),
            ready: true,
        });
        request.set_payload(payload.into());
        next.call(request).await
    }
    async fn whole(
        WebhookDelivery(delivery): WebhookDelivery<TfEvent>,
        body: web::Bytes,
    ) -> String {
        assert_eq!(delivery.body(), &body);
        delivery.event().evento.to_string()
    }
    let app = harness::init_service(
        App::new().service(
            web::resource("/webhook")
                .wrap(TfWebhookLayer::new(TOKEN))
                .wrap(from_fn(in_pieces))
                .route(web::post().to(whole)),
        ),
    )
    .await;
    let response = harness::call_service(&app, event().to_request()).await;
    assert_eq!(answer(response).await, expected(200, TEXT, "emitido"));
}

#[actix_web::test]
async fn a_body_that_never_comes_ends_with_the_time_limit() {
    let layer = TfWebhookLayer::new(TOKEN).body_timeout(Duration::from_millis(50));
    let app = harness::init_service(
        App::new().service(
            web::resource("/webhook")
                .wrap(layer)
                .wrap(from_fn(silence))
                .route(web::post().to(on_event)),
        ),
    )
    .await;
    let response = harness::call_service(&app, event().to_request()).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert!(
        !response.response().head().keep_alive(),
        "the connection must close"
    );
    assert_eq!(
        response.response().extensions().get(),
        Some(&Rejection::BodyTimeout)
    );
}

#[actix_web::test]
async fn senders_live_side_by_side() {
    async fn order(Webhook(event): Webhook<MulticajaEvent>) -> &'static str {
        assert_eq!(event.order().order_id, "123");
        "ok"
    }
    async fn validation(Webhook(event): Webhook<MulticajaValidationEvent>) -> HttpResponse {
        assert_eq!(event.order_id, None);
        HttpResponse::NoContent().finish()
    }
    let klap = MulticajaWebhookLayer::new("key");
    let app = harness::init_service(
        App::new()
            .service(
                web::resource("/webhook_confirm")
                    .wrap(klap.clone())
                    .route(web::post().to(order)),
            )
            .service(
                web::resource("/webhook_reject")
                    .wrap(klap)
                    .route(web::post().to(order)),
            )
            .service(
                web::resource("/own")
                    .wrap(MulticajaWebhookLayer::confirm("key"))
                    .route(web::post().to(order)),
            )
            .service(
                web::resource("/webhook_validation")
                    .wrap(MulticajaValidationLayer::new())
                    .route(web::post().to(validation)),
            ),
    )
    .await;
    for (kind, path) in [
        (MulticajaEvent::Confirm as fn(Order) -> MulticajaEvent, None),
        (MulticajaEvent::Reject, None),
        (MulticajaEvent::Reject, Some("/own")),
    ] {
        let request = testing::multicaja(&kind(Order::new("ABC", "123")), "key");
        let acknowledgement = String::from_utf8(request.body.to_vec()).unwrap();
        let mut request = from(request);
        if let Some(path) = path {
            request = request.uri(path);
        }
        let response = harness::call_service(&app, request.to_request()).await;
        assert_eq!(
            answer(response).await,
            expected(200, "application/json", &acknowledgement)
        );
    }
    let request = from(testing::multicaja_validation(
        &MulticajaValidationEvent::default(),
    ));
    let response = harness::call_service(&app, request.to_request()).await;
    assert_eq!(answer(response).await.1, "application/json");
}

#[test]
#[should_panic(expected = "the webhook layer for multicaja cannot start: secret 2 is blank")]
fn a_blank_key_is_refused_when_the_layer_is_built() {
    let _ = MulticajaWebhookLayer::new(["key", " "]);
}

topics! {
    #[derive(Clone, Debug)]
    enum ShopEvent {
        "order/paid" => Paid(Value),
        "app/uninstalled" => Uninstalled,
    }
}

#[actix_web::test]
async fn the_topic_chooses_the_type_and_other_kinds_reach_no_handler() {
    async fn on_event(Webhook(event): Webhook<SignedEvent<ShopEvent>>) -> String {
        match event.payload {
            ShopEvent::Paid(order) => format!("paid {}", order["id"]),
            ShopEvent::Uninstalled => "gone".to_owned(),
        }
    }

    let layer = TiendanubeWebhookLayer::<ShopEvent>::new(TOKEN);
    let resource = web::resource("/hook").wrap(layer).post(on_event);
    let app = harness::init_service(App::new().service(resource)).await;
    let scheme = TiendanubeScheme::scheme().build().unwrap();
    for (body, expected) in [
        (r#"{"event":"order/paid","id":7}"#, (200, "paid 7")),
        (r#"{"event":"app/uninstalled"}"#, (200, "gone")),
        (r#"{"event":"order/packed","id":7}"#, (200, "")),
        (r#"{"id":7}"#, (200, "")),
        (r#"{"event":"order/paid","id":7"#, (400, "")),
    ] {
        let request = testing::scheme(&scheme, SystemTime::now(), &[], body, TOKEN);
        let response = harness::call_service(&app, from(request).to_request()).await;
        let (status, _, text) = answer(response).await;
        assert_eq!((status, &*text), expected, "{body}");
    }
}

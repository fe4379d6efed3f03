use actix_web::dev::Service;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpRequest, HttpResponse, rt, web};
use webhook_actix::{TfEvent, TfWebhookLayer, Webhook};

use super::{ByHand, EVENT, Side, TOKEN};

/// An actix app, with the requests of the axum side.
macro_rules! side {
    ($app:expr) => {{
        let system = rt::System::new();
        let app = system.block_on(init_service($app));
        Side(Box::new(move |count| {
            system.block_on(async {
                for _ in 0..count {
                    let response = app.call(request()).await.unwrap();
                    assert_eq!(response.status().as_u16(), 200);
                }
            });
        }))
    }};
}

fn request() -> actix_http::Request {
    let field = |name: &'static str, value: &'static str| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    TestRequest::post()
        .uri("/webhook")
        .insert_header(field("host", "shop.example"))
        .insert_header(field("user-agent", "TusFacturasAPP-webhook/1.0"))
        .insert_header(field("accept", "*/*"))
        .insert_header(field("content-type", "application/json"))
        .insert_header(field("x-forwarded-for", "203.0.113.9"))
        .insert_header(field("tf-webhooktoken", TOKEN))
        .set_payload(web::Bytes::from_static(EVENT))
        .to_request()
}

pub fn actix_tusfacturas() -> Side {
    async fn on_event(Webhook(event): Webhook<TfEvent>) -> HttpResponse {
        std::hint::black_box(&event);
        HttpResponse::Ok().finish()
    }
    let layer = TfWebhookLayer::new(TOKEN);
    side!(
        App::new().service(
            web::resource("/webhook")
                .wrap(layer)
                .route(web::post().to(on_event))
        )
    )
}

pub fn actix_tusfacturas_by_hand() -> Side {
    async fn on_event(request: HttpRequest, body: web::Bytes) -> HttpResponse {
        let token = request
            .headers()
            .get("TF-WebhookToken")
            .and_then(|token| token.to_str().ok());
        if token != Some(TOKEN) {
            return HttpResponse::Forbidden().body("El Token recibido no coincide con el esperado");
        }
        match serde_json::from_slice::<ByHand>(&body) {
            Ok(event) => {
                std::hint::black_box(&event);
                HttpResponse::Ok().body("OK")
            }
            Err(_) => HttpResponse::BadRequest().finish(),
        }
    }
    side!(App::new().service(web::resource("/webhook").route(web::post().to(on_event))))
}

use actix_web::dev::Service;
use actix_web::http::header::{ContentType, HeaderName, HeaderValue};
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

/// It answers like the layer and like the axum handler by hand: with the media type that actix gives a `&str`.
pub fn actix_tusfacturas_by_hand() -> Side {
    by_hand::<true>()
}

/// It answers without a media type, which saves the header map.
pub fn actix_tusfacturas_by_hand_untyped() -> Side {
    by_hand::<false>()
}

fn by_hand<const TYPED: bool>() -> Side {
    async fn on_event<const TYPED: bool>(request: HttpRequest, body: web::Bytes) -> HttpResponse {
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
                let mut answer = HttpResponse::Ok();
                if TYPED {
                    answer.content_type(ContentType::plaintext());
                }
                answer.body("OK")
            }
            Err(_) => HttpResponse::BadRequest().finish(),
        }
    }
    let route = web::post().to(on_event::<TYPED>);
    side!(App::new().service(web::resource("/webhook").route(route)))
}

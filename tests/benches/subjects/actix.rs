use actix_web::dev::Service;
use actix_web::http::header::{ContentType, HeaderName, HeaderValue};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpRequest, HttpResponse, rt, web};
use webhook_actix::{MemoryStore, Tasks, TfEvent, TfWebhookLayer, Webhook};

use super::{ByHand, EVENT, Ids, Side, TOKEN, new_event};

/// An actix app, with the requests of the axum side.
macro_rules! side {
    ($app:expr) => {
        side!($app, request)
    };
    ($app:expr, $request:expr) => {{
        #[allow(unused_mut, reason = "some count")]
        let mut request = $request;
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
    with_payload(web::Bytes::from_static(EVENT))
}

fn with_payload(payload: web::Bytes) -> actix_http::Request {
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
        .set_payload(payload)
        .to_request()
}

/// Each with an id of its own, or all with the same.
fn requests(ids: Ids) -> impl FnMut() -> actix_http::Request {
    let mut next = 0;
    move || match ids {
        Ids::Same => request(),
        Ids::New => {
            next += 1;
            with_payload(new_event(next).into())
        }
    }
}

async fn on_event(Webhook(event): Webhook<TfEvent>) -> HttpResponse {
    std::hint::black_box(&event);
    HttpResponse::Ok().finish()
}

macro_rules! below {
    ($layer:expr, $ids:expr) => {
        side!(
            App::new().service(
                web::resource("/webhook")
                    .wrap($layer)
                    .route(web::post().to(on_event))
            ),
            requests($ids)
        )
    };
}

pub fn actix_tusfacturas() -> Side {
    actix_plain(Ids::Same)
}

pub fn actix_plain(ids: Ids) -> Side {
    below!(TfWebhookLayer::new(TOKEN), ids)
}

pub fn actix_detached() -> Side {
    below!(
        TfWebhookLayer::new(TOKEN).detached(&Tasks::new()),
        Ids::Same
    )
}

pub fn actix_once() -> Side {
    let layer = TfWebhookLayer::new(TOKEN).trust_unsigned_ids().once(
        "invoices",
        MemoryStore::new(),
        &Tasks::new(),
    );
    below!(layer, Ids::New)
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

//! A sender that proves nothing, and a secret in the path, which nothing inside the layer sees.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpRequest, HttpResponse, web};
use webhook_actix::unsigned::FlowHint;
use webhook_actix::{Unsigned, UnsignedWebhookLayer, Webhook};

const SECRET: &str = "Vq3mKp7xTz9c";

/// What the handler sees of the path, and the hint; with a status that Flow does not count.
async fn on_hint(
    request: HttpRequest,
    path: Option<web::Path<String>>,
    Webhook(Unsigned { hint, .. }): Webhook<Unsigned<FlowHint>>,
) -> HttpResponse {
    let seen = format!(
        "{} {} {} {:?} {} {request:?}",
        request.uri(),
        request.path(),
        request.match_info().as_str(),
        path.map(web::Path::into_inner),
        hint.token,
    );
    HttpResponse::Created().body(seen)
}

fn hint(path: &str, form: &str) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .set_payload(form.to_owned())
}

/// Status and body of the answer of an app.
macro_rules! send {
    ($app:expr, $path:expr, $form:expr) => {{
        let response = call_service($app, hint($path, $form).to_request()).await;
        let status = response.status().as_u16();
        let body = read_body(response).await;
        (status, String::from_utf8(body.to_vec()).unwrap())
    }};
}

#[actix_web::test]
async fn a_hint_reaches_the_handler_and_a_body_without_one_does_not() {
    let flow = UnsignedWebhookLayer::flow();
    let resource = web::resource("/flow")
        .wrap(flow)
        .route(web::post().to(on_hint));
    let app = init_service(App::new().service(resource)).await;
    let (status, seen) = send!(&app, "/flow?a=b", "token=AJ08");
    assert_eq!(status, 200);
    assert!(
        seen.starts_with("/flow?a=b /flow /flow None AJ08 "),
        "{seen}"
    );
    assert_eq!(send!(&app, "/flow", "tok=AJ08"), (400, String::new()));
}

#[actix_web::test]
async fn the_handler_does_not_see_the_secret_in_the_path() {
    let flow = UnsignedWebhookLayer::flow().path_secret(SECRET);
    let inside = |request: ServiceRequest, next: Next<_>| {
        assert!(!format!("{request:?}").contains(SECRET));
        assert!(!request.match_info().as_str().contains(SECRET));
        next.call(request)
    };
    let app = init_service(
        App::new()
            .service(
                web::resource("/flow/{secret}")
                    .wrap(from_fn(inside))
                    .wrap(flow.clone())
                    .route(web::post().to(on_hint)),
            )
            .service(
                web::scope("/a b/{name}")
                    .wrap(flow)
                    .route("/flow/{secret}", web::post().to(on_hint)),
            ),
    )
    .await;

    let (status, seen) = send!(&app, "/flow/Vq3mKp7xTz9c?a=b", "token=AJ08");
    assert_eq!(status, 200);
    let hidden = "/flow/------------";
    let expected = format!("{hidden}?a=b {hidden} {hidden} Some(\"------------\") AJ08 ");
    assert!(seen.starts_with(&expected), "{seen}");
    assert!(!seen.contains(SECRET), "{seen}");

    // Around a scope, the rest of the path is matched when it is hidden already.
    let (status, seen) = send!(&app, "/a%20b/x%C3%B1/flow/Vq3mKp7xTz9c", "token=AJ08");
    assert_eq!(status, 200, "{seen}");
    assert!(
        seen.starts_with("/a%20b/x%C3%B1/flow/------------ "),
        "{seen}"
    );
    assert!(!seen.contains(SECRET), "{seen}");

    for path in ["/flow/guessed", "/flow/Vq3mKp7xTz9"] {
        assert_eq!(send!(&app, path, "token=AJ08"), (404, String::new()));
    }
}

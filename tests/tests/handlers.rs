//! What the sender gets for each response that a handler can give: the same in axum, in actix, and over a socket with
//! the adapter in the documentation of `webhook_core::driver`.
//!
//! The gate also runs this without debug assertions, as a release build is: there hyper sends nothing after a
//! `content-length: 0` set by a router, where a debug build would complain.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use actix_web::{App, HttpResponse, HttpServer, web};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use webhook_core::multicaja::{MulticajaEvent, Order};
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::{TfEvent, TfEvento};
use webhook_tests::patience::PATIENCE;

#[allow(dead_code, reason = "its handler and its server are its own")]
#[path = "../../webhook-core/examples/bare-hyper.rs"]
mod bare_hyper;

const SECRET: &str = "s3cr3t";

/// What a handler returns: path, status, content type, body.
const HANDLERS: [(&str, u16, &str, &str); 9] = [
    ("/unit", 200, "", ""),
    ("/ok", 200, "text/plain; charset=utf-8", "ok"),
    ("/no-content", 204, "", ""),
    ("/created", 201, "application/json", r#"{"id":1}"#),
    ("/json", 200, "application/json", r#"{"mine":true}"#),
    ("/problem", 202, "application/problem+json", r#"{"p":1}"#),
    ("/moved", 302, "", ""),
    ("/refused", 422, "text/plain; charset=utf-8", "no"),
    ("/failed", 500, "text/plain; charset=utf-8", "broken"),
];

/// What TusFacturas gets, and what Klap gets; `order` is the order as received.
const ANSWERS: [(&str, [Answer; 2]); 9] = [
    ("/unit", [OK, ORDER]),
    ("/ok", [(200, TEXT, "ok"), ORDER]),
    ("/no-content", [OK, ORDER]),
    (
        "/created",
        [(200, JSON, r#"{"id":1}"#), (201, JSON, r#"{"id":1}"#)],
    ),
    ("/json", [(200, JSON, r#"{"mine":true}"#); 2]),
    (
        "/problem",
        [
            (200, "application/problem+json", r#"{"p":1}"#),
            (202, "application/problem+json", r#"{"p":1}"#),
        ],
    ),
    ("/moved", [(302, "", ""); 2]),
    ("/refused", [(422, TEXT, "no"); 2]),
    ("/failed", [(500, TEXT, "broken"); 2]),
];
/// Status, `Content-Type` and body.
type Answer = (u16, &'static str, &'static str);

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const OK: Answer = (200, TEXT, "OK");
const ORDER: Answer = (200, JSON, "order");

#[tokio::test]
async fn axum_answers_as_each_sender_needs() {
    use webhook_axum::{MulticajaWebhookLayer, TfWebhookLayer, Webhook};

    let handlers = |is_klap: bool| {
        HANDLERS.into_iter().fold(
            Router::new(),
            |router, (path, status, content_type, body)| {
                let answer = move || {
                    let status = StatusCode::from_u16(status).unwrap();
                    match (path, content_type) {
                        ("/unit", _) => ().into_response(),
                        (_, "") => status.into_response(),
                        _ => (status, [(header::CONTENT_TYPE, content_type)], body).into_response(),
                    }
                };
                if is_klap {
                    router.route(
                        path,
                        post(async move |Webhook(_): Webhook<MulticajaEvent>| answer()),
                    )
                } else {
                    router.route(
                        path,
                        post(async move |Webhook(_): Webhook<TfEvent>| answer()),
                    )
                }
            },
        )
    };
    let on_each = |router: Router, layer| router.layer::<TfWebhookLayer>(layer);
    let app = Router::new()
        // The layer around a router: the inner service has already set a content-length.
        .nest(
            "/tf",
            on_each(
                handlers(false),
                TfWebhookLayer::new(SECRET).body_timeout(PATIENCE),
            ),
        )
        .nest(
            "/klap",
            handlers(true).layer(MulticajaWebhookLayer::confirm(SECRET).body_timeout(PATIENCE)),
        )
        .merge(on_each(
            Router::new().nest("/above/tf", handlers(false)),
            TfWebhookLayer::new(SECRET).body_timeout(PATIENCE),
        ))
        .merge(
            Router::new()
                .nest("/above/klap", handlers(true))
                .layer(MulticajaWebhookLayer::confirm(SECRET).body_timeout(PATIENCE)),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    check(server, "").await;
    check(server, "/above").await;
}

#[tokio::test]
async fn actix_answers_as_each_sender_needs() {
    use webhook_actix::{MulticajaWebhookLayer, TfWebhookLayer, Webhook};

    let (tf, klap) = (
        TfWebhookLayer::new(SECRET).body_timeout(PATIENCE),
        MulticajaWebhookLayer::confirm(SECRET).body_timeout(PATIENCE),
    );
    let server = HttpServer::new(move || {
        let answer = |status: u16, content_type: &'static str, body: &'static str| {
            let status = actix_web::http::StatusCode::from_u16(status).unwrap();
            match content_type {
                "" => HttpResponse::new(status),
                _ => HttpResponse::build(status)
                    .content_type(content_type)
                    .body(body),
            }
        };
        HANDLERS
            .into_iter()
            .fold(App::new(), |app, (path, status, content_type, body)| {
                app.service(web::resource(format!("/tf{path}")).wrap(tf.clone()).route(
                    web::post().to(move |_: Webhook<TfEvent>| async move {
                        answer(status, content_type, body)
                    }),
                ))
                .service(
                    web::resource(format!("/klap{path}"))
                        .wrap(klap.clone())
                        .route(
                            web::post().to(move |_: Webhook<MulticajaEvent>| async move {
                                answer(status, content_type, body)
                            }),
                        ),
                )
            })
    })
    // This does not test limits of the server or the layers.
    .client_request_timeout(PATIENCE)
    .workers(1)
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    let running = server.run();
    let handle = running.handle();
    let running = tokio::spawn(running);

    check(address, "").await;
    handle.stop(false).await;
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_documented_adapter_answers_as_each_sender_needs() {
    use std::convert::Infallible;

    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::Response;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use webhook_core::driver::Verifier;
    use webhook_core::multicaja::Multicaja;
    use webhook_core::tusfacturas::TusFacturas;

    let tf = Verifier::<TusFacturas>::try_new(SECRET).unwrap();
    let klap = Verifier::<Multicaja>::try_new(SECRET)
        .unwrap()
        .configure(Multicaja::serve_confirm_only);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tf, klap) = (tf.clone(), klap.clone());
            tokio::spawn(async move {
                let service = service_fn(|request| async {
                    let target = request.uri().path().to_owned();
                    let (sender, path) = target[1..].split_once('/').unwrap();
                    let answer = async |_| {
                        let (_, status, content_type, body) = HANDLERS
                            .into_iter()
                            .find(|(known, ..)| known[1..] == *path)
                            .unwrap();
                        let mut response = Response::new(Full::<Bytes>::from(body));
                        *response.status_mut() = StatusCode::from_u16(status).unwrap();
                        if !content_type.is_empty() {
                            let content_type = content_type.parse().unwrap();
                            response.headers_mut().insert("content-type", content_type);
                        }
                        response
                    };
                    Ok::<_, Infallible>(match sender {
                        "tf" => bare_hyper::receive(&tf, request, answer).await,
                        _ => bare_hyper::receive(&klap, request, answer).await,
                    })
                });
                http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await
            });
        }
    });

    check(server, "").await;
}

async fn check(server: SocketAddr, prefix: &'static str) {
    let checked = tokio::task::spawn_blocking(move || {
        let order = MulticajaEvent::Confirm(Order::new("ABC", "9007199254740993"));
        let klap = testing::multicaja(&order, SECRET);
        let tf = testing::tusfacturas(&TfEvent::new(TfEvento::Emitido), SECRET);
        let received = String::from_utf8(klap.body.to_vec()).unwrap();
        for (path, answers) in ANSWERS {
            for ((sender, request), (status, content_type, body)) in
                [("tf", &tf), ("klap", &klap)].into_iter().zip(answers)
            {
                let target = format!("{prefix}/{sender}{path}");
                let body = if body == "order" { &received } else { body };
                let expected = (status, content_type.to_owned(), body.to_owned());
                assert_eq!(send(server, &target, request), expected, "{target}");
            }
        }
    });
    checked.await.unwrap();
}

/// Status, `Content-Type` and body of the answer, which must be complete when the server closes the connection.
fn send(server: SocketAddr, target: &str, request: &TestRequest) -> (u16, String, String) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!(
        "POST {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n",
        request.body.len()
    );
    for (name, value) in &request.headers {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    stream.write_all(&request.body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();

    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let field = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
    };
    if let Some(length) = field("content-length") {
        assert_eq!(length.parse(), Ok(body.len()), "{target}: {answer}");
    }
    (
        status,
        field("content-type").unwrap_or_default(),
        body.to_owned(),
    )
}

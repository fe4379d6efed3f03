//! The log of an app with a logger of the `log` crate, like most on actix, and no `tracing` subscriber. A logger is
//! set once per process, so this file has only one test.
#![cfg(feature = "tracing")]

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use futures_util::FutureExt;
use log::{Level, LevelFilter, Log, Metadata, Record};
use webhook_actix::tusfacturas::TfEvento;
use webhook_actix::{TfEvent, TfWebhookLayer, Webhook, testing};

const TOKEN: &str = "s3cr3t-token";

static LINES: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "webhook"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = (record.level(), record.args().to_string());
            LINES.lock().unwrap().push(line);
        }
    }

    fn flush(&self) {}
}

async fn on_event(Webhook(event): Webhook<TfEvent>) -> HttpResponse {
    match event.evento {
        TfEvento::Error => HttpResponse::InternalServerError().finish(),
        TfEvento::Eliminado => HttpResponse::NotFound().finish(),
        TfEvento::CambioFecha => std::future::pending().await,
        TfEvento::Other(what) => panic!("the handler's own: {what}"),
        _ => HttpResponse::Ok().finish(),
    }
}

#[actix_web::test]
async fn every_delivery_reaches_a_logger_of_the_log_crate() {
    log::set_logger(&Logger).unwrap();
    let layer = TfWebhookLayer::new(TOKEN);
    let resource = web::resource("/webhook")
        .wrap(layer)
        .route(web::post().to(on_event));
    let app = init_service(App::new().service(resource)).await;
    let request = |evento, token: &str| {
        let request = testing::tusfacturas(&TfEvent::new(evento), token);
        let fields = request.headers.iter();
        let sent = TestRequest::post()
            .uri("/webhook")
            .set_payload(request.body.clone());
        let sent = fields.fold(sent, |sent, (name, value)| {
            sent.insert_header((name.as_str(), value.to_str().unwrap()))
        });
        sent.to_request()
    };

    // Nobody listens.
    log::set_max_level(LevelFilter::Off);
    call_service(&app, request(TfEvento::Emitido, TOKEN)).await;
    assert!(LINES.lock().unwrap().is_empty());

    log::set_max_level(LevelFilter::Trace);
    for (evento, token, status, level, expected) in [
        (
            TfEvento::Emitido,
            TOKEN,
            200,
            Level::Info,
            "outcome=\"received\"",
        ),
        (
            TfEvento::Error,
            TOKEN,
            500,
            Level::Warn,
            "outcome=\"handler_failed\"",
        ),
        (
            TfEvento::Eliminado,
            TOKEN,
            404,
            Level::Warn,
            "outcome=\"declined\"",
        ),
        (
            TfEvento::Test,
            "wrong",
            403,
            Level::Warn,
            "outcome=\"credential_mismatch\"",
        ),
    ] {
        let response = call_service(&app, request(evento, token)).await;
        assert_eq!(response.status(), StatusCode::from_u16(status).unwrap());
        let lines = std::mem::take(&mut *LINES.lock().unwrap());
        let (last, line) = lines.last().expect(expected);
        assert_eq!(*last, level, "{lines:?}");
        assert!(line.contains(expected), "{lines:?}");
        assert!(line.contains("sender=\"tusfacturas\""), "{lines:?}");
    }

    // The handler panics; an outer layer catches it and drops the future later.
    let call = call_service(&app, request("unexpected".into(), TOKEN));
    assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    let lines = std::mem::take(&mut *LINES.lock().unwrap());
    let outcomes = |lines: &[(Level, String)], outcome: &str| {
        let all = lines.iter();
        all.filter(|(_, line)| line.contains(outcome)).count()
    };
    assert_eq!(outcomes(&lines, "outcome=\"panicked\""), 1, "{lines:?}");
    assert_eq!(outcomes(&lines, "outcome=\"unanswered\""), 0, "{lines:?}");

    // The sender hangs up.
    let call = call_service(&app, request(TfEvento::CambioFecha, TOKEN));
    let waiting = actix_web::rt::time::timeout(std::time::Duration::from_millis(50), call);
    assert!(waiting.await.is_err());
    let lines = std::mem::take(&mut *LINES.lock().unwrap());
    assert_eq!(outcomes(&lines, "outcome=\"unanswered\""), 1, "{lines:?}");
}

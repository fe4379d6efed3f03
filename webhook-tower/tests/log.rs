//! The log: one event per delivery, refusals quiet, and never a secret.
#![cfg(feature = "tracing")]

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use webhook_tower::{
    CardToken, MulticajaEvent, MulticajaWebhookLayer, Order, TfEvent, TfEvento, TfWebhookLayer,
    testing,
};

const TOKEN: &str = "s3cr3t-token";
const CARD: &str = "tok_4111111111111111";

/// Everything that is logged while it is the default subscriber of this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn capture(&self, level: Level) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::from_level(level))
            .with_ansi(false)
            .without_time()
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn take(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

async fn answer(
    status: StatusCode,
    body: &'static str,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    Ok(response)
}

fn event(evento: TfEvento) -> Request<Full<Bytes>> {
    testing::tusfacturas(&TfEvent::new(evento), TOKEN).into_request()
}

#[tokio::test]
async fn each_delivery_is_one_event_with_its_outcome() {
    let log = Log::default();
    let _captured = log.capture(Level::TRACE);
    let layer: TfWebhookLayer = TfWebhookLayer::new([("pdv-3", TOKEN)]);

    for (status, evento, expected) in [
        (
            200,
            TfEvento::Emitido,
            " INFO webhook: webhook delivered sender=\"tusfacturas\" outcome=\"accepted\" kind=\"emitido\" key=\"pdv-3\" body_bytes=114 status=200 micros=",
        ),
        (
            500,
            TfEvento::Other("x\ny".into()),
            " WARN webhook: webhook delivered, and the handler failed sender=\"tusfacturas\" outcome=\"handler_failed\" kind=\"other\" key=\"pdv-3\" body_bytes=111 status=500 micros=",
        ),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let service = layer.layer(service_fn(move |_| answer(status, "")));
        service.oneshot(event(evento)).await.unwrap();
        let lines = log.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with(expected), "{lines:?}");
    }

    let mut service = layer.layer(service_fn(|_| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    }));
    drop(service.call(event(TfEvento::Emitido)));
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("WARN") && lines[0].contains("outcome=\"unanswered\""),
        "{lines:?}"
    );
}

#[tokio::test]
async fn refusals_are_logged_for_those_who_debug() {
    let log = Log::default();
    let layer: TfWebhookLayer = TfWebhookLayer::new("another");
    let service = layer.layer(service_fn(|_| answer(StatusCode::OK, "")));

    let captured = log.capture(Level::INFO);
    service
        .clone()
        .oneshot(event(TfEvento::Test))
        .await
        .unwrap();
    assert_eq!(log.take(), [""; 0]);
    drop(captured);

    let _captured = log.capture(Level::DEBUG);
    service.oneshot(event(TfEvento::Test)).await.unwrap();
    let lines = log.take();
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].contains("sender=\"tusfacturas\" outcome=\"credential_mismatch\""),
        "{lines:?}"
    );
}

#[tokio::test]
async fn an_answer_that_klap_would_not_take_is_warned_of() {
    let log = Log::default();
    let _captured = log.capture(Level::WARN);
    let layer: MulticajaWebhookLayer = MulticajaWebhookLayer::new(TOKEN);
    let service = layer.layer(service_fn(|_| answer(StatusCode::OK, "ok")));
    let request = testing::multicaja(&MulticajaEvent::Confirm(Order::new("ABC", "123")), TOKEN);
    let response = service
        .oneshot(request.into_request::<Full<Bytes>>())
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("the handler's answer is not JSON"),
        "{lines:?}"
    );
}

/// Takes everything that is printed, logged or formatted at trace level while deliveries are accepted and refused,
/// also in the middle of a card token.
#[tokio::test]
async fn nothing_logged_or_formatted_holds_a_secret_or_a_card_token() {
    let log = Log::default();
    let _captured = log.capture(Level::TRACE);
    let mut shown = Vec::new();

    let tf: TfWebhookLayer = TfWebhookLayer::new([("pdv-1", TOKEN)]);
    let klap: MulticajaWebhookLayer = MulticajaWebhookLayer::new(TOKEN);
    shown.push(format!(
        "{tf:?} {klap:?} {:?} {:?}",
        tf.secrets(),
        klap.secrets()
    ));

    let mut order = Order::new("ABC", "123");
    order.unauthenticated.token_id = Some(CardToken::new(CARD));
    let genuine = testing::multicaja(&MulticajaEvent::Confirm(order), TOKEN);
    let digest = genuine.headers["apikey"].to_str().unwrap().to_owned();
    let whole = String::from_utf8(genuine.body.to_vec()).unwrap();
    let at = whole.find(CARD).unwrap();
    let with_body = |body: String| {
        let mut request = genuine.clone().into_request::<Full<Bytes>>();
        *request.body_mut() = Full::from(body);
        request
    };
    let bodies = [
        whole.clone(),
        whole[..at + 9].to_owned(),
        format!("{}\u{1}{}", &whole[..at + 9], &whole[at + 9..]),
        whole.replace(&format!("\"{CARD}\""), CARD),
        whole.replace("\"123\"", &format!("{{\"{CARD}\":1}}")),
        whole.replacen('{', &format!("{{\"token_id\":\"{CARD}\","), 1),
        format!("{whole}{CARD}"),
    ];
    let service = klap.layer(service_fn(|mut request: Request<Full<Bytes>>| async move {
        let delivery = request
            .extensions_mut()
            .remove::<webhook_tower::Delivery<MulticajaEvent>>()
            .unwrap();
        tracing::trace!(?delivery, headers = ?request.headers(), "in the handler");
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let mut refused = 0;
    for body in bodies {
        let response = service.clone().oneshot(with_body(body)).await.unwrap();
        if let Some(rejection) = response.extensions().get::<webhook_tower::Rejection>() {
            shown.push(format!("{rejection} {rejection:?}"));
            refused += 1;
        }
    }
    assert_eq!(refused, 6);

    for token in [TOKEN, "s3cr3t-token-of-another", ""] {
        let service = tf.layer(service_fn(|request: Request<Full<Bytes>>| async move {
            tracing::trace!(?request, "in the handler");
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }));
        let request = testing::tusfacturas_body(r#"{"evento":"test","msg":"s3cr3t-message"#, token);
        let response = service
            .clone()
            .oneshot(request.into_request::<Full<Bytes>>())
            .await
            .unwrap();
        shown.push(format!("{response:?}"));
        service.oneshot(event(TfEvento::Test)).await.unwrap();
    }

    let logged = log.take();
    assert!(
        logged.iter().any(|line| line.contains("in the handler")),
        "the log was captured"
    );
    assert!(
        logged.iter().any(|line| line.contains("[redacted]")),
        "the event was shown"
    );
    for line in shown.iter().chain(&logged) {
        for secret in ["s3cr3t", "tok_", "4111", digest.as_str()] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

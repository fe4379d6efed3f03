//! The log: one event per delivery, refusals quiet, and never a secret.
#![cfg(feature = "tracing")]

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use webhook_tower::multicaja::{CardToken, Order};
use webhook_tower::tusfacturas::TfEvento;
use webhook_tower::{
    MercadoPagoWebhookLayer, MulticajaEvent, MulticajaWebhookLayer, StripeWebhookLayer, TfEvent,
    TfWebhookLayer, UnsignedWebhookLayer, testing,
};

const TOKEN: &str = "s3cr3t-token";
const CARD: &str = "tok_4111111111111111";

/// Captures what is logged while it is the default subscriber of this thread.
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
    let layer = TfWebhookLayer::new([("pdv-3", TOKEN)]);

    for (status, evento, expected) in [
        (
            200,
            TfEvento::Emitido,
            " INFO webhook: webhook received sender=\"tusfacturas\" outcome=\"received\" kind=\"emitido\" label=\"pdv-3\" body_bytes=114 status=200 micros=",
        ),
        (
            500,
            TfEvento::Other("x\ny".into()),
            " WARN webhook: webhook authentic, but the handler failed sender=\"tusfacturas\" outcome=\"handler_failed\" kind=\"other\" label=\"pdv-3\" body_bytes=111 status=500 handler_status=500 micros=",
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

/// A line without what differs from run to run.
fn outcome(line: &str) -> (&str, &str) {
    let level = line.trim_start().split(' ').next().unwrap();
    let after = line.split("outcome=\"").nth(1).unwrap();
    (level, after.split('"').next().unwrap())
}

#[tokio::test]
async fn the_outcome_is_what_the_sender_makes_of_what_it_is_sent() {
    let log = Log::default();
    let _captured = log.capture(Level::TRACE);
    let tf = |acknowledge| TfWebhookLayer::new(TOKEN).acknowledge_failures(acknowledge);
    let klap = MulticajaWebhookLayer::new(TOKEN);
    let order = || {
        let request = testing::multicaja(&MulticajaEvent::Confirm(Order::new("ABC", "123")), TOKEN);
        request.into_request::<Full<Bytes>>()
    };
    for (status, body, at_tf, acknowledged, at_klap) in [
        (
            200,
            "OK",
            ("INFO", "received"),
            ("INFO", "received"),
            ("INFO", "received"),
        ),
        (
            204,
            "",
            ("INFO", "received"),
            ("INFO", "received"),
            ("INFO", "received"),
        ),
        // Sent as a 200.
        (
            202,
            "later",
            ("INFO", "received"),
            ("INFO", "received"),
            ("INFO", "received"),
        ),
        (
            302,
            "",
            ("WARN", "declined"),
            ("WARN", "declined"),
            ("WARN", "declined"),
        ),
        (
            404,
            "?",
            ("WARN", "declined"),
            ("WARN", "declined"),
            ("WARN", "declined"),
        ),
        // Even if the failure is acknowledged: the log does not hide it.
        (
            500,
            "",
            ("WARN", "handler_failed"),
            ("WARN", "handler_failed"),
            ("WARN", "handler_failed"),
        ),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let handler = || service_fn(move |_| answer(status, body));
        for (acknowledge, expected) in [(false, at_tf), (true, acknowledged)] {
            let service = tf(acknowledge).layer(handler());
            service.oneshot(event(TfEvento::Emitido)).await.unwrap();
            let lines = log.take();
            assert_eq!(
                outcome(lines.last().unwrap()),
                expected,
                "{status} {lines:?}"
            );
        }
        klap.layer(handler()).oneshot(order()).await.unwrap();
        let lines = log.take();
        assert_eq!(
            outcome(lines.last().unwrap()),
            at_klap,
            "{status} {lines:?}"
        );
    }
}

#[tokio::test]
async fn a_panic_is_not_logged_as_a_hang_up() {
    let log = Log::default();
    let _captured = log.capture(Level::TRACE);
    let layer = TfWebhookLayer::new(TOKEN);

    async fn panicking(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
        std::future::ready(()).await;
        panic!("the handler's own");
    }
    // Caught by an outer layer, which drops the future later.
    let service = CatchPanicLayer::new().layer(layer.layer(service_fn(panicking)));
    let response = service.oneshot(event(TfEvento::Emitido)).await.unwrap();
    assert_eq!(response.status(), 500);
    // The second line is from the outer layer.
    let lines = log.take();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(outcome(&lines[0]), ("WARN", "panicked"));

    // Caught by the runtime, around the whole task.
    let captured = log.clone();
    let task = async move {
        let _captured = captured.capture(Level::TRACE);
        let service = layer.layer(service_fn(panicking));
        service.oneshot(event(TfEvento::Emitido)).await
    };
    assert!(tokio::spawn(task).await.unwrap_err().is_panic());
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(outcome(&lines[0]), ("WARN", "panicked"));
}

/// An inner service that is pending once, and then panics or fails instead of becoming ready.
#[derive(Clone)]
struct Broken {
    panics: bool,
    polled: bool,
}

impl Service<Request<Full<Bytes>>> for Broken {
    type Response = Response<Full<Bytes>>;
    type Error = &'static str;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if !std::mem::replace(&mut self.polled, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        assert!(!self.panics, "the service's own");
        Poll::Ready(Err("no capacity ever"))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        unreachable!("it was never ready")
    }
}

#[tokio::test]
async fn an_inner_service_that_never_becomes_ready_is_logged_once() {
    let log = Log::default();
    let _captured = log.capture(Level::TRACE);
    let broken = |panics| {
        let polled = false;
        TfWebhookLayer::new(TOKEN).layer(Broken { panics, polled })
    };

    let error = broken(false).oneshot(event(TfEvento::Emitido)).await;
    assert_eq!(error.unwrap_err(), "no capacity ever");
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(outcome(&lines[0]), ("WARN", "unanswered"));

    // Caught by an outer layer, which drops the future later.
    let service = CatchPanicLayer::new().layer(broken(true));
    let response = service.oneshot(event(TfEvento::Emitido)).await.unwrap();
    assert_eq!(response.status(), 500);
    let lines = log.take();
    assert_eq!(outcome(&lines[0]), ("WARN", "panicked"), "{lines:?}");
    assert!(
        lines.iter().all(|line| !line.contains("unanswered")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn wrong_credentials_are_warned_about_once_a_minute_and_scanners_never() {
    let log = Log::default();
    let layer = TfWebhookLayer::new("another");
    let deliver = |layer: &TfWebhookLayer, request| {
        let service = layer.layer(service_fn(|_| answer(StatusCode::OK, "")));
        service.oneshot(request)
    };
    let without_token = || {
        let mut request = event(TfEvento::Test);
        request.headers_mut().remove("tf-webhooktoken").unwrap();
        request
    };

    let captured = log.capture(Level::INFO);
    for _ in 0..3 {
        deliver(&layer, without_token()).await.unwrap();
    }
    assert_eq!(log.take(), [""; 0]);
    // The first at once; the layer and its clones share the minute.
    deliver(&layer, event(TfEvento::Test)).await.unwrap();
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(outcome(&lines[0]), ("WARN", "credential_mismatch"));
    assert!(
        lines[0].contains("check that the configured secret"),
        "{lines:?}"
    );
    assert!(lines[0].contains("count=1"), "{lines:?}");
    let clone = layer.clone().body_limit(1000);
    deliver(&clone, event(TfEvento::Test)).await.unwrap();
    assert_eq!(log.take(), [""; 0]);
    drop(captured);

    let _captured = log.capture(Level::DEBUG);
    for (request, expected) in [
        (event(TfEvento::Test), "credential_mismatch"),
        (without_token(), "credential_missing"),
    ] {
        deliver(&layer, request).await.unwrap();
        let lines = log.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(outcome(&lines[0]), ("DEBUG", expected));
    }
}

#[tokio::test]
async fn an_authentic_body_that_does_not_decode_is_warned_about_with_its_place() {
    #[derive(Clone, serde::Deserialize)]
    struct Charge {
        #[allow(dead_code, reason = "only decoded")]
        amount_total: i64,
    }
    #[derive(Clone, serde::Deserialize)]
    struct Event {
        #[allow(dead_code, reason = "only decoded")]
        data: Vec<Charge>,
    }

    let log = Log::default();
    let _captured = log.capture(Level::WARN);
    let layer = StripeWebhookLayer::<Event>::new([("shop", "whsec_test")]);
    let service = layer.layer(service_fn(|_| answer(StatusCode::OK, "")));
    let body = "{\"data\":[\n{\"amount_total\":4111111111111111},{\"amount_total\":\"s3cr3t\"}]}";
    let request = testing::stripe(std::time::SystemTime::now(), body, "whsec_test");
    let response = service
        .clone()
        .oneshot(request.clone().into_request::<Full<Bytes>>())
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(outcome(&lines[0]), ("WARN", "body_does_not_fit"));
    for expected in [
        "label=\"shop\"",
        "line=2 column=58",
        "path=\"data[1].amount_total\"",
    ] {
        assert!(lines[0].contains(expected), "{expected} {lines:?}");
    }
    assert!(
        !lines[0].contains("s3cr3t") && !lines[0].contains("4111"),
        "{lines:?}"
    );

    // If forged, it is a stranger's, and counted.
    let mut forged = request.into_request::<Full<Bytes>>();
    *forged.body_mut() = Full::from("[");
    service.oneshot(forged).await.unwrap();
    let lines = log.take();
    assert_eq!(
        outcome(&lines[0]),
        ("WARN", "credential_mismatch"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn what_is_answered_and_dropped_is_warned_about_with_the_remedy() {
    let log = Log::default();
    let _captured = log.capture(Level::WARN);
    let layer: MercadoPagoWebhookLayer = MercadoPagoWebhookLayer::new("secret");
    let ipn = || {
        Request::post("/mercadopago?id=36678944360&topic=merchant_order")
            .body(Full::<Bytes>::from("{}"))
            .unwrap()
    };
    for expected in [1, 0] {
        let service = layer.layer(service_fn(|_| answer(StatusCode::IM_A_TEAPOT, "")));
        let response = service.oneshot(ipn()).await.unwrap();
        assert_eq!(response.status(), 200);
        let lines = log.take();
        assert_eq!(lines.len(), expected, "{lines:?}");
        for line in lines {
            assert_eq!(outcome(&line), ("WARN", "unverifiable"));
            assert!(line.contains("source_news=webhooks"), "{line}");
        }
    }
    let strict = layer.refuse_ipn(true);
    let service = strict.layer(service_fn(|_| answer(StatusCode::OK, "")));
    assert_eq!(service.oneshot(ipn()).await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_klap_path_without_an_endpoint_is_warned_about_with_the_remedy() {
    let log = Log::default();
    let _captured = log.capture(Level::WARN);
    let layer: MulticajaWebhookLayer = MulticajaWebhookLayer::new(TOKEN);
    let mut request = testing::multicaja(&MulticajaEvent::Confirm(Order::new("ABC", "123")), TOKEN);
    request.uri = "/pagos/klap".parse().unwrap();
    let service = layer.layer(service_fn(|_| answer(StatusCode::OK, "")));
    let scanner = Request::post("/pagos/klap")
        .body(Full::<Bytes>::default())
        .unwrap();
    assert_eq!(
        service.clone().oneshot(scanner).await.unwrap().status(),
        404
    );
    assert_eq!(log.take(), [""; 0]);
    let response = service
        .oneshot(request.into_request::<Full<Bytes>>())
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("`::confirm`"), "{lines:?}");
}

#[tokio::test]
async fn an_answer_that_klap_would_not_accept_is_warned_about() {
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

/// Collects everything that is printed, logged or formatted at trace level while deliveries are accepted and refused,
/// even in the middle of a card token.
#[tokio::test]
async fn nothing_logged_or_formatted_holds_a_secret_or_a_card_token() {
    let log = Log::default();
    let _captured = log.capture(Level::TRACE);
    let mut shown = Vec::new();

    let tf = TfWebhookLayer::new([("pdv-1", TOKEN)]);
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

#[tokio::test]
async fn a_secret_in_the_path_is_not_logged_by_this_layer_or_one_inside() {
    const SECRET: &str = "Vq3mKp7xTz9c";

    let log = Log::default();
    let _captured = log.capture(Level::TRACE);
    let layer = UnsignedWebhookLayer::flow().path_secret(SECRET);
    for (path, form, outcomes) in [
        ("/flow/Vq3mKp7xTz9c?a=b", "token=AJ08", vec!["received"]),
        ("/flow/Vq3mKp7xTz9c", "tok=AJ08", vec!["body_does_not_fit"]),
        (
            "/flow/Vq3mKp7xTz9",
            "token=AJ08",
            vec!["credential_mismatch"],
        ),
        ("/flow/", "token=AJ08", vec!["credential_missing"]),
    ] {
        let inside = service_fn(|request: Request<Full<Bytes>>| {
            tracing::info!("inside: {request:?}");
            answer(StatusCode::OK, "OK")
        });
        let request = testing::unsigned_form(path, form).into_request::<Full<Bytes>>();
        layer.layer(inside).oneshot(request).await.unwrap();
        let lines = log.take();
        let said: Vec<_> = lines
            .iter()
            .filter(|line| line.contains(" webhook: "))
            .map(|line| outcome(line).1)
            .collect();
        assert_eq!(said, outcomes, "{lines:?}");
        assert!(!lines.concat().contains("Vq3mKp7xTz9"), "{lines:?}");
        let inside = lines.iter().any(|line| line.contains("/flow/------------"));
        assert_eq!(inside, outcomes == ["received"], "{lines:?}");
    }
}

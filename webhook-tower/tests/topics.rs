//! A layer whose type the topic chooses: what the sender is told, what is logged, and what the handler gets.
#![cfg(all(
    feature = "tracing",
    feature = "once",
    feature = "inbox",
    feature = "testing"
))]

use std::convert::Infallible;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde::Deserialize;
use tower::{Layer, ServiceExt, service_fn};
use tracing::level_filters::LevelFilter;
use webhook_core::guarantee::{InboxStore, StoreFuture, Stored, StoredDelivery};
use webhook_tower::fintoc::FintocScheme;
use webhook_tower::scheme::Preset;
use webhook_tower::tiendanube::TiendanubeScheme;
use webhook_tower::{
    Delivery, FintocWebhookLayer, MemoryStore, ShopifyWebhookLayer, SignedEvent, Tasks,
    TiendanubeWebhookLayer, testing, topics,
};

const SECRET: &str = "s3cr3t";

#[derive(Clone, Debug, Deserialize)]
struct Order {
    id: u64,
}

topics! {
    #[derive(Clone, Debug)]
    pub enum ShopEvent {
        "order/paid" => Paid(Order),
        "app/uninstalled" => Uninstalled,
        "payment_intent.succeeded" => Succeeded,
    }
}

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
    fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// The lines, without what differs from run to run.
    fn take(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| line.split(" micros=").next().unwrap().trim().to_owned())
            .collect()
    }
}

fn request<P: Preset>(body: &'static str) -> Request<Full<Bytes>> {
    let scheme = P::scheme().build().unwrap();
    testing::scheme(&scheme, SystemTime::now(), &[], body, SECRET).into_request()
}

/// The events that handlers got.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn handle(&self, request: &Request<Full<Bytes>>) -> Response<Full<Bytes>> {
        let delivery = request
            .extensions()
            .get::<Delivery<SignedEvent<ShopEvent>>>();
        let event = match &delivery.unwrap().payload {
            ShopEvent::Paid(order) => format!("order {} is paid", order.id),
            other => other.topic().to_owned(),
        };
        self.0.lock().unwrap().push(event);
        Response::default()
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A handler under a layer.
macro_rules! under {
    ($layer:expr, $seen:expr) => {{
        let seen = $seen.clone();
        $layer.layer(service_fn(move |request: Request<Full<Bytes>>| {
            let answer = Ok::<_, Infallible>(seen.handle(&request));
            async move { answer }
        }))
    }};
}

#[tokio::test]
async fn a_kind_outside_of_the_table_is_acknowledged_logged_and_not_handled() {
    let log = Log::default();
    let _captured = log.capture();
    let seen = Seen::default();
    let layer = TiendanubeWebhookLayer::<ShopEvent>::new([("shop-1", SECRET)]);
    for (body, status, handled, line) in [
        (
            r#"{"event":"order/paid","id":7}"#,
            200,
            Some("order 7 is paid"),
            r#"INFO webhook: webhook received sender="tiendanube" outcome="received" kind="order/paid" label="shop-1" body_bytes=29 status=200"#,
        ),
        (
            r#"{"event":"app/uninstalled"}"#,
            200,
            Some("app/uninstalled"),
            r#"INFO webhook: webhook received sender="tiendanube" outcome="received" kind="app/uninstalled" label="shop-1" body_bytes=27 status=200"#,
        ),
        (
            r#"{"event":"order/packed"}"#,
            200,
            None,
            r#"INFO webhook: webhook of a kind that this app does not handle, acknowledged sender="tiendanube" outcome="ignored" label="shop-1" topic=order/packed body_bytes=24 status=200"#,
        ),
        // Text of the request makes no second line.
        (
            r#"{"event":"a\n INFO \u001b[31m"}"#,
            200,
            None,
            r#"INFO webhook: webhook of a kind that this app does not handle, acknowledged sender="tiendanube" outcome="ignored" label="shop-1" topic=a\n INFO \u{1b}[31m body_bytes=31 status=200"#,
        ),
        (
            r#"{"id":7}"#,
            200,
            None,
            r#"INFO webhook: webhook of a kind that this app does not handle, acknowledged sender="tiendanube" outcome="ignored" label="shop-1" body_bytes=8 status=200"#,
        ),
        (
            r#"{"event":"order/paid","id":"7"}"#,
            400,
            None,
            r#"WARN webhook: webhook authentic, but refused: the body does not fit the expected type, at line 1 column 30, in id sender="tiendanube" outcome="body_does_not_fit" label="shop-1" line=1 column=30 path="id" body_bytes=31"#,
        ),
    ] {
        let answer = under!(layer, seen).oneshot(request::<TiendanubeScheme>(body));
        assert_eq!(answer.await.unwrap().status(), status, "{body}");
        assert_eq!(seen.take(), Vec::from_iter(handled), "{body}");
        assert_eq!(log.take(), [line], "{body}");
    }
}

#[tokio::test]
async fn it_is_neither_stored_nor_remembered_nor_given_a_task() {
    #[derive(Clone, Default)]
    struct Rows(Arc<Mutex<Vec<String>>>);

    impl InboxStore for Rows {
        fn store(&self, delivery: StoredDelivery) -> StoreFuture<'_, Stored> {
            self.0.lock().unwrap().push(delivery.kind().to_owned());
            Box::pin(async { Ok(Stored::New) })
        }
    }

    let (rows, seen, tasks) = (Rows::default(), Seen::default(), Tasks::new());
    let layer = || FintocWebhookLayer::<ShopEvent>::new(SECRET);
    let known = r#"{"id":"evt_1","type":"payment_intent.succeeded"}"#;
    let unknown = r#"{"id":"evt_1","type":"payment_intent.failed"}"#;

    let inbox = layer().inbox("pay", rows.clone());
    let once = under!(layer().once("pay", MemoryStore::new(), &tasks), seen);
    let detached = under!(layer().detached(&tasks), seen);
    for (body, is_known) in [(unknown, false), (known, true), (unknown, false)] {
        let stored: Response<Full<Bytes>> = inbox
            .clone()
            .oneshot(request::<FintocScheme>(body))
            .await
            .unwrap();
        assert_eq!(stored.status(), 200);
        let expected: &[&str] = if is_known {
            &["payment_intent.succeeded"]
        } else {
            &[]
        };
        assert_eq!(std::mem::take(&mut *rows.0.lock().unwrap()), expected);

        // An id that came with another kind first is still new.
        let answer = once.clone().oneshot(request::<FintocScheme>(body));
        assert_eq!(answer.await.unwrap().status(), 200);
        let expected: &[&str] = if is_known {
            &["payment_intent.succeeded"]
        } else {
            &[]
        };
        assert_eq!(seen.take(), expected);

        let answer = detached.clone().oneshot(request::<FintocScheme>(body));
        assert_eq!(answer.await.unwrap().status(), 200);
        assert_eq!(seen.take(), expected);
    }
}

#[test]
fn a_layer_for_a_sender_that_does_not_sign_its_topic_is_not_built() {
    let build = || drop(ShopifyWebhookLayer::<ShopEvent>::new(SECRET));
    let panic = catch_unwind(AssertUnwindSafe(build)).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.starts_with(
            "the webhook layer for shopify cannot start: the topic is in the header `x-shopify-topic`, which nothing proves"
        ),
        "{message}"
    );
}

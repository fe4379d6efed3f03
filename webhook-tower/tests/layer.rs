//! The layer around any tower service: buffering, limits, readiness, and what reaches the inner service.

#![cfg_attr(not(feature = "timeout"), allow(dead_code, unused_imports))]

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use pin_project_lite::pin_project;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer};
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use webhook_tower::github::Github;
use webhook_tower::mercadopago::MercadoPago;
use webhook_tower::multicaja::{Multicaja, MulticajaValidation};
use webhook_tower::standard_webhooks::StandardWebhooks;
use webhook_tower::stripe::Stripe;
use webhook_tower::tusfacturas::{TfEvento, TusFacturas};
use webhook_tower::{
    Delivery, MulticajaValidationLayer, Provider, Rejection, ResponseBody, TfEvent, TfWebhookLayer,
    WebhookLayer, WebhookService, testing,
};

const TOKEN: &str = "t0k3n";
const BODY: &[u8] = br#"{"evento":"emitido","external_reference":"17032"}"#;

fn request<B>(body: B) -> Request<B> {
    Request::post("/webhook")
        .header("TF-WebhookToken", TOKEN)
        .body(body)
        .unwrap()
}

pin_project! {
    /// A body whose frames are each ready at the first poll, or only at the second. It must not be moved once polled.
    struct Frames {
        frames: std::collections::VecDeque<io::Result<Bytes>>,
        late: bool,
        waited: bool,
        #[pin]
        pinned: PhantomPinned,
    }
}

impl Frames {
    fn new<'a>(frames: impl IntoIterator<Item = &'a [u8]>, late: bool) -> Self {
        Self {
            frames: frames
                .into_iter()
                .map(|frame| Ok(Bytes::copy_from_slice(frame)))
                .collect(),
            late,
            waited: false,
            pinned: PhantomPinned,
        }
    }

    fn broken(mut self) -> Self {
        self.frames
            .push_back(Err(io::ErrorKind::ConnectionReset.into()));
        self
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.project();
        if *this.late && !std::mem::replace(this.waited, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        *this.waited = false;
        Poll::Ready(this.frames.pop_front().map(|frame| frame.map(Frame::data)))
    }
}

/// A body that never arrives.
struct Silence;

impl Body for Silence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

type Seen = Arc<Mutex<Vec<(Delivery<TfEvent>, Bytes, bool)>>>;

/// Records what reaches it and answers without a body.
async fn note(
    seen: Seen,
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let delivery = request.extensions_mut().remove().unwrap();
    let sensitive = request.headers()["tf-webhooktoken"].is_sensitive();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    seen.lock().unwrap().push((delivery, body, sensitive));
    Ok(Response::new(Empty::new()))
}

async fn text<B: Body>(response: Response<B>) -> (u16, String)
where
    B::Error: std::fmt::Debug,
{
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_delivery_arrives_whole_however_its_body_is_cut() {
    for late in [false, true] {
        for size in [1, 7, BODY.len() - 1, BODY.len()] {
            let seen = Seen::default();
            let service = TfWebhookLayer::new([("pdv-1", TOKEN)])
                .layer(service_fn(|request| note(Arc::clone(&seen), request)));
            let response = service
                .oneshot(request(Frames::new(BODY.chunks(size), late)))
                .await
                .unwrap();
            assert_eq!(
                response.headers()["content-type"],
                "text/plain; charset=utf-8"
            );
            assert_eq!(text(response).await, (200, "OK".to_owned()));

            let seen = seen.lock().unwrap();
            let [(delivery, body, sensitive)] = &seen[..] else {
                panic!("{} deliveries", seen.len());
            };
            assert_eq!(delivery.evento, TfEvento::Emitido);
            assert_eq!(delivery.label().unwrap(), "pdv-1");
            assert_eq!(delivery.body(), BODY);
            assert_eq!(body, BODY);
            assert!(sensitive);
        }
    }
}

#[tokio::test]
async fn one_frame_is_passed_on_without_a_copy() {
    let body = Bytes::from(BODY.to_vec());
    let at = body.as_ptr();
    let seen = Seen::default();
    let service =
        TfWebhookLayer::new(TOKEN).layer(service_fn(|request| note(Arc::clone(&seen), request)));
    service.oneshot(request(Full::new(body))).await.unwrap();
    assert_eq!(seen.lock().unwrap()[0].1.as_ptr(), at);
}

#[cfg(feature = "timeout")]
#[tokio::test(start_paused = true)]
async fn refusals_never_reach_the_inner_service() {
    let never = service_fn(|_: Request<Full<Bytes>>| async {
        panic!("a refused request reached the inner service")
            as Result<Response<Empty<Bytes>>, Infallible>
    });
    let service = TfWebhookLayer::new(TOKEN).body_limit(100).layer(never);

    let too_long = [&[b' '; 60][..], &[b' '; 41]];
    for (name, refused) in [
        (
            "body_too_large",
            service
                .clone()
                .oneshot(request(Frames::new(too_long, false)))
                .await,
        ),
        (
            "body_too_large",
            service
                .clone()
                .oneshot(request(Frames::new(too_long, true)))
                .await,
        ),
        (
            "body_interrupted",
            service
                .clone()
                .oneshot(request(Frames::new([BODY], true).broken()))
                .await,
        ),
        (
            "body_interrupted",
            service
                .clone()
                .oneshot(request(Frames::new([BODY], false).broken()))
                .await,
        ),
        (
            "body_timeout",
            service.clone().oneshot(request(Silence)).await,
        ),
        (
            "body_not_an_object",
            service
                .clone()
                .oneshot(request(Empty::<Bytes>::new()))
                .await,
        ),
    ] {
        let refused = refused.unwrap();
        let rejection = refused.extensions().get::<Rejection>().unwrap();
        assert_eq!(rejection.name(), name);
        let closes = refused
            .headers()
            .get("connection")
            .is_some_and(|value| value == "close");
        assert_eq!(closes, name != "body_not_an_object", "{name}");
    }

    let mut over_http_2 = request(Silence);
    *over_http_2.version_mut() = Version::HTTP_2;
    let refused = service.oneshot(over_http_2).await.unwrap();
    assert_eq!(refused.status(), StatusCode::REQUEST_TIMEOUT);
    assert!(
        refused.headers().get("connection").is_none(),
        "HTTP/2 has no such header"
    );
}

#[cfg(feature = "timeout")]
#[tokio::test(start_paused = true)]
async fn the_time_limit_starts_with_the_headers_and_can_be_set() {
    for (limit, expected) in [(None, 10), (Some(3), 3)] {
        let mut layer: TfWebhookLayer = TfWebhookLayer::new(TOKEN);
        if let Some(limit) = limit {
            layer = layer.body_timeout(Duration::from_secs(limit));
        }
        let service = layer.layer(service_fn(|_| async {
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }));
        let started = tokio::time::Instant::now();
        let response = service.oneshot(request(Silence)).await.unwrap();
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(started.elapsed().as_secs(), expected);
    }
}

#[cfg(feature = "timeout")]
#[tokio::test(start_paused = true)]
async fn endless_empty_frames_end_with_the_time_limit() {
    struct Nothing;
    impl Body for Nothing {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(Some(Ok(Frame::data(Bytes::new()))))
        }
    }
    let service = TfWebhookLayer::new(TOKEN).layer(service_fn(|_: Request<Full<Bytes>>| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let mut response = pin!(service.oneshot(request(Nothing)));
    // Other tasks get to run: the clock is one of them.
    for _ in 0..10 {
        assert!(futures_poll(response.as_mut()).await.is_none());
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let response = futures_poll(response).await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
}

#[cfg(feature = "timeout")]
#[tokio::test(start_paused = true)]
async fn a_body_that_uses_up_the_budget_of_its_task_ends_with_the_time_limit() {
    /// Empty frames from a channel of tokio, which stops being ready when the task has used up its budget.
    struct Channel(tokio::sync::mpsc::UnboundedReceiver<()>);
    impl Body for Channel {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0
                .poll_recv(cx)
                .map(|frame| frame.map(|()| Ok(Frame::data(Bytes::new()))))
        }
    }
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..1_000_000 {
        sender.send(()).unwrap();
    }
    let service = TfWebhookLayer::new(TOKEN).layer(service_fn(|_: Request<Full<Bytes>>| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let response = tokio::spawn(service.oneshot(request(Channel(receiver))));
    // More frames than it can read between two turns are always there.
    for _ in 0..11 {
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert!(response.is_finished());
    let response = response.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
}

/// Polls once.
async fn futures_poll<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn strangers_do_not_hold_the_capacity_of_the_inner_service() {
    let handled = Arc::new(AtomicUsize::new(0));
    let service = ServiceBuilder::new()
        .layer(TfWebhookLayer::new(TOKEN))
        .layer(GlobalConcurrencyLimitLayer::new(8))
        .service_fn(|_: Request<Full<Bytes>>| async {
            handled.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        });

    let mut hanging: Vec<_> = (0..8)
        .map(|_| {
            let mut service = service.clone();
            Box::pin(async move { service.call(request(Silence)).await })
        })
        .collect();
    for call in &mut hanging {
        assert!(futures_poll(call.as_mut()).await.is_none());
    }

    let genuine = service.clone().oneshot(request(Full::<Bytes>::from(BODY)));
    let response = tokio::time::timeout(Duration::from_secs(5), genuine)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(handled.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn an_authentic_delivery_waits_for_capacity_and_gets_it() {
    let (open, gate) = tokio::sync::watch::channel(false);
    let service = ServiceBuilder::new()
        .layer(TfWebhookLayer::new(TOKEN))
        .layer(ConcurrencyLimitLayer::new(1))
        .service_fn(move |_: Request<Full<Bytes>>| {
            let mut gate = gate.clone();
            async move {
                gate.wait_for(|open| *open).await.unwrap();
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        });
    // One service value, as in a connection: each call leaves it usable for the next.
    let mut service = service;
    let mut calls = Vec::new();
    for late in [false, true, false] {
        calls.push(Box::pin(service.call(request(Frames::new([BODY], late)))));
    }
    for _ in 0..3 {
        for call in &mut calls {
            assert!(futures_poll(call.as_mut()).await.is_none());
        }
    }
    // A caller that stops waiting leaves its place to the next.
    drop(calls.remove(1));
    open.send(true).unwrap();
    for call in calls {
        let response = tokio::time::timeout(Duration::from_secs(5), call)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn errors_of_the_inner_service_pass_unchanged() {
    #[derive(Clone)]
    struct Broken {
        when_ready: bool,
    }
    impl Service<Request<Full<Bytes>>> for Broken {
        type Response = Response<Empty<Bytes>>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Self::Response, &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(if self.when_ready {
                Err("not ready")
            } else {
                Ok(())
            })
        }

        fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
            std::future::ready(Err("failed"))
        }
    }
    for late in [false, true] {
        for (when_ready, expected) in [(true, "not ready"), (false, "failed")] {
            let service: WebhookService<_, _, Full<Bytes>> =
                TfWebhookLayer::new(TOKEN).layer(Broken { when_ready });
            let error = service
                .oneshot(request(Frames::new([BODY], late)))
                .await
                .unwrap_err();
            assert_eq!(error, expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_works_with_the_layers_of_tower_http() {
    let service = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            Duration::from_secs(5),
        ))
        .layer(RequestBodyLimitLayer::new(60))
        .layer(TfWebhookLayer::new(TOKEN))
        .layer(TraceLayer::new_for_http())
        .service_fn(|_: Request<Full<Bytes>>| async {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("done")))
        });

    let accepted = service
        .clone()
        .oneshot(request(Full::<Bytes>::from(BODY)))
        .await
        .unwrap();
    assert_eq!(text(accepted).await, (200, "done".to_owned()));

    // An outer limit, reached while reading: there is no `Content-Length`.
    let long = [&[b' '; 40][..], &[b' '; 40]];
    let refused = service
        .oneshot(request(Frames::new(long, true)))
        .await
        .unwrap();
    assert_eq!(
        refused.extensions().get::<Rejection>(),
        Some(&Rejection::BodyTooLarge)
    );
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn the_body_of_an_answer_is_replaced_and_so_are_its_headers() {
    let service = TfWebhookLayer::new(TOKEN)
        .acknowledge_failures(true)
        .layer(service_fn(|_: Request<Full<Bytes>>| async {
            let mut response = Response::new(Full::<Bytes>::from("<h1>oh</h1>"));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            for name in [
                "content-length",
                "transfer-encoding",
                "content-type",
                "content-encoding",
                "etag",
                "trailer",
                "x-kept",
            ] {
                response.headers_mut().append(name, "0".parse().unwrap());
            }
            Ok::<_, Infallible>(response)
        }));
    let response = service
        .oneshot(request(Full::<Bytes>::from(BODY)))
        .await
        .unwrap();
    let names: Vec<_> = response
        .headers()
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    assert_eq!(names, ["x-kept", "content-type"]);
    assert_eq!(response.body().size_hint().exact(), Some(34));
    assert_eq!(
        text(response).await,
        (200, "OK (processed with internal error)".to_owned())
    );
}

#[tokio::test]
async fn secrets_change_in_services_that_already_exist() {
    let layer = TfWebhookLayer::new("old");
    let secrets = layer.secrets();
    let service = layer.layer(service_fn(|_| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let status = async |token: &str| {
        let request = testing::tusfacturas(&TfEvent::new(TfEvento::Test), token)
            .into_request::<Full<Bytes>>();
        service
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!((status("old").await, status("new").await), (200, 403));
    secrets.add("new").unwrap();
    assert_eq!((status("old").await, status("new").await), (200, 200));
    secrets.remove("old").unwrap();
    assert_eq!((status("old").await, status("new").await), (403, 200));
}

#[test]
#[should_panic(
    expected = "the webhook layer for tusfacturas cannot start: the secret is empty: set a value"
)]
fn empty_token_is_refused_when_the_layer_is_built() {
    let _ = TfWebhookLayer::new("");
}

#[test]
fn useless_tokens_never_yield_a_layer() {
    type Layer = TfWebhookLayer;
    assert!(Layer::try_new("").is_err());
    assert!(Layer::try_new("  ").is_err());
    assert!(Layer::try_new("tok\n").is_err());
    assert!(Layer::try_new(Vec::<String>::new()).is_err());
    for secret in ["", "  ", "tok\n"] {
        assert!(std::panic::catch_unwind(|| Layer::new(secret)).is_err());
    }
    assert!(std::panic::catch_unwind(|| Layer::new(Vec::<String>::new())).is_err());
}

#[test]
fn futures_and_bodies_may_cross_threads() {
    fn crosses<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    // Neither a body nor a service that only one thread at a time may use is in the way.
    type Incoming = UnsyncBoxBody<Bytes, io::Error>;
    type Inner = BoxCloneService<Request<Full<Bytes>>, Response<Full<Bytes>>, Infallible>;
    type Webhooks<P> = WebhookService<Inner, P, Full<Bytes>>;
    fn sender<P: Provider>() {
        crosses::<Webhooks<P>>();
        crosses::<<Webhooks<P> as Service<Request<Incoming>>>::Future>();
        is_shared::<WebhookLayer<P>>();
    }
    sender::<TusFacturas>();
    sender::<Multicaja>();
    sender::<MulticajaValidation>();
    sender::<StandardWebhooks>();
    sender::<Github>();
    sender::<Stripe>();
    sender::<MercadoPago>();
    is_shared::<MulticajaValidationLayer>();
    crosses::<ResponseBody<Full<Bytes>>>();
}

//! How a body is cut into frames, and when they arrive, never changes the answer or the delivery.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use proptest::prelude::*;
use proptest::sample::Index;
use tower::{ServiceBuilder, ServiceExt as _};
use webhook_core::github::Github;
use webhook_core::multicaja::Multicaja;
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{Delivery, FromSecrets, Value, testing};
use webhook_tower::{Rejection, WebhookLayer};

/// A body in frames. `None` means that nothing has arrived yet.
struct Cut(VecDeque<Option<Frame<Bytes>>>);

impl Body for Cut {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.pop_front() {
            None => Poll::Ready(None),
            Some(Some(frame)) => Poll::Ready(Some(Ok(frame))),
            Some(None) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

fn cut(body: &Bytes, cuts: &[Index], pauses: &[bool], with_trailers: bool) -> Cut {
    let mut cuts: Vec<_> = cuts.iter().map(|at| at.index(body.len() + 1)).collect();
    cuts.push(body.len());
    cuts.sort_unstable();
    let mut frames = VecDeque::new();
    let mut start = 0;
    for (at, end) in cuts.into_iter().enumerate() {
        if pauses.get(at % pauses.len().max(1)) == Some(&true) {
            frames.push_back(None);
        }
        // Two cuts at the same place give an empty frame, which is allowed.
        frames.push_back(Some(Frame::data(body.slice(start..end))));
        start = end;
    }
    if with_trailers {
        frames.push_back(Some(Frame::trailers(HeaderMap::new())));
    }
    Cut(frames)
}

/// What the sender got, why, and what the handler got.
type Told = (
    StatusCode,
    HeaderMap,
    Bytes,
    Option<Rejection>,
    Vec<(Option<String>, Bytes, Bytes)>,
);

async fn told<P: FromSecrets>(limit: usize, request: Request<()>, body: Cut) -> Told {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let seen = Arc::clone(&seen);
        move |mut request: Request<Full<Bytes>>| {
            let seen = Arc::clone(&seen);
            async move {
                let delivery = request
                    .extensions_mut()
                    .remove::<Delivery<P::Event>>()
                    .unwrap();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let key = delivery.label().map(|label| label.to_string());
                seen.lock()
                    .unwrap()
                    .push((key, delivery.body().clone(), body));
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            }
        }
    };
    let layer = WebhookLayer::<P>::new([("a", "s3cr3t"), ("b", "other")]).body_limit(limit);
    let service = ServiceBuilder::new().layer(layer).service_fn(handler);
    let response = service.oneshot(request.map(|()| body)).await.unwrap();
    let (parts, body) = response.into_parts();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (
        parts.status,
        parts.headers,
        body.collect().await.unwrap().to_bytes(),
        parts.extensions.get::<Rejection>().cloned(),
        seen,
    )
}

fn assert_cuts_do_not_matter<P: FromSecrets>(
    request: testing::TestRequest,
    limit: usize,
    cuts: &[Index],
    pauses: &[bool],
    with_trailers: bool,
) -> Result<StatusCode, TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let body = request.body.clone();
    let (parts, ()) = request.into_request::<Bytes>().map(|_| ()).into_parts();
    let deliver = |body| {
        let request = Request::from_parts(parts.clone(), ());
        runtime.block_on(told::<P>(limit, request, body))
    };
    let whole = deliver(cut(&body, &[], &[], false));
    prop_assert_eq!(&deliver(cut(&body, cuts, pauses, with_trailers)), &whole);
    // An event reaches the handler once and in full, or not at all.
    let events = usize::from(whole.0 == StatusCode::OK);
    prop_assert_eq!(whole.4.len(), events);
    prop_assert!(
        whole
            .4
            .iter()
            .all(|(_, raw, inward)| *raw == body && *inward == body)
    );
    Ok(whole.0)
}

proptest! {
    #[test]
    fn how_a_body_is_cut_into_frames_never_changes_the_answer(
        text in prop_oneof!["[a-z]{0,200}", any::<String>()],
        is_json in prop::bool::weighted(0.8),
        is_authentic in prop::bool::weighted(0.8),
        limit in prop_oneof![4 => Just(64 * 1024), 1 => 0_usize..300],
        cuts in prop::collection::vec(any::<Index>(), 0..40),
        pauses in prop::collection::vec(any::<bool>(), 0..8),
        with_trailers in any::<bool>(),
    ) {
        let secret = if is_authentic { "s3cr3t" } else { "wrong" };
        let body = match is_json {
            true => format!(
                r#"{{"evento":"emitido","external_reference":{},"reference_id":"ABC","order_id":"123"}}"#,
                Value::from(text),
            ),
            false => text,
        };
        let mut multicaja = testing::tusfacturas_body(body.clone(), "unused");
        multicaja.uri = "/webhook_confirm".parse().unwrap();
        let digest = testing::multicaja_digest("ABC", "123", secret);
        multicaja.headers.insert("apikey", HeaderValue::from_str(&digest).unwrap());

        let (cuts, pauses, trailers) = (&cuts[..], &pauses[..], with_trailers);
        let statuses = [
            assert_cuts_do_not_matter::<TusFacturas>(
                testing::tusfacturas_body(body.clone(), secret), limit, cuts, pauses, trailers,
            )?,
            assert_cuts_do_not_matter::<Multicaja>(multicaja, limit, cuts, pauses, trailers)?,
            assert_cuts_do_not_matter::<Github>(
                testing::github("push", body.clone(), secret), limit, cuts, pauses, trailers,
            )?,
        ];
        let accepted = is_json && is_authentic && body.len() <= limit;
        if is_json {
            prop_assert_eq!(statuses.map(|status| status == StatusCode::OK), [accepted; 3]);
        }
    }
}

// An adapter: receives the deliveries of TusFacturasAPP on bare hyper, with `webhook_core::driver`.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, server::conn::http1};
use hyper_util::rt::TokioIo;
use webhook_core::driver::{Answer, BodyBuffer, InFlight, Verifier};
use webhook_core::tusfacturas::{TfEvent, TusFacturas};
use webhook_core::{Delivery, Head, Provider, Rejection, Reply, bytes::Bytes};

/// What an adapter does with one request.
pub async fn receive<P: Provider, F>(
    verifier: &Verifier<P>,
    request: Request<Incoming>,
    handler: impl FnOnce(Request<()>) -> F,
) -> Response<Full<Bytes>>
where
    F: Future<Output = Response<Full<Bytes>>>,
{
    // 1. The head. What it refuses is answered without a look at the body.
    let pending = match verifier.begin(&Head::from(&request)) {
        Ok(pending) => pending,
        Err(answered) => return response(answered.reply, answered.closes),
    };

    // 2. The body, under both limits.
    let (mut parts, mut body) = request.into_parts();
    let mut buffer = pending.buffer();
    let read = async {
        for count in 1.. {
            match body.frame().await {
                None => break,
                Some(Ok(frame)) => frame.into_data().map_or(Ok(()), |data| buffer.push(data))?,
                Some(Err(_)) => return Err(Rejection::BodyInterrupted),
            }
            if count % BodyBuffer::FRAMES_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    };
    let read = tokio::time::timeout(pending.body_timeout(), read).await;
    let read = read.unwrap_or(Err(Rejection::BodyTimeout));

    // 3. The proof, and the event.
    for (name, value) in &mut parts.headers {
        if pending.credential_headers().contains(name) {
            value.set_sensitive(true);
        }
    }
    let accepted = match pending.finish_or_refuse(read.map(|()| buffer.into_bytes())) {
        Ok(accepted) => accepted,
        Err(answered) => return response(answered.reply, answered.closes),
    };

    // 4. The handler finds the delivery in the extensions.
    parts.extensions.insert(accepted.delivery);

    // 5. The handler runs.
    let mut in_flight = Some(accepted.in_flight);
    let mut future = pin!(handler(Request::from_parts(parts, ())));
    let poll =
        poll_fn(|cx| InFlight::reporting_panics(&mut in_flight, || future.as_mut().poll(cx)));
    let (mut parts, body) = poll.await.into_parts();

    // 6. Its answer becomes one that the sender counts as received.
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let answer = in_flight.map(|it| it.answer(parts.status, content_type, body.is_end_stream()));
    match answer {
        Some(Answer::SetStatus(status)) => parts.status = status,
        Some(Answer::Replace(reply)) => return response(reply, false),
        _ => {}
    }
    Response::from_parts(parts, body)
}

fn response(reply: Reply, closes: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(reply.body));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.extend(reply.headers);
    headers.extend(reply.content_type.map(|value| (CONTENT_TYPE, value)));
    headers.extend(closes.then_some((CONNECTION, HeaderValue::from_static("close"))));
    response
}

async fn on_invoice(request: Request<()>) -> Response<Full<Bytes>> {
    let delivery = request.extensions().get::<Delivery<TfEvent>>();
    let invoice = delivery.and_then(|delivery| delivery.external_reference.clone());
    Response::new(format!("noted {invoice:?}").into())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let verifier = Verifier::<TusFacturas>::try_new(std::env::var("TF_WEBHOOK_TOKEN")?)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let verifier = verifier.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| async {
                Ok::<_, Infallible>(receive(&verifier, request, on_invoice).await)
            });
            http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
        });
    }
}

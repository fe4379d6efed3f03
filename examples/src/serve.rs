use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Buf;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::time::{sleep, timeout};
use tower::{BoxError, Service};

use crate::Limits;

/// Serves HTTP/1 and HTTP/2 without TLS until `stop` is ready and the requests in flight are answered.
///
/// `axum::serve` is shorter, but does not limit the time for headers: a client that connects and sends nothing would
/// keep its connection forever. The layers in the service enforce the limit of the body; here it only determines how
/// long to wait at the end.
///
/// # Errors
///
/// If the listener cannot be passed to tokio. Nothing that happens to a single connection ends the server.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data: Buf + Send, Error: Into<BoxError>> + Send + 'static,
{
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.head);
    let connections = GracefulShutdown::new();

    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Most likely out of file descriptors: some become free when connections end.
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let service = TowerToHyperService::new(service.clone());
        let heard = Arc::new(AtomicBool::new(false));
        let hearing = Arc::clone(&heard);
        let service = service_fn(move |request| {
            hearing.store(true, Ordering::Relaxed);
            service.call(request)
        });
        let connection = http
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            // hyper's own limit starts when it knows the HTTP version, which a silent client never sends.
            if let Ok(_ended) = timeout(limits.head, &mut connection).await {
                return;
            }
            if heard.load(Ordering::Relaxed) {
                let _broken = connection.await;
            }
        });
    }

    drop(listener);
    if timeout(limits.stop(), connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("stopped before every request in flight was answered");
    }
    Ok(())
}

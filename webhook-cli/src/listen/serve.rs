use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// How long the head of a request may take, and a connection be idle.
const HEAD: Duration = Duration::from_secs(10);

/// How long the head of a request may be, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// How long requests that are being answered have when the command stops.
pub(super) const LAST: Duration = Duration::from_secs(5);

/// Answers requests until it is told to stop, on so many connections at a time.
pub(super) async fn serve<F, A, B>(
    listener: TcpListener,
    connections: u32,
    mut stop: watch::Receiver<bool>,
    answer: F,
) where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let free = Arc::new(Semaphore::new(connections as usize));
    loop {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // No more files, for example: what is open must close first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (answer, stop) = (answer.clone(), stop.clone());
        tokio::spawn(async move {
            connection(stream, stop, answer).await;
            drop(permit);
        });
    }
    drop(listener);
    let _some_may_last_longer = tokio::time::timeout(LAST, free.acquire_many(connections)).await;
}

async fn connection<F, A, B>(stream: TcpStream, mut stop: watch::Receiver<bool>, answer: F)
where
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Response<B>>,
    B: Body<Data = Bytes, Error = Infallible> + 'static,
{
    let _only_slower_without = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let answer = answer(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ended = &mut connection => {}
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

/// Waits until the command stops.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _or_is_gone = stop.wait_for(|stop| *stop).await;
}

//! HTTP/2, which the receiver on axum serves without TLS. To the one on actix, its preface is not HTTP.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::SendStream;
use h2::client::{self, SendRequest};
use http::Request;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::{Events, LIMIT, Receiver, TOKEN, event};
use webhook_tests::patience::PATIENCE;

/// How many streams are opened on one connection, one after another or as many at once as the server allows.
const STREAMS: usize = 1_000;

/// Each stream is answered or ended, none disturbs the others, and authentic ones are accepted.
pub(crate) fn streams(addr: SocketAddr, receiver: Receiver) -> Events {
    if receiver == Receiver::Actix {
        return 0;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (accepted, ..) = tokio::join!(
            good_and_forged(addr),
            without_bodies(addr),
            empty_frames(addr),
            reset_at_once(addr),
            late_bodies(addr),
        );
        accepted
    })
}

async fn connect(addr: SocketAddr) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(addr).await.unwrap();
    let (client, connection) = client::handshake(stream).await.unwrap();
    tokio::spawn(async move {
        // An attack may end its connection.
        let _ended = connection.await;
    });
    // The answer comes after the server's settings, whose limits a client must keep from then on.
    let mut ready = client.clone().ready().await.unwrap();
    let health = Request::get("http://receiver/health").body(()).unwrap();
    let (answer, _) = ready.send_request(health, true).unwrap();
    assert_eq!(
        timeout(PATIENCE, answer).await.unwrap().unwrap().status(),
        200
    );
    client
}

fn head(token: &str) -> Request<()> {
    let request = Request::post("http://receiver/webhook").header("tf-webhooktoken", token);
    request.body(()).unwrap()
}

/// 200 and 403, each for its own request.
async fn good_and_forged(addr: SocketAddr) -> Events {
    let client = connect(addr).await;
    let mut answers = Vec::new();
    for at in 0..STREAMS {
        let (token, reference) = match at % 2 {
            0 => (TOKEN, "stream"),
            _ => ("guessed", "forged"),
        };
        let mut client = timeout(PATIENCE, client.clone().ready())
            .await
            .unwrap()
            .unwrap();
        let (answer, mut body) = client.send_request(head(token), false).unwrap();
        let _refused_already = body.send_data(event(reference).into(), true);
        answers.push(tokio::spawn(answer));
    }
    let mut accepted = 0;
    for (at, answer) in answers.into_iter().enumerate() {
        let answer = timeout(PATIENCE, answer).await.unwrap().unwrap().unwrap();
        assert_eq!(answer.status(), if at % 2 == 0 { 200 } else { 403 });
        accepted += usize::from(at % 2 == 0);
    }
    accepted
}

/// As many streams as the server allows, each with headers and no body: 408 for each.
async fn without_bodies(addr: SocketAddr) {
    let client = connect(addr).await;
    let allowed = client.current_max_send_streams();
    assert!(
        (100..=STREAMS).contains(&allowed),
        "the server sets a limit: {allowed} streams"
    );
    let opened = Instant::now();
    let mut hanging: Vec<(_, SendStream<Bytes>)> = Vec::new();
    for _ in 0..allowed.min(150) {
        let ready = timeout(PATIENCE, client.clone().ready()).await;
        hanging.push(
            ready
                .unwrap()
                .unwrap()
                .send_request(head(TOKEN), false)
                .unwrap(),
        );
    }
    for (answer, _unfinished) in hanging {
        let answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
        assert_eq!(answer.status(), 408);
        assert!(opened.elapsed() >= LIMIT);
    }
}

/// Empty frames never make the body longer: 408, or the end of the stream or connection.
async fn empty_frames(addr: SocketAddr) {
    let mut client = connect(addr).await.ready().await.unwrap();
    let (answer, mut body) = client.send_request(head(TOKEN), false).unwrap();
    let sending = tokio::spawn(async move {
        while body.send_data(Bytes::new(), false).is_ok() {
            sleep(Duration::from_micros(200)).await;
        }
    });
    if let Ok(answer) = timeout(PATIENCE, answer).await.unwrap() {
        assert_eq!(answer.status(), 408);
    }
    sending.abort();
}

/// Streams that are opened and reset without waiting: only this connection may be ended for it.
async fn reset_at_once(addr: SocketAddr) {
    let client = connect(addr).await;
    for _ in 0..5 * STREAMS {
        let ready = timeout(PATIENCE, client.clone().ready()).await;
        let Ok(mut client) = ready.unwrap() else {
            return;
        };
        let Ok((answer, mut body)) = client.send_request(head(TOKEN), false) else {
            return;
        };
        body.send_reset(h2::Reason::CANCEL);
        drop::<client::ResponseFuture>(answer);
    }
}

/// Streams that are refused by their headers, and whose bodies come after the answer: 403 for each, one after another,
/// and the connection stays open, since a proxy may send strangers and senders over it together.
async fn late_bodies(addr: SocketAddr) {
    let client = connect(addr).await;
    for _ in 0..3 * STREAMS {
        let ready = timeout(PATIENCE, client.clone().ready()).await;
        let (answer, mut body) = ready
            .unwrap()
            .unwrap()
            .send_request(head("guessed"), false)
            .unwrap();
        let answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
        assert_eq!(answer.status(), 403);
        let _refused_already = body.send_data(event("forged").into(), true);
    }
}

//! Deliveries over sockets: an inbox against a handler by hand on the same server, both driven by the same clients.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use webhook_axum::TfWebhookLayer;
use webhook_core::guarantee::InboxStore;
use webhook_stores::{PostgresStore, SqliteStore};
use webhook_tests::postgres::shared;

use crate::by_hand::{self, ByHand, Row};
use crate::rounds::{Round, WAITING, compare};
use crate::subjects::{self, TOKEN, new_event};
use crate::{Directory, Options, fresh};

pub(crate) async fn sqlite(options: Options) {
    let store = async || {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.file()).unwrap();
        serve(options, inbox(store)).await
    };
    let hand = async || {
        let directory = Directory::new();
        let sqlite = by_hand::Sqlite::open(&directory.file());
        serve(options, handler(sqlite)).await
    };
    let row = "SQLite over HTTP, 64 connections";
    compare(options, row, ("inbox", store), ("by hand", hand)).await;
}

pub(crate) async fn postgres(options: Options) {
    let Some(cluster) = shared() else { return };
    let url = cluster.create_database();
    let store = PostgresStore::settings()
        .connections(by_hand::Postgres::CONNECTIONS)
        .connect(&url)
        .await
        .unwrap();
    let postgres = by_hand::Postgres::open(&url);
    let store = async || serve(options, inbox(store.clone())).await;
    let hand = async || serve(options, handler(postgres.clone())).await;
    let row = "PostgreSQL over HTTP, 64 connections";
    compare(options, row, ("inbox", store), ("by hand", hand)).await;
}

fn inbox(store: impl InboxStore) -> Router {
    let layer = TfWebhookLayer::new(TOKEN).trust_unsigned_ids();
    Router::new().route_service("/webhook", layer.inbox("invoices", store))
}

fn handler<S: ByHand>(store: S) -> Router {
    Router::new()
        .route("/webhook", post(on_event::<S>))
        .with_state(store)
}

/// Checks the token, parses, and stores.
async fn on_event<S: ByHand>(
    State(store): State<S>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let token = headers.get("TF-WebhookToken");
    if token.and_then(|token| token.to_str().ok()) != Some(TOKEN) {
        let answer = "El Token recibido no coincide con el esperado";
        return (StatusCode::FORBIDDEN, answer);
    }
    let Ok(event) = serde_json::from_slice::<subjects::ByHand>(&body) else {
        return (StatusCode::BAD_REQUEST, "");
    };
    let row = Row {
        key: format!("{}/{}/{}", event.recurso, event.evento, event.hook_id),
        kind: event.recurso,
        id: event.hook_id,
        envelope: r#"{"target":"/webhook"}"#.to_owned(),
        body: body.to_vec(),
    };
    store.store(row).await;
    (StatusCode::OK, "OK")
}

/// A client thread of its own, with as many connections as deliveries wait, and each with one delivery after the other.
fn drive(address: SocketAddr, time: Duration) -> Round {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..WAITING {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            clients.push(client);
        }
        let began = Instant::now();
        let mut sending = JoinSet::new();
        for client in clients {
            sending.spawn(deliver(client, began, time));
        }
        let waits = sending.join_all().await.concat();
        Round {
            rate: waits.len() as f64 / began.elapsed().as_secs_f64(),
            waits,
        }
    })
}

async fn deliver(
    mut client: http1::SendRequest<Body>,
    began: Instant,
    time: Duration,
) -> Vec<Duration> {
    let mut waits = Vec::new();
    while began.elapsed() < time {
        let asked = Instant::now();
        let request = Request::post("/webhook")
            .header("host", "shop.example")
            .header("content-type", "application/json")
            .header("tf-webhooktoken", TOKEN)
            .body(Body::from(new_event(fresh())))
            .unwrap();
        client.ready().await.unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().collect().await.unwrap();
        waits.push(asked.elapsed());
    }
    waits
}

async fn serve(options: Options, app: Router) -> Round {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, app).into_future());
    let client = thread::spawn(move || drive(address, options.round));
    let round = tokio::task::spawn_blocking(move || client.join().unwrap()).await;
    server.abort();
    round.unwrap()
}

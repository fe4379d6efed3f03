//! The client is gone while the handler runs. The receivers' handlers end at once, so servers with a slow one run here.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use axum::Router;
use axum::routing::post;
use tokio::time::sleep;
use webhook_core::TfEvent;
use webhook_examples::serve;

use crate::line::Line;
use crate::server::SOON;
use crate::{TOKEN, authentic};

/// What becomes of a handler.
#[derive(Debug, PartialEq)]
enum Fate {
    Started,
    Ended,
    Dropped,
}

/// Tells the fate of a handler, also when it is dropped.
struct Teller {
    to: Sender<Fate>,
    ended: bool,
}

impl Teller {
    fn new(to: Sender<Fate>) -> Self {
        to.send(Fate::Started).unwrap();
        Self { to, ended: false }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        let fate = if self.ended {
            Fate::Ended
        } else {
            Fate::Dropped
        };
        let _nobody_asks = self.to.send(fate);
    }
}

async fn handler(to: Sender<Fate>) {
    let mut teller = Teller::new(to);
    sleep(Duration::from_secs(1)).await;
    teller.ended = true;
}

fn axum() -> (SocketAddr, Receiver<Fate>) {
    use webhook_axum::{TfWebhookLayer, Webhook};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (to, fates) = mpsc::channel();
    let on_event = move |_: Webhook<TfEvent>| handler(to.clone());
    let app = Router::new().route("/webhook", post(on_event).layer(TfWebhookLayer::new(TOKEN)));
    thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime
            .block_on(serve(listener, app, std::future::pending()))
            .unwrap();
    });
    (addr, fates)
}

fn actix() -> (SocketAddr, Receiver<Fate>) {
    use webhook_actix::{TfWebhookLayer, Webhook};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (to, fates) = mpsc::channel();
    thread::spawn(move || {
        let server = HttpServer::new(move || {
            let to = to.clone();
            let on_event = move |_: Webhook<TfEvent>| {
                let to = to.clone();
                async move {
                    handler(to).await;
                    "OK"
                }
            };
            let layer = TfWebhookLayer::new(TOKEN);
            App::new().service(
                web::resource("/webhook")
                    .wrap(layer)
                    .route(web::post().to(on_event)),
            )
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap();
        actix_web::rt::System::new().block_on(server.run()).unwrap();
    });
    (addr, fates)
}

/// How the client goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Leaving {
    /// It closes its sending side, as a sender that waits no longer may.
    Closes,
    /// Its system answers the server with a reset: it went with something unread.
    Resets,
}

/// Asserted is the fate of the handler, which the two frameworks do not share, and that the server stays healthy.
/// hyper drops the handler in both cases; actix drops it on a reset, and runs it to its end when the client merely
/// closes its side. An app that must finish what it began has to spawn it.
#[test]
fn a_client_that_leaves_while_the_handler_runs_ends_no_more_than_its_own_handler() {
    use Leaving::{Closes, Resets};
    for (name, (addr, fates), expected) in [
        (
            "axum",
            axum(),
            [(Closes, Fate::Dropped), (Resets, Fate::Dropped)],
        ),
        (
            "actix",
            actix(),
            [(Closes, Fate::Ended), (Resets, Fate::Dropped)],
        ),
    ] {
        for (leaving, expected) in expected {
            let mut line = Line::open(addr);
            if leaving == Resets {
                // The answer to this one is never read.
                line.send("GET /webhook HTTP/1.1\r\nHost: receiver\r\n\r\n");
                thread::sleep(Duration::from_millis(200));
            }
            line.send(authentic("gone"));
            assert_eq!(
                fates.recv_timeout(SOON),
                Ok(Fate::Started),
                "{name}, {leaving:?}"
            );
            if leaving == Closes {
                line.end_sending();
                line.until_closed(SOON);
            }
            drop(line);
            assert_eq!(
                fates.recv_timeout(SOON),
                Ok(expected),
                "{name}, {leaving:?}"
            );
        }
        let mut line = Line::open(addr);
        line.send(authentic("stays"));
        assert_eq!(line.answers(1, SOON), [200]);
        assert_eq!(fates.recv_timeout(SOON), Ok(Fate::Started));
        assert_eq!(fates.recv_timeout(SOON), Ok(Fate::Ended));
    }
}

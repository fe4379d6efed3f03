//! Clients that leave while the handler runs. The receivers' handlers end at once, so this runs servers with slow
//! ones.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use axum::Router;
use axum::routing::post;
use tokio::time::sleep;
use webhook_core::tusfacturas::TfEvent;
use webhook_examples::{Limits, serve};

use crate::line::Line;
use crate::{TOKEN, authentic};
use webhook_tests::patience::PATIENCE;

/// How a handler ended.
#[derive(Debug, PartialEq)]
enum Fate {
    Started,
    Ended,
    Dropped,
}

/// Reports the fate of a handler, even when it is dropped.
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

/// The slow handler, which ends when the test allows it.
#[derive(Clone)]
struct Handler {
    to: Sender<Fate>,
    may_end: Arc<AtomicBool>,
}

impl Handler {
    async fn run(self) {
        let mut teller = Teller::new(self.to);
        while !self.may_end.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(5)).await;
        }
        teller.ended = true;
    }
}

/// A server whose handlers report their fates.
struct Told {
    addr: SocketAddr,
    fates: Receiver<Fate>,
    may_end: Arc<AtomicBool>,
}

impl Told {
    fn new(serve: impl FnOnce(TcpListener, Handler) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (to, fates) = mpsc::channel();
        let may_end = Arc::new(AtomicBool::new(false));
        let handler = Handler {
            to,
            may_end: Arc::clone(&may_end),
        };
        thread::spawn(move || serve(listener, handler));
        Self {
            addr,
            fates,
            may_end,
        }
    }

    fn fate(&self) -> Fate {
        self.fates.recv_timeout(PATIENCE).expect("a fate")
    }

    /// Waits until the server, which has one thread, has polled all connections with news: it polls those of these
    /// requests last.
    fn turn(&self) {
        for _ in 0..2 {
            let mut line = Line::open(self.addr);
            line.send(NO_DELIVERY);
            assert_eq!(line.answers(1), [405]);
        }
    }
}

/// The layer answers it without the handler.
const NO_DELIVERY: &str = "GET /webhook HTTP/1.1\r\nHost: receiver\r\n\r\n";

/// This does not test limits.
const LIMITS: Limits = Limits {
    head: PATIENCE,
    body: PATIENCE,
};

fn axum(listener: TcpListener, handler: Handler) {
    use webhook_axum::{TfWebhookLayer, Webhook};

    let on_event = move |_: Webhook<TfEvent>| handler.clone().run();
    let layer = TfWebhookLayer::new(TOKEN).body_timeout(LIMITS.body);
    let app = Router::new().route("/webhook", post(on_event).layer(layer));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(serve(listener, app, LIMITS, std::future::pending()))
        .unwrap();
}

fn actix(listener: TcpListener, handler: Handler) {
    use webhook_actix::{TfWebhookLayer, Webhook};

    let server = HttpServer::new(move || {
        let handler = handler.clone();
        let on_event = move |_: Webhook<TfEvent>| {
            let handler = handler.clone();
            async move {
                handler.run().await;
                "OK"
            }
        };
        let layer = TfWebhookLayer::new(TOKEN).body_timeout(LIMITS.body);
        App::new().service(
            web::resource("/webhook")
                .wrap(layer)
                .route(web::post().to(on_event)),
        )
    });
    let server = server
        .client_request_timeout(LIMITS.head)
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap();
    actix_web::rt::System::new().block_on(server.run()).unwrap();
}

/// How the client leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Leaving {
    /// It closes its sending side, as a sender that no longer waits may.
    Closes,
    /// Its system resets the connection: it left something unread.
    Resets,
}

/// Asserts the fate of the handler, which differs between the two frameworks, and that the server stays healthy. hyper
/// drops the handler in both cases; actix drops it on a reset, and runs it to its end when the client only closes its
/// side. An app that must finish what it began has to spawn it.
#[test]
fn a_client_that_leaves_ends_at_most_its_own_handler() {
    use Leaving::{Closes, Resets};
    for (name, server, expected) in [
        (
            "axum",
            Told::new(axum),
            [(Closes, Fate::Dropped), (Resets, Fate::Dropped)],
        ),
        (
            "actix",
            Told::new(actix),
            [(Closes, Fate::Ended), (Resets, Fate::Dropped)],
        ),
    ] {
        for (leaving, expected) in expected {
            let mut line = Line::open(server.addr);
            if leaving == Resets {
                line.send(NO_DELIVERY);
                line.leave_unread();
            }
            line.send(authentic("gone"));
            assert_eq!(server.fate(), Fate::Started, "{name}, {leaving:?}");
            let mut left = match leaving {
                Closes => {
                    line.end_sending();
                    Some(line)
                }
                Resets => {
                    drop(line);
                    None
                }
            };
            // Until it is allowed to end, a handler can only be dropped.
            if expected == Fate::Ended {
                server.turn();
                server.may_end.store(true, Ordering::Relaxed);
            }
            assert_eq!(server.fate(), expected, "{name}, {leaving:?}");
            left.iter_mut().for_each(|line| drop(line.until_closed()));
            server.may_end.store(false, Ordering::Relaxed);
        }
        server.may_end.store(true, Ordering::Relaxed);
        let mut line = Line::open(server.addr);
        line.send(authentic("stays"));
        assert_eq!(line.answers(1), [200]);
        assert_eq!(server.fate(), Fate::Started);
        assert_eq!(server.fate(), Fate::Ended);
    }
}

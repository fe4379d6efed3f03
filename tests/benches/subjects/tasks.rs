//! Handlers in tasks of their own, and each delivery once. Both sides of a comparison share a runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::{Builder, Runtime};
use webhook_axum::{MemoryStore, Tasks};

use super::{
    Body, EVENT, Request, Router, Service, Side, StatusCode, TOKEN, TfEvent, TfWebhookLayer,
    Webhook, event_request, head, post,
};

/// A runtime, and how many deliveries are made at once in it.
#[derive(Clone)]
pub struct Shared {
    runtime: Arc<Runtime>,
    senders: u64,
}

impl Shared {
    /// One thread, and one delivery after the other.
    pub fn one_thread() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        Self {
            runtime: Arc::new(runtime.unwrap()),
            senders: 1,
        }
    }

    /// Two workers, and eight deliveries at once.
    pub fn two_threads() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        Self {
            runtime: Arc::new(runtime.unwrap()),
            senders: 8,
        }
    }

    /// A side whose deliveries are made as a server makes them: in tasks of the runtime.
    fn side<R>(self, app: Router, request: R) -> Side
    where
        R: Fn() -> Request<Body> + Clone + Send + 'static,
    {
        let app = app.with_state(());
        Side(Box::new(move |count| {
            let senders: Vec<_> = (0..self.senders)
                .map(|sender| {
                    let (app, request) = (app.clone(), request.clone());
                    // All of them make `count`.
                    let count = (count + sender) / self.senders;
                    self.runtime.spawn(async move {
                        for _ in 0..count {
                            let response = app.clone().call(request()).await.unwrap();
                            assert_eq!(response.status(), StatusCode::OK);
                        }
                    })
                })
                .collect();
            self.runtime.block_on(async {
                for sender in senders {
                    sender.await.unwrap();
                }
            });
        }))
    }
}

async fn on_event(Webhook(event): Webhook<TfEvent>) {
    std::hint::black_box(&event);
}

/// What each request of a comparison carries.
#[derive(Clone, Copy)]
pub enum Ids {
    /// An id that was not sent before.
    New,
    /// The same id in all.
    Same,
}

pub fn plain_in(runtime: Shared, ids: Ids) -> Side {
    let app = Router::new().route("/webhook", post(on_event).layer(TfWebhookLayer::new(TOKEN)));
    match ids {
        Ids::New => runtime.side(app, new_event_request()),
        Ids::Same => runtime.side(app, event_request(TOKEN)),
    }
}

pub fn detached_in(runtime: Shared) -> Side {
    let layer = TfWebhookLayer::new(TOKEN).detached(&Tasks::new());
    let app = Router::new().route("/webhook", post(on_event).layer(layer));
    runtime.side(app, event_request(TOKEN))
}

pub fn once_in(runtime: Shared, ids: Ids) -> Side {
    let layer = TfWebhookLayer::new(TOKEN).trust_unsigned_ids().once(
        "invoices",
        MemoryStore::new(),
        &Tasks::new(),
    );
    let app = Router::new().route("/webhook", post(on_event).layer(layer));
    match ids {
        Ids::New => runtime.side(app, new_event_request()),
        Ids::Same => {
            let mut side = runtime.side(app, event_request(TOKEN));
            // The first is handled, and what is measured are repeats.
            side.deliver(1);
            side
        }
    }
}

/// Requests of one length, each with an id of its own.
fn new_event_request() -> impl Fn() -> Request<Body> + Clone + Send {
    let ids = Arc::new(AtomicU64::new(0));
    move || {
        let id = ids.fetch_add(1, Ordering::Relaxed);
        let body = new_event(id);
        head()
            .header("content-length", body.len())
            .header("tf-webhooktoken", TOKEN)
            .body(Body::from(body))
            .unwrap()
    }
}

/// The event with an id of 16 digits, made in place: to make it is part of what both sides cost.
pub fn new_event(id: u64) -> Vec<u8> {
    const PLACE: &[u8] = b"xxxxx\"}";
    let start = EVENT.strip_suffix(PLACE).unwrap();
    let mut body = Vec::with_capacity(EVENT.len() + 11);
    body.extend_from_slice(start);
    body.extend(
        (0..16)
            .rev()
            .map(|digit| b"0123456789abcdef"[(id >> (4 * digit) & 15) as usize]),
    );
    body.extend_from_slice(b"\"}");
    body
}

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use actix_web::web::Payload;
use actix_web::{Handler, HttpRequest, HttpResponse, rt};
use webhook_core::guarantee::InboxStore;
use webhook_core::http::HeaderName;
use webhook_core::provider::Deferrable;
use webhook_core::{Provider, Rejection};

use crate::head::ActixHeaders;
use crate::layer::{WebhookLayer, credential_headers};
use crate::payload::poll_payload;
use crate::response;

impl<P: Provider> WebhookLayer<P> {
    /// Stores each delivery, acknowledges it once it is durable, and leaves it to a worker: no handler can make the sender
    /// wait, and none that fails or dies loses an event. Call it last, when everything else is set. What it returns is a
    /// handler: `web::resource("/webhook").to(inbox)`.
    ///
    /// `endpoint` is the app's name for what it serves, such as `orders`: the worker finds the handler by it, so it must stay.
    /// A repeat is recognized if the sender signs its ids, or if the app [trusts](Self::trust_unsigned_ids) them. The crate
    /// `webhook-stores` has stores and the worker, which calls a plain `async fn` with the delivery.
    ///
    /// # Panics
    ///
    /// If the name is empty, longer than 64 bytes, or has a control character. If the sender is a
    /// [`Scheme`](webhook_core::signing::Scheme) that signs neither the body nor an id.
    #[track_caller]
    pub fn inbox(self, endpoint: &str, store: impl InboxStore) -> Inbox<P>
    where
        P: Deferrable,
    {
        Inbox::new(webhook_tower::Inbox::new(self.verifier, endpoint, store))
    }
}

/// Stores each authentic delivery and acknowledges it; a worker handles it later. It is a handler:
/// `web::resource("/webhook").to(inbox)`.
///
/// Made by [`WebhookLayer::inbox`](crate::WebhookLayer::inbox); what a sender is answered is in the table of
/// [`webhook_tower::Inbox`]. The worker takes what this [contains](AsRef).
#[must_use]
pub struct Inbox<P>(webhook_tower::Inbox<P>);

impl<P: Deferrable> Inbox<P> {
    pub(crate) fn new(inbox: webhook_tower::Inbox<P>) -> Self {
        Self(inbox)
    }

    /// Sets how long after the head of a request its answer is sent at the latest: 503 with `Retry-After`, if the delivery is
    /// not stored by then. The default is the longest time that the sender documents to wait, less a second or a fifth,
    /// whichever is less, or 10 seconds.
    pub fn answer_by(self, after: Duration) -> Self {
        Self(self.0.answer_by(after))
    }

    /// Also stores these headers for the handler, each if it occurs once in the request.
    ///
    /// # Panics
    ///
    /// If one of them carries a credential.
    #[track_caller]
    pub fn keep_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        Self(self.0.keep_headers(names))
    }
}

impl<P: Deferrable> Inbox<P> {
    /// Stores no query: for an app that has put a secret of its own into the URL that the sender calls.
    pub fn without_query(self) -> Self {
        Self(self.0.without_query())
    }
}

impl<P> AsRef<webhook_tower::Inbox<P>> for Inbox<P> {
    fn as_ref(&self) -> &webhook_tower::Inbox<P> {
        &self.0
    }
}

impl<P> Clone for Inbox<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Provider> fmt::Debug for Inbox<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<P: Deferrable> Handler<(HttpRequest, Payload)> for Inbox<P> {
    type Output = HttpResponse;
    type Future = Pin<Box<dyn Future<Output = HttpResponse>>>;

    fn call(&self, (request, payload): (HttpRequest, Payload)) -> Self::Future {
        let mut payload = payload.into_inner();
        let begun = {
            let names = credential_headers(self.0.intake().verifier());
            let headers = ActixHeaders::of(request.head(), &names);
            self.0.begin(&headers.head(request.head()))
        };
        Box::pin(async move {
            let (incoming, storer) = match begun {
                Ok(begun) => begun,
                Err(early) => return response::early_response(early, payload),
            };
            let mut buffer = incoming.buffer();
            let reading = poll_fn(|cx| poll_payload(&mut payload, &mut buffer, cx));
            let read = rt::time::timeout(incoming.body_timeout(), reading)
                .await
                .unwrap_or(Err(Rejection::BodyTimeout));
            match incoming.finish_or_refuse(read.map(|()| buffer.into_bytes())) {
                Ok(storing) => response::replied(storer.store(storing).await),
                Err(early) => response::early_response(early, payload),
            }
        })
    }
}

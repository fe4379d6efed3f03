use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, ResponseError};
use webhook_core::Delivery;

/// The event of an authenticated delivery.
///
/// `E` is the event type of the middleware around the handler: [`TfEvent`](crate::TfEvent) for
/// [`TfWebhookLayer`](crate::TfWebhookLayer), and so on. The event is moved out of the request, not cloned, so a
/// handler can extract it only once.
///
/// Without its middleware the handler is never called: the answer is a 500, and an error in the log names the event
/// whose middleware is missing.
///
/// ```
/// use actix_web::{App, web};
/// use webhook_actix::{TfEvent, TfWebhookLayer, Webhook};
///
/// async fn on_event(Webhook(event): Webhook<TfEvent>) -> &'static str {
///     println!("{} {:?}", event.evento, event.external_reference);
///     "OK"
/// }
///
/// let layer = TfWebhookLayer::new("s3cr3t");
/// let app = App::new().service(web::resource("/webhook").wrap(layer).route(web::post().to(on_event)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Webhook<E>(pub E);

/// An authenticated delivery in full: event, label of the secret that matched, raw body.
///
/// Otherwise like [`Webhook`].
///
/// ```
/// use actix_web::HttpResponse;
/// use webhook_actix::{TfEvent, WebhookDelivery};
///
/// async fn on_event(WebhookDelivery(delivery): WebhookDelivery<TfEvent>) -> HttpResponse {
///     println!("{:?} {} {} bytes", delivery.label(), delivery.evento, delivery.body().len());
///     HttpResponse::Ok().finish()
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WebhookDelivery<E>(pub Delivery<E>);

impl<E: 'static> FromRequest for Webhook<E> {
    type Error = MissingWebhookLayer;
    type Future = ExtractFuture<Self, E>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ExtractFuture::new(request, |delivery| Self(delivery.into_event()))
    }
}

impl<E: 'static> FromRequest for WebhookDelivery<E> {
    type Error = MissingWebhookLayer;
    type Future = ExtractFuture<Self, E>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ExtractFuture::new(request, Self)
    }
}

/// The future of the extractors. It is ready at once, but moves the event only when it is polled: actix moves the
/// future itself several times first.
pub struct ExtractFuture<T, E> {
    request: HttpRequest,
    extract: fn(Delivery<E>) -> T,
}

impl<T, E> ExtractFuture<T, E> {
    fn new(request: &HttpRequest, extract: fn(Delivery<E>) -> T) -> Self {
        Self {
            request: request.clone(),
            extract,
        }
    }
}

impl<T, E: 'static> Future for ExtractFuture<T, E> {
    type Output = Result<T, MissingWebhookLayer>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let delivery = self.request.extensions_mut().remove();
        Poll::Ready(
            delivery
                .map(self.extract)
                .ok_or_else(MissingWebhookLayer::for_event::<E>),
        )
    }
}

impl<E> Deref for Webhook<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.0
    }
}

impl<E> Deref for WebhookDelivery<E> {
    type Target = Delivery<E>;

    fn deref(&self) -> &Delivery<E> {
        &self.0
    }
}

/// The error when a handler asks for an event that no middleware has put in the request: the app is misconfigured.
///
/// As a response it is a 500. actix sends the `Display` text to the client, so that says nothing more; the log and
/// `Debug` name the event.
#[derive(Clone, Copy, Debug)]
pub struct MissingWebhookLayer {
    #[allow(dead_code, reason = "read by Debug")]
    event: &'static str,
}

impl MissingWebhookLayer {
    #[cold]
    fn for_event<E>() -> Self {
        let event = type_name::<E>();
        #[cfg(feature = "tracing")]
        tracing::error!(
            target: "webhook",
            "no webhook delivery with the event `{event}` in the request: wrap the resource in the webhook layer of \
             that sender, and extract the delivery only once",
        );
        Self { event }
    }
}

impl fmt::Display for MissingWebhookLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Internal Server Error")
    }
}

impl std::error::Error for MissingWebhookLayer {}

/// Status 500, which is the default.
impl ResponseError for MissingWebhookLayer {}

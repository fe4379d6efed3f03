use std::any::type_name;
use std::fmt;
use std::mem;
use std::ops::Deref;

use axum_core::extract::{FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use webhook_core::Delivery;
use webhook_core::driver::Misconfigured;
use webhook_core::http::{Extensions, StatusCode};

/// The event of an authenticated delivery.
///
/// `E` is the event type of the layer around the handler: [`TfEvent`](crate::TfEvent) for
/// [`TfWebhookLayer`](crate::TfWebhookLayer), and so on. The event is moved out of the request, not cloned, so like
/// `Json` it must be the last argument of a handler, and there can be only one.
///
/// Without its layer the handler is never called: the answer is a 500, and an error in the log names the event whose
/// layer is missing.
///
/// ```
/// use axum::{Router, routing::post};
/// use webhook_axum::{TfEvent, TfWebhookLayer, Webhook};
///
/// async fn on_event(Webhook(event): Webhook<TfEvent>) {
///     println!("{} {:?}", event.evento, event.external_reference);
/// }
///
/// let app: Router = Router::new().route("/webhook", post(on_event).layer(TfWebhookLayer::new("s3cr3t")));
/// ```
///
/// Two in one handler do not compile:
///
/// ```compile_fail
/// use axum::{Router, routing::post};
/// use webhook_axum::{TfEvent, Webhook, WebhookDelivery};
///
/// async fn twice(_: Webhook<TfEvent>, _: WebhookDelivery<TfEvent>) {}
///
/// let app: Router = Router::new().route("/webhook", post(twice));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Webhook<E>(pub E);

/// An authenticated delivery in full: event, label of the secret that matched, raw body.
///
/// Otherwise like [`Webhook`].
///
/// ```
/// use axum::{Router, routing::post};
/// use webhook_axum::{TfEvent, TfWebhookLayer, WebhookDelivery};
///
/// async fn on_event(WebhookDelivery(delivery): WebhookDelivery<TfEvent>) {
///     println!("{:?} {} {} bytes", delivery.label(), delivery.evento, delivery.body().len());
/// }
///
/// let layer = TfWebhookLayer::new([("pdv-1", "one-token"), ("pdv-2", "another")]);
/// let app: Router = Router::new().route("/webhook", post(on_event).layer(layer));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WebhookDelivery<E>(pub Delivery<E>);

impl<E, S> FromRequest<S> for Webhook<E>
where
    E: Clone + Send + Sync + 'static,
    S: Send + Sync,
{
    type Rejection = MissingWebhookLayer;

    fn from_request(
        request: Request,
        _: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send {
        let extensions = extensions_of(request);
        async {
            take(extensions, |delivery: Delivery<E>| {
                Self(delivery.into_event())
            })
        }
    }
}

impl<E, S> FromRequest<S> for WebhookDelivery<E>
where
    E: Clone + Send + Sync + 'static,
    S: Send + Sync,
{
    type Rejection = MissingWebhookLayer;

    fn from_request(
        request: Request,
        _: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send {
        let extensions = extensions_of(request);
        async { take(extensions, Self) }
    }
}

/// All that an extractor's future has to keep: axum reserves room for it in the handler's future.
fn extensions_of(mut request: Request) -> Extensions {
    mem::take(request.extensions_mut())
}

fn take<E, T>(
    mut extensions: Extensions,
    extract: impl FnOnce(Delivery<E>) -> T,
) -> Result<T, MissingWebhookLayer>
where
    E: Clone + Send + Sync + 'static,
{
    match extensions.remove() {
        Some(delivery) => Ok(extract(delivery)),
        None => Err(MissingWebhookLayer::for_event::<E>()),
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

/// The error when a handler asks for an event that no layer has put in the request: the app is misconfigured.
///
/// As a response it is a 500 that tells the sender nothing more.
#[derive(Clone, Copy, Debug)]
pub struct MissingWebhookLayer {
    event: &'static str,
}

impl MissingWebhookLayer {
    #[cold]
    fn for_event<E>() -> Self {
        let missing = Self {
            event: type_name::<E>(),
        };
        #[cfg(feature = "tracing")]
        tracing::error!(target: "webhook", "{missing}");
        missing
    }
}

impl fmt::Display for MissingWebhookLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no webhook delivery with the event `{}` in the request: add the webhook layer of that sender to the \
             route, and extract the delivery only once",
            self.event
        )
    }
}

impl std::error::Error for MissingWebhookLayer {}

impl IntoResponse for MissingWebhookLayer {
    fn into_response(self) -> Response {
        let mut response = "Internal Server Error".into_response();
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let misconfigured = Misconfigured::new(self);
        response.extensions_mut().insert(misconfigured);
        response
    }
}

use std::fmt;
use std::future::Ready;
use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use webhook_core::Provider;
use webhook_core::guarantee::OnceStore;
use webhook_core::provider::Identified;
use webhook_tower::__detached::{Once, Settings};
use webhook_tower::Tasks;

use crate::detached::{DetachedLayer, DetachedService};
use crate::layer::WebhookLayer;

impl<P: Provider> WebhookLayer<P> {
    /// Handles each delivery once, in a task of its own as [`detached`](Self::detached) does:
    /// [`webhook_tower::OnceLayer`] has the table. Call it last, when everything else is set.
    ///
    /// `endpoint` is the app's name for what it serves, such as `orders`; two endpoints that one sender delivers to need two
    /// names, and a name must stay.
    ///
    /// # Panics
    ///
    /// If the sender does not sign its ids and the app has not said that it [trusts](Self::trust_unsigned_ids) them, or the
    /// name is empty or longer than 64 bytes. If the sender is a [`Scheme`](webhook_core::signing::Scheme) without an id, or
    /// one that signs neither the body nor the id.
    #[track_caller]
    pub fn once(self, endpoint: &str, store: impl OnceStore, tasks: &Tasks) -> OnceLayer<P>
    where
        P: Identified,
    {
        let once = Once::new(&self.verifier, endpoint, store);
        let settings = Settings::new(&self.verifier, tasks).with_once(once);
        OnceLayer(DetachedLayer::from_parts(self.verifier, settings))
    }
}

/// Like [`WebhookLayer`](crate::WebhookLayer), but each delivery is handled once, as far as a store can see to that. Made by
/// [`WebhookLayer::once`](crate::WebhookLayer::once); what a sender is answered is in the table of
/// [`webhook_tower::OnceLayer`].
#[must_use]
pub struct OnceLayer<P>(DetachedLayer<P>);

impl<P: Provider> OnceLayer<P> {
    /// Sets how long after the head of a request its answer is sent at the latest: see [`DetachedLayer::answer_by`].
    pub fn answer_by(self, after: Duration) -> Self {
        Self(self.0.answer_by(after))
    }

    /// Sets how long a claim is held without being renewed; it is renewed at a third of that while the handler runs. The
    /// default is a minute.
    ///
    /// # Panics
    ///
    /// If it is shorter than 100 milliseconds.
    #[track_caller]
    pub fn lease(self, lease: Duration) -> Self {
        Self(self.0.map_once(|once| once.set_lease(lease)))
    }

    /// Runs the handler if the store fails, instead of answering with 503: a delivery can then be handled twice. A store that
    /// does not answer is waited for until half of the time is over.
    pub fn run_when_store_fails(self) -> Self {
        Self(self.0.map_once(Once::set_run_when_store_fails))
    }
}

impl<P> Clone for OnceLayer<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Provider> fmt::Debug for OnceLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceLayer").field(&self.0).finish()
    }
}

impl<S, P, B> Transform<S, ServiceRequest> for OnceLayer<P>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    P: Provider,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = DetachedService<S, P>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        self.0.new_transform(service)
    }
}

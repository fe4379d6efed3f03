use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use tower_layer::Layer;
use webhook_core::driver::{InFlight, Verifier};
use webhook_core::provider::Authenticated;
use webhook_core::{Deadline, Delivery, Provider, Reply};

use super::course::Course;
use super::{DetachedService, Tasks};
use crate::WebhookLayer;
#[cfg(feature = "once")]
use crate::once::Once;

impl<P: Provider, B> WebhookLayer<P, B> {
    /// Runs each handler in a task of its own, once its delivery is authentic: if the sender hangs up, the handler goes on
    /// to its end. Call it last, when everything else is set.
    ///
    /// `tasks` bounds how many run at once, and waits for them when the server stops. A sender that hangs up, or is told
    /// that the handler is [late](DetachedLayer::answer_by), repeats the delivery, maybe while it is still being handled.
    ///
    /// ```
    /// use webhook_tower::{Tasks, TfWebhookLayer};
    ///
    /// let tasks = Tasks::new();
    /// let layer: TfWebhookLayer = TfWebhookLayer::new("s3cr3t");
    /// let layer = layer.detached(&tasks);
    /// ```
    ///
    /// A sender that proves nothing has no such method:
    ///
    /// ```compile_fail
    /// use webhook_tower::multicaja::MulticajaValidation;
    /// use webhook_tower::{Tasks, WebhookLayer};
    ///
    /// let layer: WebhookLayer<_> = WebhookLayer::with_provider(MulticajaValidation::new());
    /// let layer = layer.detached(&Tasks::new());
    /// ```
    ///
    /// # Panics
    ///
    /// If the sender is a [`Scheme`](webhook_core::signing::Scheme) that signs neither the body nor an id.
    #[track_caller]
    pub fn detached(self, tasks: &Tasks) -> DetachedLayer<P, B>
    where
        P: Authenticated,
    {
        let settings = Settings::new(&self.verifier, tasks);
        DetachedLayer::from_parts(self.verifier, settings)
    }
}

/// Applies [`DetachedService`]: like [`WebhookLayer`](crate::WebhookLayer), but each handler runs in a task of its own, which
/// a sender that hangs up does not end.
///
/// Made by [`WebhookLayer::detached`](crate::WebhookLayer::detached), when everything else is set. Nothing is spawned for a
/// request that is refused.
#[must_use]
pub struct DetachedLayer<P, B = Full<Bytes>> {
    verifier: Verifier<P>,
    settings: Settings,
    inner_body: PhantomData<fn() -> B>,
}

impl<P: Provider, B> DetachedLayer<P, B> {
    pub(crate) fn from_parts(verifier: Verifier<P>, settings: Settings) -> Self {
        Self {
            verifier,
            settings,
            inner_body: PhantomData,
        }
    }

    /// Sets how long after the head of a request its answer is sent at the latest: 503 with `Retry-After`, if the handler has
    /// not answered by then. The handler goes on, and can ask for its [`Deadline`] in the request's extensions.
    ///
    /// The default is the longest time that the sender documents to wait, less a second or a fifth, whichever is less; if it
    /// documents none, there is no limit.
    pub fn answer_by(mut self, after: Duration) -> Self {
        self.settings.answer_by = Some(after);
        self
    }

    #[cfg(feature = "once")]
    #[track_caller]
    pub(crate) fn map_once(mut self, change: impl FnOnce(&mut Once)) -> Self {
        self.settings.change_once(change);
        self
    }
}

impl<S, P, B> Layer<S> for DetachedLayer<P, B> {
    type Service = DetachedService<S, P, B>;

    fn layer(&self, inner: S) -> Self::Service {
        DetachedService {
            inner,
            verifier: self.verifier.clone(),
            settings: Arc::new(self.settings.clone()),
            inner_body: PhantomData,
        }
    }
}

impl<P, B> Clone for DetachedLayer<P, B> {
    fn clone(&self) -> Self {
        Self {
            verifier: self.verifier.clone(),
            settings: self.settings.clone(),
            inner_body: PhantomData,
        }
    }
}

impl<P: Provider, B> fmt::Debug for DetachedLayer<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedLayer")
            .field("verifier", &self.verifier)
            .field("settings", &self.settings)
            .finish()
    }
}

/// How a delivery is run.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) tasks: Tasks,
    pub(crate) answer_by: Option<Duration>,
    #[cfg(feature = "once")]
    pub(crate) once: Option<Once>,
}

impl Settings {
    /// The settings for a sender: its documented wait.
    ///
    /// # Panics
    ///
    /// If its deliveries [prove nothing](Verifier::require_proof).
    #[track_caller]
    pub fn new<P: Authenticated>(verifier: &Verifier<P>, tasks: &Tasks) -> Self {
        verifier.require_proof();
        Self {
            tasks: tasks.clone(),
            answer_by: verifier.provider().timing().answer_by(),
            #[cfg(feature = "once")]
            once: None,
        }
    }

    /// Claims each delivery before it is run.
    #[cfg(feature = "once")]
    pub fn with_once(mut self, once: Once) -> Self {
        self.once = Some(once);
        self
    }

    /// Changes how each delivery is claimed, if it is.
    #[cfg(feature = "once")]
    #[track_caller]
    pub fn change_once(&mut self, change: impl FnOnce(&mut Once)) {
        self.once.as_mut().map(change);
    }

    /// Sets how long after its head a request is answered at the latest.
    pub fn set_answer_by(&mut self, after: Duration) {
        self.answer_by = Some(after);
    }

    /// When a delivery that arrives now must be answered.
    pub fn deadline(&self) -> Option<Deadline> {
        let after = self.answer_by?;
        Instant::now().checked_add(after).map(Deadline::at)
    }

    /// Prepares the course of a delivery that was accepted; or returns the answer, if it cannot be run now.
    ///
    /// # Errors
    ///
    /// The answer, if too little time is left, or too many are running.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn course<P: Provider>(
        &self,
        verifier: &Verifier<P>,
        delivery: &Delivery<P::Event>,
        in_flight: InFlight,
        deadline: Option<Deadline>,
    ) -> Result<Course, Reply> {
        if deadline.is_some_and(Deadline::has_passed) {
            return Err(in_flight.too_late());
        }
        let Some(place) = self.tasks.place() else {
            return Err(in_flight.overloaded());
        };
        #[cfg(feature = "once")]
        let mut in_flight = in_flight;
        #[cfg(feature = "once")]
        let claiming = self.once.as_ref().and_then(|once| {
            let claiming = once.claiming(verifier, delivery);
            if claiming.is_none() {
                in_flight.unrecognizable();
            }
            claiming
        });
        #[cfg(not(feature = "once"))]
        let _ = (verifier, delivery);
        Ok(Course {
            place,
            in_flight,
            deadline,
            #[cfg(feature = "once")]
            claiming,
        })
    }
}

use std::fmt;
use std::future::{Future, Ready, ready};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{
    ServerHandle, Service, ServiceRequest, ServiceResponse, Transform, forward_ready,
};
use actix_web::http::header::HeaderName;
use actix_web::{Error, HttpMessage, rt};
use tokio::sync::oneshot;
use webhook_core::driver::Verifier;
use webhook_core::provider::Authenticated;
use webhook_core::{Deadline, Provider, Rejection, Reply};
#[cfg(feature = "once")]
use webhook_tower::__detached::Once;
use webhook_tower::__detached::{Course, Sent, Settings};
use webhook_tower::{Ended, Tasks};

use crate::head::ActixHeaders;
use crate::layer::{WebhookLayer, credential_headers};
use crate::response;
use crate::service::Reading;

/// Stops a server whose handlers run in tasks of their own: accepts no more connections, waits until the handlers have
/// ended, for this long at most, and then ends the workers.
///
/// The server must leave signals alone ([`HttpServer::disable_signals`](actix_web::HttpServer::disable_signals)): what actix
/// does by itself ends the workers first, and the tasks with them.
///
/// ```no_run
/// use std::time::Duration;
/// use actix_web::{App, HttpServer, rt, web};
/// use webhook_actix::{Tasks, TfEvent, TfWebhookLayer, Webhook};
///
/// async fn on_event(Webhook(event): Webhook<TfEvent>) -> String {
///     event.evento.to_string()
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> std::io::Result<()> {
/// let tasks = Tasks::new();
/// let layer = TfWebhookLayer::new("s3cr3t").detached(&tasks);
/// let server = HttpServer::new(move || {
///     App::new().service(web::resource("/webhook").wrap(layer.clone()).to(on_event))
/// })
/// .disable_signals()
/// .bind(("127.0.0.1", 8080))?
/// .run();
///
/// let handle = server.handle();
/// let stopped = rt::spawn(async move {
///     rt::signal::ctrl_c().await?;
///     std::io::Result::Ok(webhook_actix::stop(&handle, &tasks, Duration::from_secs(30)).await)
/// });
/// server.await?;
/// println!("{}", stopped.await??);
/// # Ok(())
/// # }
/// ```
pub async fn stop(server: &ServerHandle, tasks: &Tasks, limit: Duration) -> Ended {
    server.pause().await;
    let ended = tasks.finish_within(limit).await;
    server.stop(true).await;
    ended
}

impl<P: Provider> WebhookLayer<P> {
    /// Runs each handler in a task of its own on its worker, once its delivery is authentic: if the sender resets the
    /// connection, the handler goes on to its end. Call it last, when everything else is set.
    ///
    /// `tasks` bounds how many run at once, in all workers. A worker that ends takes its tasks with it, so stop the server
    /// with [`stop`](crate::stop). A sender that hangs up, or is told that the handler is
    /// [late](DetachedLayer::answer_by), repeats the delivery, maybe while it is still being handled. A handler finds how
    /// long its sender still waits in the request's extensions, as a [`Deadline`](crate::Deadline).
    ///
    /// # Panics
    ///
    /// If the sender is a [`Scheme`](webhook_core::signing::Scheme) that signs neither the body nor an id.
    #[track_caller]
    pub fn detached(self, tasks: &Tasks) -> DetachedLayer<P>
    where
        P: Authenticated,
    {
        let settings = Settings::new(&self.verifier, tasks);
        DetachedLayer::from_parts(self.verifier, settings)
    }
}

/// Like [`WebhookLayer`](crate::WebhookLayer), but each handler runs in a task of its own, which a sender that hangs up does
/// not end. Made by [`WebhookLayer::detached`](crate::WebhookLayer::detached).
#[must_use]
pub struct DetachedLayer<P> {
    verifier: Verifier<P>,
    settings: Settings,
}

impl<P: Provider> DetachedLayer<P> {
    pub(crate) fn from_parts(verifier: Verifier<P>, settings: Settings) -> Self {
        Self { verifier, settings }
    }

    /// Sets how long after the head of a request its answer is sent at the latest: 503 with `Retry-After`, if the handler has
    /// not answered by then. The handler goes on, and can ask for its [`Deadline`] in the request's extensions.
    ///
    /// The default is the longest time that the sender documents to wait, less a second or a fifth, whichever is less; if it
    /// documents none, there is no limit.
    pub fn answer_by(mut self, after: Duration) -> Self {
        self.settings.set_answer_by(after);
        self
    }

    #[cfg(feature = "once")]
    #[track_caller]
    pub(crate) fn map_once(mut self, change: impl FnOnce(&mut Once)) -> Self {
        self.settings.change_once(change);
        self
    }
}

impl<P> Clone for DetachedLayer<P> {
    fn clone(&self) -> Self {
        Self {
            verifier: self.verifier.clone(),
            settings: self.settings.clone(),
        }
    }
}

impl<P: Provider> fmt::Debug for DetachedLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedLayer")
            .field("verifier", &self.verifier)
            .field("settings", &self.settings)
            .finish()
    }
}

impl<S, P, B> Transform<S, ServiceRequest> for DetachedLayer<P>
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
        ready(Ok(DetachedService {
            inner: Rc::new(service),
            verifier: self.verifier.clone(),
            settings: Arc::new(self.settings.clone()),
            credential_headers: credential_headers(&self.verifier),
        }))
    }
}

/// The service that [`DetachedLayer`] wraps around the inner one.
pub struct DetachedService<S, P> {
    inner: Rc<S>,
    verifier: Verifier<P>,
    settings: Arc<Settings>,
    credential_headers: Rc<[HeaderName]>,
}

impl<S, P> Clone for DetachedService<S, P> {
    fn clone(&self) -> Self {
        Self {
            inner: Rc::clone(&self.inner),
            verifier: self.verifier.clone(),
            settings: Arc::clone(&self.settings),
            credential_headers: Rc::clone(&self.credential_headers),
        }
    }
}

impl<S, P: Provider> fmt::Debug for DetachedService<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedService")
            .field("verifier", &self.verifier)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl<S, P, B> Service<ServiceRequest> for DetachedService<S, P>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    P: Provider,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = DetachedFuture;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> DetachedFuture {
        let deadline = self.settings.deadline();
        let begun = {
            let headers = ActixHeaders::of(request.head(), &self.credential_headers);
            self.verifier.begin(&headers.head(request.head()))
        };
        let pending = match begun {
            Ok(pending) => pending,
            Err(answered) => return DetachedFuture::ready(response::early(request, answered)),
        };
        let mut reading = Reading::new(request, pending);
        match reading.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => self.start(reading, read, deadline),
            Poll::Pending => {
                let this = self.clone();
                DetachedFuture::reading(async move {
                    let read = reading.read().await;
                    let started = this.start(reading, read, deadline);
                    started.await
                })
            }
        }
    }
}

impl<S, P> DetachedService<S, P> {
    /// Authenticates a delivery and starts its task on this worker, whose answer the future waits for.
    fn start<B>(
        &self,
        reading: Reading<P>,
        read: Result<(), Rejection>,
        deadline: Option<Deadline>,
    ) -> DetachedFuture
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
        P: Provider,
        B: MessageBody + 'static,
    {
        let prepared = reading.admit(read, &self.credential_headers, |delivery, in_flight| {
            self.settings
                .course(&self.verifier, delivery, in_flight, deadline)
        });
        let (request, course): (_, Course) = match prepared {
            Ok((request, Ok(course))) => (request, course),
            Ok((request, Err(reply))) => {
                return DetachedFuture::ready(response::reply(request, reply));
            }
            Err(answer) => return DetachedFuture::ready(answer),
        };
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(deadline);
        }
        let inner = Rc::clone(&self.inner);
        let start = async move |request| inner.call(request).await;
        let answer_instead = |request, reply| Ok(response::reply(request, reply));
        let (answers, answer) = oneshot::channel();
        let task = course.run(request, start, answers, answer_instead, response::concluded);
        #[cfg(feature = "tracing")]
        let task = tracing::Instrument::in_current_span(task);
        rt::spawn(task);
        DetachedFuture::waiting(answer)
    }
}

/// The future of [`DetachedService`]. Dropped, it leaves the handler running.
///
/// # Panics
///
/// If the handler does, as without the task.
pub struct DetachedFuture(State);

enum State {
    /// The inner service is not called.
    Ready(Option<Box<ServiceResponse>>),
    /// The payload has not arrived in full.
    Reading(Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>),
    /// The task is at work.
    Waiting(oneshot::Receiver<Sent<Result<ServiceResponse, Error>>>),
}

impl DetachedFuture {
    fn ready(answer: ServiceResponse) -> Self {
        Self(State::Ready(Some(Box::new(answer))))
    }

    fn reading(future: impl Future<Output = Result<ServiceResponse, Error>> + 'static) -> Self {
        Self(State::Reading(Box::pin(future)))
    }

    fn waiting(answer: oneshot::Receiver<Sent<Result<ServiceResponse, Error>>>) -> Self {
        Self(State::Waiting(answer))
    }
}

impl Future for DetachedFuture {
    type Output = Result<ServiceResponse, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(answer) => Poll::Ready(Ok(*crate::future::leave(answer))),
            State::Reading(future) => future.as_mut().poll(cx),
            State::Waiting(answer) => {
                let sent = match Pin::new(answer).poll(cx) {
                    Poll::Ready(sent) => sent,
                    Poll::Pending => return Poll::Pending,
                };
                Poll::Ready(match sent {
                    Ok(Sent::Answer(answer)) => answer,
                    Ok(Sent::Reply(reply)) => Err(response::reply_as_error(reply)),
                    Ok(Sent::Panicked(panic)) => resume_unwind(panic),
                    // The worker ends.
                    Err(_) => Err(response::reply_as_error(Reply::try_again())),
                })
            }
        }
    }
}

impl fmt::Debug for DetachedFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedFuture").finish_non_exhaustive()
    }
}

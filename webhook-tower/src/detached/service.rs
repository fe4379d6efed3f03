use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::oneshot;
use tower_service::Service;
use webhook_core::driver::{Accepted, InFlight, Pending, Verifier};
use webhook_core::{Deadline, Head, Provider, Rejection, Reply};

use super::DetachedFuture;
use super::layer::Settings;
use crate::admit::hide_credentials;
use crate::reading::{Reading, read};
use crate::{BoxError, ResponseBody, response};

/// Authenticates deliveries of the sender `P` and passes each to the inner service in a task of its own.
///
/// Made by [`DetachedLayer`](crate::DetachedLayer).
pub struct DetachedService<S, P, B> {
    pub(crate) inner: S,
    pub(crate) verifier: Verifier<P>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) inner_body: PhantomData<fn() -> B>,
}

impl<S, P, B, ReqBody, ResBody> Service<Request<ReqBody>> for DetachedService<S, P, B>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    P: Provider,
    B: From<Bytes> + Send + 'static,
    ReqBody: Body + Send + 'static,
    ReqBody::Error: Into<BoxError>,
    ResBody: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = DetachedFuture<ResBody, S::Error>;

    /// Always ready: the readiness of the inner service is awaited in the task of a delivery that is authentic.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let deadline = self.settings.deadline();
        let unverified = match self.verifier.begin(&Head::from(&request)) {
            Ok(unverified) => unverified,
            Err(early) => {
                return DetachedFuture::ready(response::early(early, request.version()));
            }
        };
        let (parts, body) = request.into_parts();
        let mut reading = Reading::new(body, unverified.buffer());
        // A small body has usually arrived with its head.
        match reading.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => {
                let body = read.map(|()| reading.into_bytes());
                self.start(parts, unverified, body, deadline)
            }
            Poll::Pending => {
                let this = self.clone();
                DetachedFuture::reading(async move {
                    let body = read(reading, unverified.body_timeout()).await;
                    let started = this.start(parts, unverified, body, deadline);
                    started.await
                })
            }
        }
    }
}

impl<S, P, B> DetachedService<S, P, B> {
    /// Authenticates a delivery and starts its task.
    fn start<ResBody>(
        &self,
        mut parts: Parts,
        unverified: Pending<P>,
        body: Result<Bytes, Rejection>,
        deadline: Option<Deadline>,
    ) -> DetachedFuture<ResBody, S::Error>
    where
        S: Service<Request<B>, Response = Response<ResBody>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Send + 'static,
        P: Provider,
        B: From<Bytes> + Send + 'static,
        ResBody: Body<Data = Bytes> + Send + 'static,
    {
        hide_credentials(&mut parts, &unverified);
        let Accepted {
            delivery,
            in_flight,
            ..
        } = match unverified.finish_or_refuse(body) {
            Ok(accepted) => accepted,
            Err(early) => return DetachedFuture::ready(response::early(early, parts.version)),
        };
        let course = match self
            .settings
            .course(&self.verifier, &delivery, in_flight, deadline)
        {
            Ok(course) => course,
            Err(reply) => return DetachedFuture::ready(response::reply(reply)),
        };
        if let Some(deadline) = deadline {
            parts.extensions.insert(deadline);
        }
        let body = B::from(delivery.body().clone());
        parts.extensions.insert(delivery);
        let request = Request::from_parts(parts, body);

        let mut inner = self.inner.clone();
        let start = async move |request| {
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            inner.call(request).await
        };
        let (answers, answer) = oneshot::channel();
        let task = course.run(request, start, answers, answer_instead, conclude);
        #[cfg(feature = "tracing")]
        let task = tracing::Instrument::in_current_span(task);
        tokio::spawn(task);
        DetachedFuture::waiting(answer)
    }
}

/// What the sender gets if the inner service is not called.
fn answer_instead<B, ResBody, E>(
    _: Request<B>,
    reply: Reply,
) -> Result<Response<ResponseBody<ResBody>>, E> {
    Ok(response::reply(reply).map(ResponseBody::reply))
}

/// What the sender gets for the inner service's response, and whether the delivery was handled.
fn conclude<ResBody: Body<Data = Bytes>, E>(
    in_flight: InFlight,
    response: Result<Response<ResBody>, E>,
) -> (Result<Response<ResponseBody<ResBody>>, E>, bool) {
    match response {
        Ok(response) => {
            let (response, handled) = response::concluded(in_flight, response);
            (Ok(response), handled)
        }
        // `in_flight` is dropped, which reports that the handler did not answer.
        Err(error) => (Err(error), false),
    }
}

impl<S: Clone, P, B> Clone for DetachedService<S, P, B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            verifier: self.verifier.clone(),
            settings: Arc::clone(&self.settings),
            inner_body: PhantomData,
        }
    }
}

impl<S, P: Provider, B> fmt::Debug for DetachedService<S, P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedService")
            .field("verifier", &self.verifier)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

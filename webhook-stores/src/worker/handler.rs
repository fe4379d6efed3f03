//! The two kinds of handlers behind one trait.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::timeout;
use tower_service::Service;
use webhook_core::driver::{Accepted, InFlight, Intake, Misconfigured};
use webhook_core::guarantee::{Job, StoredDelivery};
use webhook_core::{Delivery, Provider};
use webhook_tower::BoxError;

use super::next::{Attempt, HandlerError, Retry, Verdict};

pub(super) trait Handler: Send + Sync {
    fn endpoint(&self) -> &str;

    /// Handles a delivery. The future may panic.
    fn handle<'a>(&'a self, job: &'a Job) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;
}

/// Makes the delivery again, or says why that cannot be done.
fn recall<P: Provider>(
    intake: &Intake<P>,
    stored: &StoredDelivery,
) -> Result<Accepted<P::Event>, Verdict> {
    intake.recall(stored).map_err(|error| {
        let why = error.to_string();
        match error.is_misconfigured() {
            true => Verdict::Misconfigured(why),
            // A later release may read it: what does not decode here was never accepted by this one.
            false => Verdict::Failed { why, retry: None },
        }
    })
}

/// Runs a handler. If it panics, the observers are told so before the panic goes on.
async fn observed<F: Future>(in_flight: InFlight, handler: F) -> (F::Output, Option<InFlight>) {
    let mut in_flight = Some(in_flight);
    let mut handler = pin!(handler);
    let output =
        poll_fn(|cx| InFlight::reporting_panics(&mut in_flight, || handler.as_mut().poll(cx)));
    (output.await, in_flight)
}

/// An async function.
pub(super) struct ByFunction<P, F> {
    intake: Intake<P>,
    function: F,
}

impl<P, F> ByFunction<P, F> {
    pub(super) fn new(intake: Intake<P>, function: F) -> Self {
        Self { intake, function }
    }
}

impl<P, F, Fut, E> Handler for ByFunction<P, F>
where
    P: Provider,
    F: Fn(Delivery<P::Event>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<HandlerError> + 'static,
{
    fn endpoint(&self) -> &str {
        self.intake.endpoint()
    }

    fn handle<'a>(&'a self, job: &'a Job) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        Box::pin(async move {
            let Accepted {
                delivery,
                in_flight,
                ..
            } = match recall(&self.intake, &job.delivery) {
                Ok(accepted) => accepted,
                Err(verdict) => return verdict,
            };
            let (returned, in_flight) = observed(in_flight, (self.function)(delivery)).await;
            let error = returned.map_err(Into::into).err();
            let status = match error {
                None => StatusCode::OK,
                Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
            };
            if let Some(in_flight) = in_flight {
                in_flight.conclude(status, None, true);
            }
            match error {
                None => Verdict::Done,
                Some(error) => Verdict::Failed {
                    why: error.to_string(),
                    retry: error.when(),
                },
            }
        })
    }
}

/// A tower service.
pub(super) struct ByService<P, S> {
    intake: Intake<P>,
    service: S,
}

impl<P, S> ByService<P, S> {
    pub(super) fn new(intake: Intake<P>, service: S) -> Self {
        Self { intake, service }
    }
}

impl<P, S, ResBody> Handler for ByService<P, S>
where
    P: Provider,
    S: Service<Request<Full<Bytes>>, Response = Response<ResBody>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    ResBody: Body<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    fn endpoint(&self) -> &str {
        self.intake.endpoint()
    }

    fn handle<'a>(&'a self, job: &'a Job) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        Box::pin(async move {
            let Accepted {
                delivery,
                in_flight,
                ..
            } = match recall(&self.intake, &job.delivery) {
                Ok(accepted) => accepted,
                Err(verdict) => return verdict,
            };
            let stored = &job.delivery;
            let mut request = Request::new(Full::new(stored.body().clone()));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = stored.target().parse().unwrap_or_default();
            *request.headers_mut() = stored.headers();
            request.extensions_mut().insert(Attempt(job.attempt));
            request.extensions_mut().insert(delivery);

            let mut service = self.service.clone();
            let handler = async move {
                let text = |error: S::Error| error.into().to_string();
                poll_fn(|cx| service.poll_ready(cx)).await.map_err(text)?;
                service.call(request).await.map_err(text)
            };
            match observed(in_flight, handler).await {
                (Ok(response), Some(in_flight)) => judge(in_flight, response).await,
                (Err(why), _) => Verdict::Failed { why, retry: None },
                (Ok(_), None) => Verdict::Failed {
                    why: "the handler panicked".to_owned(),
                    retry: None,
                },
            }
        })
    }
}

/// How long the text of an answer may take.
const SLOWEST_TEXT: Duration = Duration::from_secs(5);

/// What the response says about the delivery.
async fn judge<ResBody>(in_flight: InFlight, response: Response<ResBody>) -> Verdict
where
    ResBody: Body<Data = Bytes>,
    ResBody::Error: Into<BoxError>,
{
    let (parts, body) = response.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let without_body = body.is_end_stream() || body.size_hint().exact() == Some(0);
    let conclusion = in_flight.conclude(parts.status, content_type, without_body);
    if conclusion.handled {
        return Verdict::Done;
    }
    if let Some(misconfigured) = parts.extensions.get::<Misconfigured>() {
        return Verdict::Misconfigured(misconfigured.to_string());
    }
    let text = timeout(SLOWEST_TEXT, text_of(body))
        .await
        .unwrap_or_default();
    if is_missing_extension(&parts, &text) {
        return Verdict::Misconfigured(text);
    }
    let why = match text.is_empty() {
        true => format!("the handler answered {}", parts.status),
        false => format!("the handler answered {}: {text}", parts.status),
    };
    let said = parts.extensions.get::<Retry>().copied();
    Verdict::Failed {
        why,
        retry: said.or_else(|| retry_after(&parts.headers)),
    }
}

/// axum's answer when `Extension` does not find its type has no other sign.
fn is_missing_extension(parts: &http::response::Parts, text: &str) -> bool {
    parts.status == StatusCode::INTERNAL_SERVER_ERROR
        && text.starts_with("Missing request extension")
}

/// The first kilobyte of the answer, for the operator.
async fn text_of<B>(body: B) -> String
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    const MOST: usize = 1024;
    let mut body = Box::pin(Limited::new(body, 16 * MOST));
    let mut text = Vec::new();
    while text.len() < MOST
        && let Some(Ok(frame)) = body.frame().await
    {
        if let Some(data) = frame.data_ref() {
            text.extend_from_slice(data);
        }
    }
    text.truncate(MOST);
    String::from_utf8_lossy(&text).trim().to_owned()
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Retry> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Retry::After(Duration::from_secs(seconds)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let after = date.duration_since(SystemTime::now()).unwrap_or_default();
    Some(Retry::After(after))
}

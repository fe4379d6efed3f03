//! The tower layer on hyper, without a framework: TusFacturas events on any path.
//!
//! `cargo run -p webhook-examples --bin hyper` starts it and prints what to try.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::ServiceBuilder;
use webhook_tower::tusfacturas::TusFacturas;
use webhook_tower::{Delivery, TfEvent, TfWebhookLayer};

use crate::{
    Limits, Sender, StartError, announce, listen, log_to_stderr, record, serve, stop_signal,
};

#[tokio::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let tusfacturas = Sender::TUSFACTURAS.configured_or_generated::<TusFacturas>()?;
    let limits = Limits::from_env()?;
    let (listener, stop) = (listen()?, stop_signal()?);
    announce(&listener, [&tusfacturas])?;

    let layer: TfWebhookLayer = TfWebhookLayer::new(tusfacturas.secrets).body_timeout(limits.body);
    let service = ServiceBuilder::new().layer(layer).service_fn(on_request);
    // `serve` turns the tower service into a hyper service, with hyper-util's `TowerToHyperService`.
    Ok(serve(listener, service, limits, stop).await?)
}

/// The layer calls this only for authentic deliveries, and puts its acknowledgement in an empty 200.
async fn on_request(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let delivery = request.extensions().get::<Delivery<TfEvent>>();
    let recorded = delivery.map(record);
    let mut response = Response::default();
    if !matches!(recorded, Some(Ok(()))) {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response)
}

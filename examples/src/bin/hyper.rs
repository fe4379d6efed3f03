//! Receives webhooks of TusFacturasAPP on hyper with the tower layer and no framework, on any path.
//!
//! `cargo run -p webhook-examples --bin hyper` starts it and says what to try.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::ServiceBuilder;
use webhook_examples::{
    Limits, Sender, StartError, announce, listen, log_to_stderr, record, serve, stop_signal,
};
use webhook_tower::tusfacturas::TusFacturas;
use webhook_tower::{Delivery, TfEvent, TfWebhookLayer};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    log_to_stderr();
    let tusfacturas = Sender::TUSFACTURAS.configured_or_generated::<TusFacturas>()?;
    let limits = Limits::from_env()?;
    let listener = listen()?;
    let stop = stop_signal()?;
    announce(&listener, [&tusfacturas])?;

    let layer: TfWebhookLayer = TfWebhookLayer::new(tusfacturas.secrets).body_timeout(limits.body);
    let service = ServiceBuilder::new().layer(layer).service_fn(on_request);

    // A tower service becomes one of hyper in `TowerToHyperService`, which is what `serve` puts it into.
    Ok(serve(listener, service, limits, stop).await?)
}

/// The layer calls this for authentic deliveries only, and puts its acknowledgement into an empty 200.
async fn on_request(
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::default();
    let delivery = request.extensions_mut().remove::<Delivery<TfEvent>>();
    let recorded = delivery.map(|delivery| record(&delivery));
    if !matches!(recorded, Some(Ok(()))) {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response)
}

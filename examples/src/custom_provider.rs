//! A receiver for a custom sender, which is in `src/courier.rs`.
//!
//! `cargo run -p webhook-examples --bin custom-provider` starts it and prints what to try.

use axum::{Router, http::StatusCode, routing::post};
use webhook_axum::{WebhookDelivery, WebhookLayer};

use crate::courier::{Courier, ParcelMoved};
use crate::{
    Limits, Sender, StartError, announce, listen, log_to_stderr, record, serve, stop_signal,
};

const COURIER: Sender = Sender::new(
    "Courier: POST /parcels",
    "COURIER_SECRET",
    r#"t=$(date +%s); curl -fsSi '<url>/parcels' -H "Courier-Timestamp: $t" -H "Courier-Signature: $(printf %s "$t."'{"parcel":"7","place":"Rosario"}' | openssl dgst -sha256 -hmac "<secret>" | sed 's/.* //')" -d '{"parcel":"7","place":"Rosario"}'"#,
);

#[tokio::main]
pub async fn run() -> Result<(), StartError> {
    log_to_stderr();
    let courier = COURIER.configured_or_generated::<Courier>()?;
    let limits = Limits::from_env()?;
    let (listener, stop) = (listen()?, stop_signal()?);
    announce(&listener, [&courier])?;
    let layer = WebhookLayer::<Courier>::new(courier.secrets).body_timeout(limits.body);
    let app = Router::new().route("/parcels", post(on_parcel).layer(layer));
    Ok(serve(listener, app, limits, stop).await?)
}

async fn on_parcel(WebhookDelivery(parcel): WebhookDelivery<ParcelMoved>) -> StatusCode {
    record(&parcel).map_or(StatusCode::INTERNAL_SERVER_ERROR, |()| StatusCode::OK)
}

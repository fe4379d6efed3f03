//! A sender of one's own: a courier that posts JSON with `Authorization: Bearer <token>` and takes any 2xx for received.
//!
//! `cargo run -p webhook-examples --bin custom-provider` starts its receiver and says what to try.

use axum::{Router, http::StatusCode, routing::post};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use webhook_axum::*;
use webhook_examples::{Sender, StartError, announce, listen, record, serve, stop_signal};

#[derive(Clone, Deserialize, Serialize)]
struct ParcelMoved {
    parcel: String,
    place: String,
}

struct Courier(Keyring<Self>);

/// Gives `WebhookLayer::<Courier>` its `new`, and secrets that change while the server runs.
impl FromSecrets for Courier {
    type Store = BearerTokens;

    fn from_keyring(keyring: Keyring<Self>) -> Self {
        Self(keyring)
    }

    fn keyring(&self) -> &Keyring<Self> {
        &self.0
    }
}

impl Provider for Courier {
    type Event = ParcelMoved;
    type Credential = Option<Label>;
    const NAME: &'static str = "courier";
    const CREDENTIAL_HEADERS: &'static [&'static str] = &["authorization"];

    /// The head proves everything here. A sender that signs the body is authenticated in `open`.
    fn inspect(&self, head: &Head<'_>) -> Result<Option<Label>, Rejection> {
        let token = match head.header("authorization") {
            HeaderField::Absent => Err(Rejection::CredentialMissing),
            HeaderField::Repeated => Err(Rejection::CredentialRepeated),
            HeaderField::Once(value) => value
                .strip_prefix(b"Bearer ")
                .ok_or(Rejection::CredentialMalformed),
        }?;
        Ok(self.0.load().find(token)?.cloned())
    }

    fn open(&self, key: Option<Label>, body: &Bytes) -> Result<Opened<ParcelMoved>, Rejection> {
        let event = serde_json::from_slice(body).map_err(|error| BodyError::from_json(&error))?;
        Ok(Opened::new(event, key))
    }

    fn receipt(&self, _: &ParcelMoved, _: &Bytes) -> Receipt {
        Receipt::new(Reply::new(StatusCode::OK))
    }
}

static COURIER: Sender = Sender {
    title: "Courier: POST /parcels",
    variable: "COURIER_TOKEN",
    curl: r#"curl -fsSi '<url>/parcels' -H "Authorization: Bearer <secret>" -d '{"parcel":"7","place":"Rosario"}'"#,
};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let courier = COURIER.configured_or_generated::<Courier>()?;
    let (listener, stop) = (listen()?, stop_signal()?);
    announce(&listener, [&courier])?;
    let layer = WebhookLayer::<Courier>::new(courier.secrets);
    let app = Router::new().route("/parcels", post(on_parcel).layer(layer));
    Ok(serve(listener, app, stop).await?)
}

async fn on_parcel(WebhookDelivery(parcel): WebhookDelivery<ParcelMoved>) -> StatusCode {
    record::<Courier>(&parcel).map_or(StatusCode::INTERNAL_SERVER_ERROR, |()| StatusCode::OK)
}

//! error: E0277
//! message: the sender `Courier` cannot be made from secrets alone
//! message: implement `FromSecrets` for it, or build the layer with `with_provider`

use webhook_tower::bytes::Bytes;
use webhook_tower::http::HeaderName;
use webhook_tower::provider::{Authentic, Decoded};
use webhook_tower::{BodyError, Head, Provider, Rejection, WebhookLayer};

struct Courier;

impl Provider for Courier {
    type Event = ();
    type Claim = ();
    type Facts = ();

    fn name(&self) -> &str {
        "courier"
    }

    fn credential_headers(&self) -> &[HeaderName] {
        &[]
    }

    fn inspect(&self, _: &Head<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn authenticate(&self, (): (), _: &Bytes) -> Result<Authentic<()>, Rejection> {
        Err(Rejection::CredentialMismatch)
    }

    fn decode(&self, _: &mut (), _: &Bytes) -> Result<Decoded<()>, BodyError> {
        Ok(Decoded::Event(()))
    }
}

fn main() {
    let _layer = WebhookLayer::<Courier>::new("x");
}

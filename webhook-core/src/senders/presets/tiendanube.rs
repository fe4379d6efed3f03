//! [Tiendanube], in Brazil Nuvemshop.
//!
//! The header `X-Linkedstore-HMAC-SHA256` is the hex of an HMAC-SHA256 over the body.
//!
//! | | |
//! |---|---|
//! | secret | the secret of the app, as text |
//! | covered | the body: shop, event and the id of the resource |
//! | not covered | nothing else is sent |
//! | topic, id | the field `event`, such as `order/paid`; none |
//! | accepted | 200, empty. Only 200 counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented; 14 times in 3 days, after which it is lost |
//! | handshake | none |
//!
//! # What to know
//!
//! - **Fetch the rest.** A delivery is `{"store_id":1,"event":"order/paid","id":2}`: ask the API for the resource, which also
//!   tells what is true now.
//! - **There is neither a time nor a delivery id.** A captured delivery can be sent again forever, and the sender announces
//!   duplicates and deliveries in another order.
//! - The signature is in hex. Some public receivers compare base64, and refuse everything.
//!
//! Source: the documentation of Tiendanube on webhooks; the repeats are from an older page. No limit for bodies is documented;
//! here it is 1 MiB.
//!
//! [Tiendanube]: https://www.tiendanube.com

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::answer::Received;
use crate::provider::{Repeats, Timing};
use crate::scheme::{Preset, SchemeProvider};
use crate::signing::{Credential, Field, HmacKeys, Scheme, SchemeBuilder};

/// Tiendanube as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Tiendanube<T = Value> = SchemeProvider<T, TiendanubeScheme>;

/// The data of [`Tiendanube`].
#[derive(Debug)]
pub enum TiendanubeScheme {}

impl Preset for TiendanubeScheme {
    const NAME: &'static str = "tiendanube";

    const TIMING: Timing = Timing::new(&[], "Tiendanube, on webhooks")
        .repeats(Repeats::Roughly(
            "Tiendanube tries again 14 times in 3 days",
        ))
        .within(Duration::from_secs(3 * 24 * 60 * 60))
        .if_never_received("Tiendanube gives the notification up, and it is lost");

    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(Credential::header("x-linkedstore-hmac-sha256").hex())
            .signs("{body}")
            .topic(Field::body("event"))
            .received(Received::Only(&[StatusCode::OK]))
    }
}

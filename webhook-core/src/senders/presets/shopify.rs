//! [Shopify].
//!
//! The header `X-Shopify-Hmac-Sha256` is the base64 of an HMAC-SHA256 over the body.
//!
//! | | |
//! |---|---|
//! | secret | the client secret of the app, as text, with its `shpss_` |
//! | covered | the body |
//! | not covered | topic, ids and time, and the headers `X-Shopify-Shop-Domain`, `X-Shopify-API-Version`, `X-Shopify-Webhook-Id` |
//! | topic, id | the headers `X-Shopify-Topic` and `X-Shopify-Event-Id` |
//! | accepted | 200, empty. Any 2xx counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented; 8 times in 4 h |
//! | handshake | none |
//!
//! # What to know
//!
//! - **Topic, shop and ids are not signed.** One client secret signs for all shops of an app, so anyone who has captured one
//!   delivery can send its body as that of another shop or topic. Decide by what the body says.
//! - **The id is shared** by all subscriptions to one topic. With two of them at one URL, `once` handles the first only.
//! - **There is no signed time.** `X-Shopify-Triggered-At` is in
//!   [`unauthenticated`](crate::scheme::SignedEvent::unauthenticated); a captured delivery can be sent again forever.
//! - **XML is not read.** Shopify sends it where a subscription asks for it.
//!
//! Source: the documentation of Shopify on webhooks. Observed: Shopify waits 5 s, of which 1 s for the connection; it deletes a
//! subscription after 8 failures; the compliance topics, such as `customers/redact`, require 401 for a wrong signature. No
//! limit for bodies is documented; here it is 1 MiB.
//!
//! [Shopify]: https://shopify.dev

use std::time::Duration;

use serde_json::Value;

use crate::provider::{Repeats, Timing};
use crate::scheme::{GivesIds, Preset, SchemeProvider};
use crate::signing::{Credential, Field, HmacKeys, Scheme, SchemeBuilder, TimeField};

/// Shopify as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Shopify<T = Value> = SchemeProvider<T, ShopifyScheme>;

/// The data of [`Shopify`].
#[derive(Debug)]
pub enum ShopifyScheme {}

impl Preset for ShopifyScheme {
    const NAME: &'static str = "shopify";

    const TIMING: Timing = Timing::new(&[], "Shopify, on webhooks")
        .repeats(Repeats::Roughly("Shopify tries again 8 times in 4 hours"))
        .within(Duration::from_secs(4 * 60 * 60))
        .if_never_received("Shopify deletes the subscription after 8 failures");

    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(Credential::header("x-shopify-hmac-sha256").base64())
            .time(TimeField::header("x-shopify-triggered-at").rfc3339())
            .signs("{body}")
            .topic(Field::header("x-shopify-topic"))
            .id(Field::header("x-shopify-event-id"))
            .keep_header("x-shopify-shop-domain")
            .keep_header("x-shopify-api-version")
            .keep_header("x-shopify-webhook-id")
    }
}

impl GivesIds for ShopifyScheme {}

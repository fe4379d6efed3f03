//! [WooCommerce].
//!
//! The header `X-WC-Webhook-Signature` is the base64 of an HMAC-SHA256 over the body.
//!
//! | | |
//! |---|---|
//! | secret | the secret of the webhook, as text, with `&` where its page shows `&amp;` |
//! | covered | the body |
//! | not covered | the topic, and the headers `X-WC-Webhook-Resource`, `-Event`, `-ID`, `-Source` and `-Delivery-ID` |
//! | topic, id | the header `X-WC-Webhook-Topic`, such as `order.updated`; none |
//! | accepted | 200, empty. 200 to 302 count |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | 60 s; never |
//! | handshake | when a webhook is activated, a form `webhook_id=<n>` **without a signature**: 200, and no handler gets it |
//!
//! # What to know
//!
//! - **The topic is not signed**, nor is the shop: decide by what the body says. A deletion is `{"id":1}` and nothing else,
//!   so a captured one of a customer also fits an order.
//! - **There is no time.** A captured delivery can be sent again forever.
//! - **Nothing is repeated**: what fails is lost, and the seventh failure in a row turns the webhook off. Store first, and
//!   compare with the shop's API from time to time.
//! - `X-WC-Webhook-Delivery-ID` is derived from the webhook and the second in which it sends. It is no id of the delivery.
//! - A plug-in of the shop can change the algorithm. Then every delivery is refused.
//!
//! Source: all of it was observed in the source code of the plug-in. There is no limit for bodies; here it is 1 MiB.
//!
//! [WooCommerce]: https://woocommerce.com

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::answer::Received;
use crate::provider::{Attempt, Repeats, Timing};
use crate::scheme::{Preset, SchemeProvider};
use crate::signing::{Credential, Field, Handshake, HmacKeys, Scheme, SchemeBuilder};

/// WooCommerce as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type WooCommerce<T = Value> = SchemeProvider<T, WooCommerceScheme>;

/// The data of [`WooCommerce`].
#[derive(Debug)]
pub enum WooCommerceScheme {}

impl Preset for WooCommerceScheme {
    const NAME: &'static str = "woocommerce";

    const TIMING: Timing = Timing::new(
        &[Attempt::after(Duration::ZERO).waiting(Duration::from_secs(60))],
        "WooCommerce, source code of the plug-in",
    )
    .repeats(Repeats::Never)
    .if_never_received(
        "WooCommerce never sends it again, and turns the webhook off after repeated failures",
    );

    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(Credential::header("x-wc-webhook-signature").base64())
            .signs("{body}")
            .topic(Field::header("x-wc-webhook-topic"))
            .keep_header("x-wc-webhook-resource")
            .keep_header("x-wc-webhook-event")
            .keep_header("x-wc-webhook-id")
            .keep_header("x-wc-webhook-source")
            .keep_header("x-wc-webhook-delivery-id")
            .received(Received::UpTo(StatusCode::FOUND))
            .handshake(Handshake::UnsignedForm("webhook_id".into()))
    }
}

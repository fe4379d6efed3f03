//! [Meta]: WhatsApp Cloud API, Instagram, Messenger.
//!
//! The header `X-Hub-Signature-256` is `sha256=<hex>`, an HMAC-SHA256 over the body. The legacy header `X-Hub-Signature`
//! (SHA-1) is not read.
//!
//! | | |
//! |---|---|
//! | secret | the app secret, as text: its hex digits are not decoded |
//! | covered | the body |
//! | not covered | nothing else is sent |
//! | topic, id | the field `object`, such as `whatsapp_business_account`; none |
//! | accepted | 200, empty. Only 200 counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented; at once, then less and less often for 36 h |
//! | handshake | `GET ?hub.mode=subscribe`: the right verify token is answered with the challenge, a wrong one with 403 |
//!
//! # What to know
//!
//! - **There is no time.** A captured delivery can be sent again forever.
//! - **There is no delivery id**, and repeats come for days. The ids are in the body: `messages[].id`, and `statuses[].id`
//!   with its `status`. One delivery has up to 1000 updates.
//! - **The body is signed as it was sent**, with `\u00e4` in place of `ä` and, as was observed, `\/` in place of `/`. A proxy
//!   that decodes and encodes it again breaks every signature.
//! - **Set the verify token** with `verify_token` on the layer; Meta asks for it whenever the URL changes. Without one, the
//!   handshake is refused.
//!
//! Source: the documentation of Meta on webhooks of the Graph API and on the WhatsApp Cloud API. The limit of 3 MB for a body,
//! the 403, and that WhatsApp repeats for 7 days were observed.
//!
//! [Meta]: https://developers.facebook.com

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::answer::Received;
use crate::provider::{Repeats, Timing};
use crate::scheme::{HasVerifyToken, Preset, SchemeProvider};
use crate::signing::{Credential, Field, Handshake, HmacKeys, Scheme, SchemeBuilder};

/// Meta as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Meta<T = Value> = SchemeProvider<T, MetaScheme>;

/// The data of [`Meta`].
#[derive(Debug)]
pub enum MetaScheme {}

impl Preset for MetaScheme {
    const NAME: &'static str = "meta";

    const TIMING: Timing = Timing::new(&[], "Meta, on webhooks of the Graph API")
        .repeats(Repeats::Roughly(
            "Meta tries again at once, and then less and less often for 36 hours",
        ))
        .within(Duration::from_secs(36 * 60 * 60))
        .if_never_received("Meta drops the notification after 36 hours");

    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(
                Credential::header("x-hub-signature-256")
                    .prefix("sha256=")
                    .hex(),
            )
            .signs("{body}")
            .topic(Field::body("object"))
            .body_limit(3 * 1024 * 1024)
            .received(Received::Only(&[StatusCode::OK]))
            .handshake(Handshake::Hub)
    }
}

impl HasVerifyToken for MetaScheme {}

//! [Discord], webhook events and interactions. It needs the feature `ed25519`.
//!
//! The header `X-Signature-Ed25519` is the hex of an Ed25519 signature over the time and the body, joined;
//! `X-Signature-Timestamp` is the time.
//!
//! | | |
//! |---|---|
//! | secret | the public key of the app, 64 hex digits. It is not secret |
//! | covered | body and time |
//! | not covered | nothing else is sent |
//! | topic, id | the field `event.type`, such as `APPLICATION_AUTHORIZED`; none. Interactions have neither |
//! | accepted | 204, empty |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | 3 s; more and more rarely for 10 minutes |
//! | handshake | the ping of webhook events, `type` 0: 204. The ping of interactions, `type` 1 without `event`: 200 with `{"type":1}` |
//!
//! # What to know
//!
//! - **An interaction is answered by the handler**, with 200 and JSON. Webhook events are answered without a body: only 204
//!   counts for them.
//! - **Any time is accepted.** The documentation does not say whether a repeat is signed again. Set `tolerance` on the layer if
//!   you see that it is. Until then a captured delivery can be sent again forever.
//! - **There is no delivery id**, and deliveries come in any order.
//! - Time and body touch in what is signed, so a time that does not have 10 digits is refused: otherwise digits could move
//!   between them.
//! - Discord sends wrong signatures on purpose, and removes a URL that accepts one. They are refused with 401 here, and
//!   counted as any other.
//!
//! Source: the documentation of Discord on webhook events and on interactions. That the time is in seconds was observed. No
//! limit for bodies is documented; here it is 1 MiB.
//!
//! [Discord]: https://discord.com/developers

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::answer::Received;
use crate::provider::{Attempt, Repeats, Timing};
use crate::scheme::{Preset, SchemeProvider, SignsTime};
use crate::signing::{
    Credential, Ed25519Keys, Field, Handshake, KeyEncoding, Scheme, SchemeBuilder, TimeField,
};

/// Discord as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Discord<T = Value> = SchemeProvider<T, DiscordScheme>;

/// The data of [`Discord`].
#[derive(Debug)]
pub enum DiscordScheme {}

impl Preset for DiscordScheme {
    const NAME: &'static str = "discord";

    const TIMING: Timing = Timing::new(
        &[Attempt::after(Duration::ZERO).waiting(Duration::from_secs(3))],
        "Discord, on webhook events",
    )
    .repeats(Repeats::Roughly(
        "Discord tries again for 10 minutes, at growing intervals",
    ))
    .within(Duration::from_secs(10 * 60))
    .if_never_received(
        "Discord gives the event up, and turns off an endpoint that fails too often",
    );

    type Store = Ed25519Keys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .ed25519(Credential::header("x-signature-ed25519").hex())
            .key(KeyEncoding::Hex)
            .time(
                TimeField::header("x-signature-timestamp")
                    .seconds()
                    .length(10),
            )
            .signs("{time}{body}")
            .any_time()
            .topic(Field::body("event.type"))
            // An interaction is answered with 200, which must not become a 204.
            .received(Received::Only(&[StatusCode::NO_CONTENT, StatusCode::OK]))
            .handshake(Handshake::ping("type", "0", 204))
            .handshake(
                Handshake::ping("type", "1", 200)
                    .without("event")
                    .with_body(r#"{"type":1}"#),
            )
    }
}

impl SignsTime for DiscordScheme {}

//! [Asaas].
//!
//! The header `asaas-access-token` is a token. Nothing is signed.
//!
//! | | |
//! |---|---|
//! | secret | the access token of the webhook: 32 to 255 characters without spaces |
//! | covered | nothing: the token is sent as it is |
//! | not covered | body and time |
//! | topic, id | the fields `event` and `id`, such as `PAYMENT_RECEIVED` and `evt_…&1`; trusted as far as the token is |
//! | accepted | 200, empty. Only 200 counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | 10 s; 14 times in about 13 h. Then the queue is paused, and kept for 14 days |
//! | handshake | none |
//!
//! # What to know
//!
//! - **The body is not signed**: anyone who has the token can send any. Ask the API for the payment before you act.
//! - **There is no time.** A captured delivery can be sent again forever.
//! - **Failures pause the queue**: nothing more is sent until its owner turns it on again, and in sequential mode no later event
//!   passes one that fails. Accept events that you do not know.
//! - An id has `&` in it, so encode it where it goes into a URL.
//!
//! Source: the documentation of Asaas on webhooks. The form of the token was observed, and is not checked here. No limit for
//! bodies is documented; here it is 1 MiB.
//!
//! [Asaas]: https://www.asaas.com

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::answer::Received;
use crate::provider::{Attempt, Repeats, Timing};
use crate::scheme::{GivesIds, Preset, SchemeProvider};
use crate::secrets::BearerTokens;
use crate::signing::{Credential, Field, Scheme, SchemeBuilder};

/// Asaas as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Asaas<T = Value> = SchemeProvider<T, AsaasScheme>;

/// The data of [`Asaas`].
#[derive(Debug)]
pub enum AsaasScheme {}

impl Preset for AsaasScheme {
    const NAME: &'static str = "asaas";

    const TIMING: Timing = Timing::new(
        &[Attempt::after(Duration::ZERO).waiting(Duration::from_secs(10))],
        "Asaas, on webhooks",
    )
    .repeats(Repeats::Roughly(
        "Asaas tries again 14 times in about 13 hours",
    ))
    // A queue that was paused sends what it kept, once its owner turns it on again.
    .within(Duration::from_secs(14 * 24 * 60 * 60))
    .if_never_received("Asaas pauses the queue and keeps its events for 14 days");

    type Store = BearerTokens;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .token(Credential::header("asaas-access-token"))
            .topic(Field::body("event"))
            .id(Field::body("id"))
            .received(Received::Only(&[StatusCode::OK]))
    }
}

impl GivesIds for AsaasScheme {}

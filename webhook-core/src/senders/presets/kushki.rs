//! [Kushki].
//!
//! The header `X-Kushki-Signature` is the hex of an HMAC-SHA256 over `{body}.{time}`; `X-Kushki-Id` is the time, in seconds or
//! milliseconds.
//!
//! | | |
//! |---|---|
//! | secret | the webhook signature that the console shows, as text |
//! | covered | body and time |
//! | not covered | the header `X-Kushki-Key`, the id of the merchant |
//! | topic, id | not documented |
//! | accepted | 200, empty. Only 200 counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented |
//! | handshake | when a URL is registered, `{}` **without a signature**: 200, and no handler gets it (observed) |
//!
//! # What to know
//!
//! - **`X-Kushki-SimpleSignature` is never read.** It covers the time alone: anyone who has captured one delivery could send
//!   it with any body.
//! - **Any time is accepted.** The documentation does not say whether a repeat is signed again. Set `tolerance` on the layer if
//!   you see that it is. Until then a captured delivery can be sent again forever.
//! - **There is no delivery id.** The body's `ticket_number` is signed.
//! - Kushki delivers to `http` URLs as well, and from the published address 34.230.185.20 (UAT: 54.208.105.247). Use `https`.
//! - **The body is signed as it was sent.** Some of Kushki's examples sign JSON that was decoded and encoded again; the one in
//!   PHP signs what was received.
//!
//! Source: the documentation of Kushki on webhooks, which calls `X-Kushki-Id` a "Unix time" without a unit; milliseconds were
//! observed. No limit for bodies is documented; here it is 1 MiB.
//!
//! [Kushki]: https://www.kushkipagos.com

use http::StatusCode;
use serde_json::Value;

use crate::answer::Received;
use crate::provider::Timing;
use crate::scheme::{Preset, SchemeProvider, SignsTime};
use crate::signing::{Credential, Handshake, HmacKeys, Scheme, SchemeBuilder, TimeField};

/// Kushki as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Kushki<T = Value> = SchemeProvider<T, KushkiScheme>;

/// The data of [`Kushki`].
#[derive(Debug)]
pub enum KushkiScheme {}

impl Preset for KushkiScheme {
    const NAME: &'static str = "kushki";

    const TIMING: Timing = Timing::UNDOCUMENTED;

    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(Credential::header("x-kushki-signature").hex())
            .time(TimeField::header("x-kushki-id").seconds_or_milliseconds())
            .signs("{body}.{time}")
            .any_time()
            .keep_header("x-kushki-key")
            .received(Received::Only(&[StatusCode::OK]))
            .handshake(Handshake::UnsignedProbe("{}".into()))
    }
}

impl SignsTime for KushkiScheme {}

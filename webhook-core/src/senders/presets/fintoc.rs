//! [Fintoc].
//!
//! The header `Fintoc-Signature` is `t=<time>,v1=<hex>`, an HMAC-SHA256 over `{t}.{body}`; `t` is in seconds. Signatures of
//! another version are skipped.
//!
//! | | |
//! |---|---|
//! | secret | the secret of the endpoint, as text, with its `whsec_`: it is not base64 |
//! | covered | body and time |
//! | not covered | nothing else is sent |
//! | topic, id | the fields `type` and `id`, such as `payment_intent.succeeded` and `evt_…` |
//! | accepted | 200, empty. Any 2xx counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented; from 3 s on, more and more rarely, up to 17 times |
//! | handshake | none |
//!
//! A time more than 300 seconds from now is refused. Whether a repeat is signed again is not documented; if you see repeats
//! that are refused with `timestamp_outside_tolerance`, it is not: set a longer `tolerance` on the layer.
//!
//! Source: the documentation of Fintoc on webhooks. The key, the 300 seconds and that other versions are skipped were observed
//! in its SDK. No limit for bodies is documented; here it is 1 MiB.
//!
//! [Fintoc]: https://fintoc.com

use serde_json::Value;

use crate::provider::{Repeats, Timing};
use crate::scheme::{GivesIds, Preset, SchemeProvider, SignsTime};
use crate::signing::{Credential, Field, HmacKeys, Scheme, SchemeBuilder, TimeField};

/// Fintoc as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Fintoc<T = Value> = SchemeProvider<T, FintocScheme>;

/// The data of [`Fintoc`].
#[derive(Debug)]
pub enum FintocScheme {}

impl Preset for FintocScheme {
    const NAME: &'static str = "fintoc";

    // The number of repeats is documented, and the waits between them are not.
    const TIMING: Timing = Timing::new(&[], "Fintoc, on webhooks")
        .repeats(Repeats::Roughly(
            "Fintoc tries again after 3 seconds and then at growing intervals, 17 times at most",
        ))
        .if_never_received("Fintoc gives the event up");

    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(Credential::header("fintoc-signature").pair("v1").hex())
            .time(TimeField::pair("t").seconds())
            .signs("{time}.{body}")
            .topic(Field::body("type"))
            .id(Field::body("id"))
    }
}

impl SignsTime for FintocScheme {}

impl GivesIds for FintocScheme {}

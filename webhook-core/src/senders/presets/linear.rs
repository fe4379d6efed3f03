//! [Linear].
//!
//! The header `Linear-Signature` is the hex of an HMAC-SHA256 over the body, which has the time as `webhookTimestamp`, in
//! milliseconds.
//!
//! | | |
//! |---|---|
//! | secret | the signing secret of the webhook, as text, with its `lin_wh_` |
//! | covered | the body, and so the time |
//! | not covered | the headers `Linear-Event`, `Linear-Timestamp` and `Linear-Delivery` |
//! | topic, id | the field `type`, such as `Issue`; the header `Linear-Delivery` |
//! | accepted | 200, empty. Only 200 counts |
//! | refused | 401, also if the body has no time; a body that does not decode 400 |
//! | waits, repeats | 5 s; after a minute, an hour and six hours (observed) |
//! | handshake | none |
//!
//! # What to know
//!
//! - A time in the body more than **60 seconds** from now is refused, as Linear's own SDK does. Repeats are signed again. The
//!   header `Linear-Timestamp` is not signed, and is not read.
//! - **The id is not signed**, and whether a repeat has the same one is not documented: `once` needs `trust_unsigned_ids`, and
//!   may handle a repeat again.
//! - What happened is in `action`, which is signed, such as `create`.
//!
//! Source: all of it was observed, in Linear's SDK and in what it sends. No limit for bodies is documented; here it is 1 MiB.
//!
//! [Linear]: https://linear.app

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::answer::Received;
use crate::provider::Timing;
use crate::scheme::{GivesIds, Preset, SchemeProvider, SignsTime};
use crate::signing::{Credential, Field, HmacKeys, Scheme, SchemeBuilder, TimeField};

/// Linear as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Linear<T = Value> = SchemeProvider<T, LinearScheme>;

/// The data of [`Linear`].
#[derive(Debug)]
pub enum LinearScheme {}

impl Preset for LinearScheme {
    const NAME: &'static str = "linear";

    const TIMING: Timing = Timing::UNDOCUMENTED;

    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(Credential::header("linear-signature").hex())
            .time(TimeField::body("webhookTimestamp").milliseconds())
            .tolerance(Duration::from_secs(60))
            .signs("{body}")
            .topic(Field::body("type"))
            .id(Field::header("linear-delivery"))
            .keep_header("linear-event")
            .received(Received::Only(&[StatusCode::OK]))
    }
}

impl SignsTime for LinearScheme {}

impl GivesIds for LinearScheme {}

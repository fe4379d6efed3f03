//! [Khipu], notifications of version 3.0 of its API.
//!
//! The header `x-khipu-signature` is `t=<time>,s=<base64>`, an HMAC-SHA256 over `{t}.{body}`; `t` is in milliseconds.
//!
//! | | |
//! |---|---|
//! | secret | the secret of the account, as text: its hex digits are not decoded |
//! | covered | body and time |
//! | not covered | nothing else is sent |
//! | topic, id | none; none. The body is the payment |
//! | accepted | 200, empty. What counts is not documented |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented |
//! | handshake | none |
//!
//! # What to know
//!
//! - **Any time is accepted.** The documentation does not say whether a repeat is signed again; if it is not, a tolerance
//!   would refuse it. Set `tolerance` on the layer if you see that it is. Until then a captured delivery can be sent again
//!   forever.
//! - **There is no delivery id.** Handle a payment once by its `payment_id` or `transaction_id`, which are signed.
//! - Amounts are text, such as `"1000.0000"`.
//! - Version 1.3 posts a form with `notification_token`, which is not signed, and is refused here. Ask the API with it, or set
//!   `notify_api_version` to `3.0`.
//!
//! Source: the documentation of Khipu on notifications of payments. That 200 counts was observed. No limit for bodies is
//! documented; here it is 1 MiB.
//!
//! [Khipu]: https://khipu.com

use serde_json::Value;

use crate::provider::Timing;
use crate::scheme::{Preset, SchemeProvider, SignsTime};
use crate::signing::{Credential, HmacKeys, Scheme, SchemeBuilder, TimeField};

/// Khipu as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Khipu<T = Value> = SchemeProvider<T, KhipuScheme>;

/// The data of [`Khipu`].
#[derive(Debug)]
pub enum KhipuScheme {}

impl Preset for KhipuScheme {
    const NAME: &'static str = "khipu";

    const TIMING: Timing = Timing::UNDOCUMENTED;

    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(Credential::header("x-khipu-signature").pair("s").base64())
            .time(TimeField::pair("t").milliseconds())
            .signs("{time}.{body}")
            .any_time()
    }
}

impl SignsTime for KhipuScheme {}

//! [Slack], events, slash commands and interactive messages.
//!
//! The header `X-Slack-Signature` is `v0=<hex>`, an HMAC-SHA256 over `v0:{time}:{body}`; `X-Slack-Request-Timestamp` is the
//! time in seconds. Events are JSON; slash commands and interactions are forms, of which the second have their JSON in the
//! field `payload`.
//!
//! | | |
//! |---|---|
//! | secret | the signing secret of the app, as text |
//! | covered | body and time |
//! | not covered | the headers `X-Slack-Retry-Num` and `X-Slack-Retry-Reason` |
//! | topic, id | the fields `type` and `event_id` of an event; forms have none |
//! | accepted | 200, empty. Any 2xx counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | 3 s; at once, after a minute, after five; `X-Slack-No-Retry: 1` in an answer ends them |
//! | handshake | a signed `url_verification`: its challenge is sent back. A form with `ssl_check=1`: 200 |
//!
//! Source: the Slack documentation, "Verifying requests from Slack", "The Events API" and "Using the Slack Events API: Error
//! handling". That a slash command's URL is checked with `ssl_check=1` was observed.
//!
//! [Slack]: https://slack.com

use std::time::Duration;

use serde_json::Value;

use crate::provider::{Attempt, Stop, Timing};
use crate::scheme::{GivesIds, Preset, SchemeProvider, SignsTime};
use crate::signing::{
    BodyFormat, Credential, Field, Handshake, HmacKeys, Scheme, SchemeBuilder, TimeField,
};

/// Slack as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Slack<T = Value> = SchemeProvider<T, SlackScheme>;

/// The data of [`Slack`].
#[derive(Debug)]
pub enum SlackScheme {}

impl Preset for SlackScheme {
    const NAME: &'static str = "slack";

    const TIMING: Timing = {
        const fn after(seconds: u64) -> Attempt {
            Attempt::after(Duration::from_secs(seconds)).waiting(Duration::from_secs(3))
        }
        Timing::new(
            &[after(0), after(0), after(60), after(300)],
            "Slack, \"The Events API\"",
        )
        .stops(&[Stop::header("x-slack-no-retry", "1")])
        .if_never_received(
            "Slack gives the event up, and turns off a URL at which most events of an hour fail",
        )
    };

    type Store = HmacKeys;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(Credential::header("x-slack-signature").prefix("v0=").hex())
            .time(TimeField::header("x-slack-request-timestamp").seconds())
            .signs("v0:{time}:{body}")
            .topic(Field::body("type"))
            .id(Field::body("event_id"))
            .keep_header("x-slack-retry-num")
            .keep_header("x-slack-retry-reason")
            .body(BodyFormat::FormField("payload".into()))
            .handshake(Handshake::challenge(
                "type",
                "url_verification",
                "challenge",
            ))
            .handshake(Handshake::ping("ssl_check", "\"1\"", 200))
    }
}

impl SignsTime for SlackScheme {}

impl GivesIds for SlackScheme {}

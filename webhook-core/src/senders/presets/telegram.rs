//! [Telegram], updates of a bot.
//!
//! The header `X-Telegram-Bot-Api-Secret-Token` is a token. Nothing is signed.
//!
//! | | |
//! |---|---|
//! | secret | the `secret_token` that was given to `setWebhook`: 1 to 256 of `A`–`Z`, `a`–`z`, `0`–`9`, `_` and `-`. It is not the bot's token |
//! | covered | nothing: the token is sent as it is |
//! | not covered | body and time |
//! | topic, id | none; the field `update_id`, trusted as far as the token is. The other field of the body says what happened |
//! | accepted | 200, empty. Any 2xx counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented; a "reasonable" number |
//! | handshake | none |
//!
//! # What to know
//!
//! - **Answer without a body.** Telegram executes a JSON answer as a call of the Bot API, with the bot's rights: never send
//!   back what an update contains.
//! - **The body is not signed**: anyone who has the token can send any update, from any user. Use a long random one.
//! - **There is no time.** A captured delivery can be sent again forever.
//! - Without `secret_token`, `setWebhook` sends none, and every update is refused here.
//!
//! Source: the documentation of Telegram's Bot API on `setWebhook` and `Update`. Observed: that a JSON answer is executed, that
//! `update_id` is the same on a repeat, and the ports 443, 80, 88 and 8443. The form of the token is not checked here. No limit
//! for bodies is documented; here it is 1 MiB.
//!
//! [Telegram]: https://core.telegram.org/bots/api

use serde_json::Value;

use crate::provider::{Repeats, Timing};
use crate::scheme::{GivesIds, Preset, SchemeProvider};
use crate::secrets::BearerTokens;
use crate::signing::{Credential, Field, Scheme, SchemeBuilder};

/// Telegram as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Telegram<T = Value> = SchemeProvider<T, TelegramScheme>;

/// The data of [`Telegram`].
#[derive(Debug)]
pub enum TelegramScheme {}

impl Preset for TelegramScheme {
    const NAME: &'static str = "telegram";

    const TIMING: Timing = Timing::new(&[], "Telegram, \"Bot API\"").repeats(Repeats::Roughly(
        "Telegram tries again a number of times that it calls reasonable",
    ));

    type Store = BearerTokens;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .token(Credential::header("x-telegram-bot-api-secret-token"))
            .id(Field::body("update_id"))
    }
}

impl GivesIds for TelegramScheme {}

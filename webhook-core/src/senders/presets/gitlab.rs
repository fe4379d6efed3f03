//! [GitLab], webhooks with a secret token.
//!
//! The header `X-Gitlab-Token` is a token. Nothing is signed. A webhook with a signing token proves more:
//! [`gitlab_signing`](crate::gitlab_signing).
//!
//! | | |
//! |---|---|
//! | secret | the secret token of the webhook |
//! | covered | nothing: the token is sent as it is |
//! | not covered | body and time, and the headers `X-Gitlab-Event`, `X-Gitlab-Event-UUID`, `X-Gitlab-Webhook-UUID`, `X-Gitlab-Instance` |
//! | topic, id | the field `object_kind`, such as `push`; the header `Idempotency-Key`; both trusted as far as the token is |
//! | accepted | 200, empty. Any 2xx counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented, except by hand, with the same key |
//! | handshake | none |
//!
//! # What to know
//!
//! - **The body is not signed**: anyone who has the token can send any. Set a signing token if your GitLab has one.
//! - **There is no time.** A captured delivery can be sent again forever.
//! - **Refusals turn the webhook off**: four failures in a row with 4xx for good, with 5xx for a minute to a day (a page of
//!   17.x; newer versions are not documented).
//! - With a custom template the body is whatever JSON it makes, and there is no topic.
//! - `X-Gitlab-Event-UUID` is shared by the hooks that a hook causes, so it is no id of a delivery.
//!
//! Source: the documentation of GitLab on webhooks. That GitLab waits 10 s, and bodies of up to 25 MB, were observed.
//!
//! [GitLab]: https://gitlab.com

use serde_json::Value;

use crate::provider::Timing;
use crate::scheme::{GivesIds, Preset, SchemeProvider};
use crate::secrets::BearerTokens;
use crate::signing::{Credential, Field, Scheme, SchemeBuilder};

/// GitLab with a secret token as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type Gitlab<T = Value> = SchemeProvider<T, GitlabScheme>;

/// The data of [`Gitlab`].
#[derive(Debug)]
pub enum GitlabScheme {}

impl Preset for GitlabScheme {
    const NAME: &'static str = "gitlab";

    const TIMING: Timing = Timing::new(&[], "GitLab, on webhooks").if_never_received(
        "GitLab turns off a webhook that fails 4 times in a row: after a 5xx for a minute to a day, after a 4xx for good",
    );

    type Store = BearerTokens;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .token(Credential::header("x-gitlab-token"))
            .topic(Field::body("object_kind"))
            .id(Field::header("idempotency-key"))
            .keep_header("x-gitlab-event")
            .keep_header("x-gitlab-event-uuid")
            .keep_header("x-gitlab-webhook-uuid")
            .keep_header("x-gitlab-instance")
            .body_limit(25 * 1024 * 1024)
    }
}

impl GivesIds for GitlabScheme {}

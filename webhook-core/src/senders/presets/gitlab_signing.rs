//! [GitLab], webhooks with a signing token.
//!
//! The header `webhook-signature` is `v1,<base64>`, an HMAC-SHA256 over `{id}.{time}.{body}`, as Standard Webhooks has it;
//! `webhook-timestamp` is the time in seconds. For webhooks with a secret token there is [`gitlab`](crate::gitlab).
//!
//! | | |
//! |---|---|
//! | secret | the signing token: `whsec_` and base64 of exactly 32 bytes, which is decoded. Any other is refused when the layer is built |
//! | covered | id, body and time |
//! | not covered | the headers `X-Gitlab-Event`, `X-Gitlab-Event-UUID`, `X-Gitlab-Webhook-UUID`, `X-Gitlab-Instance` |
//! | topic, id | the field `object_kind`, such as `push`; the header `webhook-id` |
//! | accepted | 200, empty. Any 2xx counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented, except by hand, with the same id |
//! | handshake | none |
//!
//! # What to know
//!
//! - **A webhook without a signing token is refused**, also if it has `webhook-id` and `webhook-timestamp`, which was
//!   observed. `X-Gitlab-Token` is not read here.
//! - A time more than 300 seconds from now is refused. Whether a repeat is signed again is not documented; `tolerance` on the
//!   layer changes the limit.
//! - **Refusals turn the webhook off**: four failures in a row with 4xx for good, with 5xx for a minute to a day (a page of
//!   17.x; newer versions are not documented).
//! - With a custom template the body is whatever JSON it makes, and there is no topic.
//!
//! Source: the documentation of GitLab on webhooks. That GitLab waits 10 s, and bodies of up to 25 MB, were observed.
//!
//! [GitLab]: https://gitlab.com

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::provider::Timing;
use crate::scheme::{GivesIds, Preset, SchemeProvider, SignsTime};
use crate::secrets::{Secret, SecretsErrorKind, SigningKey, SigningKeys};
use crate::signing::{
    Credential, Field, HmacSha256, KeyEncoding, Scheme, SchemeBuilder, Signatures, TimeField,
    Verifies,
};

/// GitLab with a signing token as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
pub type GitlabSigning<T = Value> = SchemeProvider<T, GitlabSigningScheme>;

/// The data of [`GitlabSigning`].
#[derive(Debug)]
pub enum GitlabSigningScheme {}

impl Preset for GitlabSigningScheme {
    const NAME: &'static str = "gitlab-signing";

    const TIMING: Timing = Timing::new(&[], "GitLab, on webhooks").if_never_received(
        "GitLab turns off a webhook that fails 4 times in a row: after a 5xx for a minute to a day, after a 4xx for good",
    );

    type Store = SigningKeys<GitlabKey>;

    fn scheme() -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(
                Credential::header("webhook-signature")
                    .list(' ')
                    .prefix("v1,")
                    .base64(),
            )
            .key(KeyEncoding::Base64)
            .key_prefix(GitlabKey::PREFIX)
            .time(TimeField::header("webhook-timestamp").seconds())
            .signs("{header:webhook-id}.{time}.{body}")
            .topic(Field::body("object_kind"))
            .id(Field::header("webhook-id"))
            .keep_header("x-gitlab-event")
            .keep_header("x-gitlab-event-uuid")
            .keep_header("x-gitlab-webhook-uuid")
            .keep_header("x-gitlab-instance")
            .body_limit(25 * 1024 * 1024)
    }
}

impl SignsTime for GitlabSigningScheme {}

impl GivesIds for GitlabSigningScheme {}

/// A signing token of GitLab.
pub struct GitlabKey(HmacSha256);

impl GitlabKey {
    const PREFIX: &'static str = "whsec_";
    const LENGTH: usize = 32;
    const UNFIT: SecretsErrorKind = SecretsErrorKind::OtherCredential {
        found: "no signing token of GitLab",
        expected: "the one of the webhook (`whsec_` and base64 of 32 bytes, 50 characters), or use `Gitlab` for a secret token",
    };
}

impl SigningKey for GitlabKey {
    fn decode(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        let text = secret.expose();
        if secret.is_raw() {
            return Ok(Zeroizing::new(text.as_bytes().to_vec()));
        }
        // Without its prefix it may be a secret token, which is the field beside it.
        text.strip_prefix(Self::PREFIX)
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .map(Zeroizing::new)
            .ok_or(Self::UNFIT)
    }

    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        match key.len() {
            Self::LENGTH => HmacSha256::prepare(key).map(Self),
            _ => Err(Self::UNFIT),
        }
    }
}

impl Verifies for GitlabKey {
    fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        self.0.has_signed(parts, signatures)
    }
}

/// Shows nothing of the key.
impl fmt::Debug for GitlabKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitlabKey").finish_non_exhaustive()
    }
}

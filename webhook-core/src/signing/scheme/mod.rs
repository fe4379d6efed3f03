//! What a sender's proof consists of, as data.

mod builder;
mod check;
mod content;
mod credential;
mod error;
mod field;
mod handshake;
mod keys;
mod reading;
mod rules;
mod secrets;
#[cfg(feature = "testing")]
mod sign;
mod time;

use std::fmt;
use std::sync::Arc;

use http::HeaderName;

pub use self::builder::{BodyFormat, KeyEncoding, SchemeBuilder};
pub use self::credential::Credential;
pub use self::error::{SchemeError, SchemeErrorKind};
pub use self::field::{Characters, Field, Form};
pub use self::handshake::Handshake;
pub(crate) use self::keys::Compares;
pub use self::keys::{SchemeStore, Verifies};
pub(crate) use self::reading::SignedContent;
pub(crate) use self::rules::{Place, Rules};
pub use self::secrets::SchemeSecrets;
#[cfg(feature = "testing")]
pub(crate) use self::sign::{Credential as Sending, Unsigned};
pub use self::time::{TimeField, TimeUnit};

/// How a sender proves its deliveries: where the signature or the token is, what is signed and how, where time, topic and id
/// are. It is checked when it is built, and used for every delivery.
///
/// Most senders need nothing else:
///
/// ```
/// use webhook_core::signing::{Credential, Field, Scheme, TimeField};
///
/// let acme = Scheme::builder("acme")
///     .hmac_sha256(Credential::header("x-acme-signature").prefix("v0=").hex())
///     .time(TimeField::header("x-acme-timestamp").seconds())
///     .signs("v0:{time}:{body}")
///     .topic(Field::body("type"))
///     .id(Field::body("event_id"))
///     .build()?;
/// # Ok::<(), webhook_core::signing::SchemeError>(())
/// ```
///
/// With its secrets it is a sender: [`SchemeProvider`](crate::scheme::SchemeProvider).
///
/// # What is refused
///
/// A scheme that someone else could use against the app is not built, unless the app names the danger:
///
/// - *Two parts of variable length that touch.* Characters move from one to the other under the same signature. A part of a fixed
///   [length](Form::length) may touch another one, and so may one that has only [one value](Form::exactly).
///   [`allow_adjacent_parts`](SchemeBuilder::allow_adjacent_parts)
/// - *A separator that the part before it may contain.* If the part may have any character, a request in which it has the
///   first one of the separator is refused.
/// - *A part after the body* whose characters include the last one of the separator before it: the body may contain anything.
/// - *Content without the body.* [`body_is_not_signed`](SchemeBuilder::body_is_not_signed)
/// - *A tolerance over a time that is not signed.* [`time_is_not_signed`](SchemeBuilder::time_is_not_signed)
/// - *A token in the query*, unless it is called
///   [`query_which_logs_show`](Credential::query_which_logs_show).
/// - *SignedContent content without any part*: its signature is the same for every delivery.
/// - *A credential in a header that the event shows*, so that it would be logged and stored.
/// - *A probe without a signature that is empty*: every empty request would be one.
/// - *A setting that nothing reads*, since its owner believes that it does something.
///
/// A URL cannot be signed content, as Square and Twilio have it: behind a proxy a server sees another one than its sender.
///
/// # From a file
///
/// A [`SchemeBuilder`] is read from any format of serde, with the same checks when it is built. Unknown keys are errors.
///
/// ```
/// use webhook_core::signing::SchemeBuilder;
///
/// let file = r#"{
///     "algorithm": "hmac-sha256",
///     "credential": { "header": "x-acme-signature", "prefix": "v0=", "encoding": "hex" },
///     "time": { "header": "x-acme-timestamp", "unit": "seconds" },
///     "signs": "v0:{time}:{body}",
///     "topic": { "body": "type" },
///     "id": { "body": "event_id" }
/// }"#;
/// let scheme: SchemeBuilder = serde_json::from_str(file)?;
/// let acme = scheme.named("acme").build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Scheme(pub(crate) Arc<Rules>);

impl Scheme {
    /// Starts a scheme. The name is for logs and metrics: 1 to 32 lowercase letters, digits, `-` and `_`.
    pub fn builder(name: impl Into<String>) -> SchemeBuilder {
        SchemeBuilder::new(name)
    }

    fn of(rules: Rules) -> Self {
        Self(Arc::new(rules))
    }

    /// The scheme of a sender that this crate knows.
    ///
    /// # Panics
    ///
    /// If it cannot be built, which the tests of each sender rule out.
    #[allow(
        clippy::panic,
        reason = "a mistake in the sender, found before the first request"
    )]
    pub(crate) fn of_sender(builder: &SchemeBuilder) -> Self {
        match builder.build() {
            Ok(scheme) => scheme,
            Err(error) => panic!("{error}"),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The headers that carry the credential; none if it is in the query.
    pub fn credential_headers(&self) -> &[HeaderName] {
        &self.0.credential_names
    }

    /// The headers whose values are signed, beside the one with the time.
    pub fn signed_headers(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.signed_headers()
    }

    /// Whether a token is all that a delivery has: nothing is signed.
    pub fn is_token(&self) -> bool {
        self.0.is_token()
    }

    /// Whether the sender signs with a private key, so that a receiver is given the public one.
    pub fn has_public_key(&self) -> bool {
        self.0.has_public_key()
    }

    /// Whether the body is signed.
    pub fn signs_body(&self) -> bool {
        self.0.covers_body()
    }

    /// Whether a time is signed, in the head or in the body.
    pub fn signs_time(&self) -> bool {
        self.0.covers_time
    }

    /// What the app has named that makes the scheme weaker than it looks, to be shown when a server starts.
    ///
    /// ```
    /// use webhook_core::signing::{Credential, Scheme};
    ///
    /// let scheme = Scheme::builder("acme")
    ///     .token(Credential::query_which_logs_show("token"))
    ///     .build()?;
    /// let warnings: Vec<_> = scheme.warnings().collect();
    /// assert_eq!(warnings, ["the token is in the query, which every log of requests shows"]);
    /// # Ok::<(), webhook_core::signing::SchemeError>(())
    /// ```
    pub fn warnings(&self) -> impl Iterator<Item = &'static str> {
        self.0.warnings()
    }
}

/// Shows the name. Nothing in a scheme is secret, but it is long.
impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scheme").field(&self.name()).finish()
    }
}

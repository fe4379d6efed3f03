//! Senders that prove nothing: Flow.cl, Mercado Libre, Clip, Ualá Bis, Mobbex and others.
//!
//! Anyone who knows the URL can send what they send. So the event is [`Unsigned`], a name that shows in the handler, and
//! all that it says is that there may be something new: **ask the sender's API, and act on its answer only**.
//!
//! ```
//! use webhook_core::driver::Verifier;
//! use webhook_core::testing;
//! use webhook_core::unsigned::UnsignedSender;
//!
//! let verifier = Verifier::new(UnsignedSender::flow());
//! let request = testing::unsigned_form("/flow", "token=AJ089FF5467367");
//! let accepted = request.deliver(&verifier).unwrap();
//! // Now call `payment/getStatus` with it.
//! assert_eq!(accepted.delivery.hint.token, "AJ089FF5467367");
//! ```
//!
//! # What a delivery proves
//!
//! Nothing:
//!
//! 1. Anyone can send one, with any content, at any time and as often as they like: limit the rate in front of the app.
//! 2. What it names need not exist, be new, or belong to you: ask the API with your own credentials.
//! 3. The secret in the path, if there is one, is in the log of every proxy and of every layer outside of this one. It
//!    keeps strangers out, and does not make a hint an event.
//! 4. A layer cannot detach, store or deduplicate such deliveries, because strangers could fill the tasks or the store. If
//!    the work takes long, put the hint into a queue of your own with a limit.
//!
//! # A secret in the path
//!
//! [`path_secret`](UnsignedSender::path_secret) takes only requests whose last segment of the path is one of the
//! configured secrets. The segment is compared as it is sent, still percent-encoded, in constant time. Register
//! `https://example.com/flow/<secret>` with the sender.
//!
//! The handler, and every layer inside, sees hyphens instead of the secret in the URI of the request, as many as the
//! secret has bytes, so that positions in the path stay right. **It does not reach what has read the path before**: the
//! log of a proxy, a layer outside of this one, and what a router has set aside, such as axum's `OriginalUri` and the
//! parameters of its `Path`.
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | secret in the path missing, too long or wrong | 404, as for a path that does not exist | empty |
//! | body not acceptable | 400 | empty |
//!
//! The handler's own response is sent unchanged, except that a success without a body becomes the 200; Flow and Mercado
//! Libre count only 200, so any success becomes one. A body is JSON, or a form if its `Content-Type` says so, which is
//! read as an object of strings.
//!
//! Sources: the Flow API documentation, "Notificaciones"; for Mercado Libre, observed requests and accounts of integrators.

mod hint;
mod path;
mod verifier;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::hint::{FlowHint, MercadoLibreHint, Unsigned};

use self::path::last_segment;
use crate::answer::{Acknowledgement, BodyError, Received, Rejection, RejectionClass, Reply};
use crate::head::Head;
use crate::parse::form::Form;
use crate::parse::json::first_byte;
use crate::parse::repair::without_bom;
use crate::provider::{
    Attempt, Authentic, Decoded, Payload, Provider, Repeats, Timing, decode_json,
};
use crate::secrets::{BearerTokens, IntoSecrets, Keyring, SecretsError};

/// A sender that proves nothing, as a [`Provider`], with bodies of type `T`: see the [module](crate::unsigned).
///
/// It is not [`Authenticated`](crate::provider::Authenticated), so no layer detaches, stores or deduplicates its deliveries.
#[derive(Clone)]
pub struct UnsignedSender<T: Payload = Value> {
    name: Cow<'static, str>,
    timing: Timing,
    path_secrets: Option<Keyring<BearerTokens>>,
    hint: PhantomData<fn() -> T>,
}

impl<T: Payload> UnsignedSender<T> {
    /// Creates a provider that lets everyone in. `name` is the sender's, for logs and metrics, such as `clip`.
    pub fn unauthenticated(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            timing: Timing::UNDOCUMENTED,
            path_secrets: None,
            hint: PhantomData,
        }
    }

    /// Sets when the sender delivers, how long it waits, and what it counts as received. Undocumented by default.
    pub fn set_timing(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// Takes only requests whose path ends in one of these secrets: see the [module](crate::unsigned).
    ///
    /// ```
    /// use webhook_core::driver::Verifier;
    /// use webhook_core::unsigned::UnsignedSender;
    /// use webhook_core::{Rejection, testing};
    ///
    /// let mut flow = UnsignedSender::flow();
    /// flow.path_secret("Vq3mKp7xTz9c")?;
    /// let verifier = Verifier::new(flow);
    ///
    /// let request = |path| testing::unsigned_form(path, "token=AJ089FF5467367");
    /// assert!(request("/flow/Vq3mKp7xTz9c").deliver(&verifier).is_ok());
    ///
    /// let refused = request("/flow/guessed").deliver(&verifier).unwrap_err();
    /// assert_eq!(refused.rejection, Some(Rejection::CredentialMismatch));
    /// # Ok::<(), webhook_core::SecretsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Which secret is refused, and why; one with anything but ASCII letters, digits, `-`, `.`, `_` and `~` is, since it
    /// would look different in a path.
    pub fn path_secret(&mut self, secrets: impl IntoSecrets) -> Result<(), SecretsError> {
        self.path_secrets = Some(Keyring::new(path::checked(secrets)?)?);
        Ok(())
    }

    /// The secrets that the path may end in, to be changed while the server runs.
    pub fn path_secrets(&self) -> Option<&Keyring<BearerTokens>> {
        self.path_secrets.as_ref()
    }
}

impl UnsignedSender<FlowHint> {
    /// Flow waits 15 seconds and counts only 200; repeats are not documented. Source: the Flow API documentation,
    /// "Notificaciones".
    pub const TIMING: Timing = Timing::new(
        &[Attempt::after(Duration::ZERO).waiting(Duration::from_secs(15))],
        "Flow.cl, \"Notificaciones\"",
    )
    .received(Received::Only(&[StatusCode::OK]))
    .if_never_received("Flow tells the merchant by mail: ask its API for the payment");

    /// Flow.cl: payments in Chile.
    pub fn flow() -> Self {
        let mut sender = Self::unauthenticated("flow");
        sender.timing = Self::TIMING;
        sender
    }
}

impl UnsignedSender<MercadoLibreHint> {
    /// Mercado Libre waits 500 milliseconds, repeats for an hour, and counts only 200. Observed, not documented.
    pub const TIMING: Timing = Timing::new(
        &[Attempt::after(Duration::ZERO).waiting(Duration::from_millis(500))],
        "",
    )
    .within(Duration::from_secs(60 * 60))
    .repeats(Repeats::Roughly(
        "Mercado Libre tries again 5 to 8 times within an hour",
    ))
    .received(Received::Only(&[StatusCode::OK]))
    .if_never_received(
        "Mercado Libre gives the notification up and lists it among the missed feeds for 2 days",
    );

    /// Mercado Libre: a marketplace in Latin America.
    pub fn mercadolibre() -> Self {
        let mut sender = Self::unauthenticated("mercadolibre");
        sender.timing = Self::TIMING;
        sender
    }
}

impl<T: Payload> Provider for UnsignedSender<T> {
    type Event = Unsigned<T>;
    type Claim = Unproven;
    type Facts = Unproven;

    fn name(&self) -> &str {
        &self.name
    }

    /// There are none.
    fn credential_headers(&self) -> &[HeaderName] {
        &[]
    }

    fn inspect(&self, head: &Head<'_>) -> Result<Unproven, Rejection> {
        if let Some(secrets) = &self.path_secrets {
            let candidate = head.path().get(last_segment(head.path())).unwrap_or("");
            // It lets the request in, and proves nothing about its body.
            let _matched = secrets.select(head).find(candidate.as_bytes())?;
        }
        Ok(Unproven {
            is_form: Form::is_announced(head.header(&CONTENT_TYPE)),
        })
    }

    fn authenticate(&self, head: Unproven, _: &Bytes) -> Result<Authentic<Unproven>, Rejection> {
        Ok(Authentic::nothing_proven(head))
    }

    fn json<'a>(&self, head: &Unproven, body: &'a Bytes) -> Result<Cow<'a, Bytes>, BodyError> {
        let text = without_bom(body);
        if !head.is_form || first_byte(text) == Some(b'{') {
            return Ok(Cow::Borrowed(body));
        }
        Form::read(text)?.into_json().map(Cow::Owned)
    }

    fn decode(&self, _: &mut Unproven, json: &Bytes) -> Result<Decoded<Unsigned<T>>, BodyError> {
        Ok(Unsigned::new(decode_json(json)?).into())
    }

    /// An empty 200, or the first status that counts if the app has set others.
    fn acknowledge(&self, _: &Unsigned<T>, _: &Bytes) -> Acknowledgement {
        match self.timing.received {
            Received::Only([status, ..]) if *status != StatusCode::OK => {
                Acknowledgement::new(Reply::new(*status))
            }
            _ => Acknowledgement::constant(|| Reply::new(StatusCode::OK)),
        }
    }

    fn refuse(&self, rejection: &Rejection) -> Reply {
        match rejection.class() {
            RejectionClass::Credential => Reply::new(StatusCode::NOT_FOUND),
            _ => Reply::standard(rejection),
        }
    }

    fn secret_in_path(&self, path: &str) -> Option<Range<usize>> {
        self.path_secrets.as_ref().map(|_| last_segment(path))
    }

    fn timing(&self) -> Timing {
        self.timing
    }

    fn kind<'a>(&'a self, _: &'a Unsigned<T>) -> &'a str {
        "hint"
    }
}

/// Shows the sender's name and the labels of the secrets, never a byte of one.
impl<T: Payload> fmt::Debug for UnsignedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsignedSender")
            .field("name", &self.name)
            .field("path_secrets", &self.path_secrets)
            .finish_non_exhaustive()
    }
}

/// What the headers of a hint say, which proves nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Unproven {
    is_form: bool,
}

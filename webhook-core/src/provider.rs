use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::{Acknowledgement, Authentic, BodyError, Head, Rejection, Reply};

/// A sender of webhooks: how it authenticates, what its deliveries decode to, and which answer it expects.
///
/// This is the one trait that a new sender implements. Everything else (method, size and time limits, buffering,
/// response rewriting, logging) is the same for all and lives in [`Verifier`](crate::Verifier) and the adapters.
///
/// The steps follow the request, and each is the argument of the next:
///
/// 1. [`inspect`](Self::inspect) sees the head only, so that a request without a plausible credential is answered before
///    its body is read. What it returns is a claim: nothing is proven yet.
/// 2. [`authenticate`](Self::authenticate) compares the claim with the secrets, and with the body where the credential
///    covers it. Only a match in the secrets makes an [`Authentic`].
/// 3. [`decode`](Self::decode) takes the facts that an [`Authentic`] carries, so nothing decodes what was not
///    authenticated.
pub trait Provider: Send + Sync + 'static {
    /// What an accepted delivery decodes to.
    type Event: Clone + Send + Sync + 'static;

    /// What the head claims, decoded and not yet compared. It outlives the head, so it owns what it keeps.
    type Claim: Send + 'static;

    /// What decoding needs beside the body, such as an id or a time from the head.
    type Facts: Send + 'static;

    /// A short name for logs and metrics, such as `tusfacturas`.
    const NAME: &'static str;

    /// How long a body may be, in bytes, unless the app sets another limit.
    const BODY_LIMIT: usize = 64 * 1024;

    /// The headers that carry the credential, in lower case. They reach the handler marked as sensitive.
    const CREDENTIAL_HEADERS: &'static [&'static str] = &[];

    /// Checks what the head alone can show: endpoint, then credential.
    ///
    /// The method is `POST` already. Trust nothing in the head until its credential has been checked.
    ///
    /// # Errors
    ///
    /// The first check that fails.
    fn inspect(&self, head: &Head<'_>) -> Result<Self::Claim, Rejection>;

    /// How far the signed time may lie from now, in either direction, unless the app sets another tolerance. `None`
    /// accepts any time: for a sender that signs none, or that may repeat a delivery without signing it again.
    ///
    /// The verifier checks it, against [`time`](Self::time), before the body is read.
    fn tolerance(&self) -> Option<Duration> {
        None
    }

    /// The time that a claim names and the signature covers, since 1970-01-01 00:00 UTC.
    ///
    /// Where a tolerance holds, a claim without a time is refused.
    fn time(&self, claim: &Self::Claim) -> Option<Duration> {
        let _ = claim;
        None
    }

    /// Compares the claim with the secrets.
    ///
    /// # Errors
    ///
    /// [`Rejection::CredentialMismatch`] if no secret matches; [`Rejection::Body`] only if the body lacks what the
    /// credential covers.
    fn authenticate(
        &self,
        claim: Self::Claim,
        body: &Bytes,
    ) -> Result<Authentic<Self::Facts>, Rejection>;

    /// The JSON of an authentic body: the body itself, unless the sender can wrap it, in a form for example.
    ///
    /// # Errors
    ///
    /// A body that holds none.
    fn json<'a>(&self, facts: &Self::Facts, body: &'a Bytes) -> Result<Cow<'a, Bytes>, BodyError> {
        let _ = facts;
        Ok(Cow::Borrowed(body))
    }

    /// Decodes the JSON of an authentic delivery. It needs no secret and no clock.
    ///
    /// It is strict about the text, as [`decode_json`](crate::decode_json) is for a type of the app: when it fails, and
    /// only then, it is called once more with the JSON repaired. A byte order mark is then gone, and bytes that are not
    /// UTF-8 and escapes of lone surrogates are U+FFFD. So decode the JSON first, and take out of the facts what the event
    /// keeps once that succeeded: the second call needs them whole.
    ///
    /// # Errors
    ///
    /// What makes the JSON unacceptable. The facts are then as they were.
    fn decode(&self, facts: &mut Self::Facts, json: &Bytes) -> Result<Self::Event, BodyError>;

    /// How the handler's answer to this delivery becomes one that the sender counts as received. `json` is what the
    /// event was decoded from.
    ///
    /// By default any 2xx counts, and a success without a body is answered with an empty 200.
    fn acknowledge(&self, event: &Self::Event, json: &Bytes) -> Acknowledgement {
        let _ = (event, json);
        Acknowledgement::constant(|| Reply::new(StatusCode::OK))
    }

    /// The answer to a request that was refused. By default [`Reply::standard`].
    fn refuse(&self, rejection: &Rejection) -> Reply {
        Reply::standard(rejection)
    }

    /// What the operator can do about requests that are refused for this reason, for the log.
    fn remedy(&self, rejection: &Rejection) -> &'static str {
        rejection.remedy()
    }

    /// The kind of an event, for the log: one of a few fixed names, never text from the request.
    fn kind(&self, event: &Self::Event) -> &'static str {
        let _ = event;
        "event"
    }
}

/// A sender that can answer a failure of the handler with an acknowledgement.
///
/// Implemented only where the sender documents such an answer.
#[diagnostic::on_unimplemented(
    message = "the sender `{Self}` documents no acknowledgement for failures",
    note = "a handler that fails must answer with an error, so that the sender repeats the delivery or undoes it"
)]
pub trait AcknowledgeFailures: Provider + Clone {
    /// Whether a 5xx of the handler is answered with the acknowledgement for failures. Off unless set.
    fn acknowledge_failures(&mut self, acknowledge: bool);
}

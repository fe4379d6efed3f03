//! The one trait that a sender implements, and what its methods return: for authors of senders.

mod authentic;
mod decoded;
mod from_secrets;
mod hidden_path;
mod no_facts;
mod timing;

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::authentic::Authentic;
pub use self::decoded::Decoded;
pub use self::from_secrets::FromSecrets;
pub(crate) use self::hidden_path::hidden_path;
pub use self::no_facts::NoFacts;
pub use self::timing::{Attempt, Repeats, Stop, StopAt, Timing};
use crate::answer::{Acknowledgement, BodyError, Rejection, Reply};
use crate::delivery::{DeliveryId, Trust};
use crate::head::Head;
pub use crate::parse::payload::{Payload, decode_json};

/// A sender of webhooks: how it authenticates, what its deliveries decode to, and which answer it expects.
///
/// This is the one trait that a new sender implements. Everything else (method, size and time limits, tolerance, buffering,
/// repair of damaged text, rewriting of responses, the log) is the same for all senders and lives in
/// [`Verifier`](crate::driver::Verifier) and the adapters.
///
/// The steps follow the request, and each is the argument of the next:
///
/// 1. [`inspect`](Self::inspect) sees only the head, so a request without a plausible credential is answered before
///    its body is read. What it returns is a claim: nothing is proven yet.
/// 2. [`authenticate`](Self::authenticate) compares the claim with the secrets, and with the body if the credential
///    covers it. Only a match in the secrets makes an [`Authentic`].
/// 3. [`decode`](Self::decode) takes the facts that an [`Authentic`] carries, so nothing decodes what was not
///    authenticated. It needs no secret and no clock: a stored delivery decodes as well as one that has just arrived.
///
/// The [guide](crate::guide) has a whole sender.
pub trait Provider: Send + Sync + 'static {
    /// What an accepted delivery decodes to.
    type Event: Clone + Send + Sync + 'static;

    /// What the head claims, decoded and not yet compared. It outlives the head, so it owns what it keeps.
    type Claim: Send + 'static;

    /// What decoding needs beside the body, such as an id or a time from the head; never a credential.
    ///
    /// [`NoFacts`] if that is nothing. Stored beside a body, it makes the same event later. For that, it must be a struct with
    /// named fields, which serializes to a JSON object, and they should all have defaults, so that later versions can read what earlier ones have stored.
    type Facts: Serialize + DeserializeOwned + Send + 'static;

    /// A short name for logs and metrics, such as `tusfacturas`.
    fn name(&self) -> &str;

    /// How long a body may be, in bytes, unless the app sets another limit. 64 KiB by default.
    fn body_limit(&self) -> usize {
        64 * 1024
    }

    /// The headers that carry the credential. They reach the handler marked as sensitive, and a request that has none of
    /// them is not counted among those with a wrong credential.
    fn credential_headers(&self) -> &[HeaderName];

    /// Answers a handshake that is all in the head, such as a `GET` with a challenge when the URL is registered. It is
    /// asked first, before the method is checked. `None`, the default, means that this is no handshake.
    fn greet(&self, head: &Head<'_>) -> Option<Result<Reply, Rejection>> {
        let _ = head;
        None
    }

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

    /// The time that a claim names and the signature covers.
    ///
    /// If there is a tolerance, a claim without a time is refused.
    fn time(&self, claim: &Self::Claim) -> ClaimTime {
        let _ = claim;
        ClaimTime::Missing
    }

    /// The time that the body of an authentic delivery names, since 1970-01-01 00:00 UTC: asked for if [`time`](Self::time) says
    /// that it is [there](ClaimTime::InBody).
    ///
    /// If there is a tolerance, a delivery without a time is refused.
    fn time_in_body(&self, facts: &Self::Facts) -> Option<Duration> {
        let _ = facts;
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
    /// It is strict about the text, as [`decode_json`] is for a type of the app: when it fails, and only then, it is
    /// called once more with the JSON repaired. In that, a byte order mark is removed, and bytes that are not UTF-8 and
    /// escapes of lone surrogates are replaced with U+FFFD.
    ///
    /// An event may take its strings out of the facts instead of cloning them. Decode the JSON first and take them once
    /// that has succeeded: the second call needs the facts whole.
    ///
    /// # Errors
    ///
    /// What makes the JSON unacceptable. The facts are then as they were.
    fn decode(
        &self,
        facts: &mut Self::Facts,
        json: &Bytes,
    ) -> Result<Decoded<Self::Event>, BodyError>;

    /// How the handler's answer to this delivery becomes one that the sender counts as received. `json` is what the
    /// event was decoded from.
    ///
    /// By default what [`timing`](Self::timing) says counts, and a success without a body is answered with an empty 200.
    fn acknowledge(&self, event: &Self::Event, json: &Bytes) -> Acknowledgement {
        let _ = (event, json);
        Acknowledgement::constant(|| Reply::new(StatusCode::OK))
    }

    /// The answer to a request that was refused. [`Reply::standard`] by default.
    fn refuse(&self, rejection: &Rejection) -> Reply {
        Reply::standard(rejection)
    }

    /// What the operator can do about requests that are refused for this reason, for the log.
    fn remedy(&self, rejection: &Rejection) -> &'static str {
        rejection.remedy()
    }

    /// What the sender calls this delivery whenever it sends it again. `None`, the default, if it has no such id.
    ///
    /// It is asked for only when someone needs it, after [`decode`](Self::decode): what that took out of the facts is in
    /// the event. `body` is the body as received.
    fn id(&self, event: &Self::Event, body: &Bytes) -> Option<DeliveryId> {
        let _ = (event, body);
        None
    }

    /// What of path and query an inbox stores beside the delivery, for its handler: both, by default, without the
    /// [secret in the path](Self::secret_in_path). A sender whose credential is in the query must leave it out.
    fn stored_target(&self, head: &Head<'_>) -> String {
        let path = hidden_path(self, head.path());
        let path = path.as_deref().unwrap_or(head.path());
        match head.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }

    /// Where in this path the credential is, for a sender that has one there. The handler, and every layer inside, sees
    /// hyphens in its place. `None`, the default, leaves the path as it is.
    ///
    /// Such a sender also leaves it out of [`stored_target`](Self::stored_target), which by default asks this.
    fn secret_in_path(&self, path: &str) -> Option<Range<usize>> {
        let _ = path;
        None
    }

    /// When the sender delivers, how long it waits, and what it counts as received. Undocumented by default.
    fn timing(&self) -> Timing {
        Timing::UNDOCUMENTED
    }

    /// The kind of an event, for logs and metrics: one of a few fixed names, never free text from the request.
    fn kind<'a>(&'a self, event: &'a Self::Event) -> &'a str {
        let _ = event;
        "event"
    }
}

/// Where the signed time of a delivery is: [`Provider::time`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimTime {
    /// Nowhere.
    Missing,
    /// In the head, and this is it: since 1970-01-01 00:00 UTC.
    At(Duration),
    /// In the body. It is judged after the signature: [`Provider::time_in_body`].
    InBody,
}

/// A sender that signs the time of each delivery, so that layers offer `tolerance` for it.
///
/// Implement it beside [`Provider::time`] or [`Provider::time_in_body`]; the verifier does the rest.
#[diagnostic::on_unimplemented(
    message = "the sender `{Self}` signs no time",
    note = "a tolerance would be checked against nothing"
)]
pub trait Timestamped: Provider {}

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

/// A sender whose deliveries prove who sent them, so that a layer may start tasks and ask stores for them.
///
/// Do not implement it for an endpoint that anyone can call.
#[diagnostic::on_unimplemented(
    message = "a delivery of `{Self}` does not prove who sent it",
    note = "anyone could fill the tasks, or the store; if this sender checks a credential, implement `Authenticated` for it"
)]
pub trait Authenticated: Provider {
    /// Why its deliveries prove nothing after all, and what to change, if that depends on how this sender was built: a layer
    /// that would start tasks or ask stores then [panics](crate::driver::Verifier::require_proof) with it. `None`, the default, if they always do.
    fn unproven(&self) -> Option<&'static str> {
        None
    }
}

/// A sender that gives its deliveries ids, so that a layer can handle each once.
#[diagnostic::on_unimplemented(
    message = "the sender `{Self}` gives its deliveries no id",
    note = "a repeat cannot be recognized: make the handler's work the same when it is done twice"
)]
pub trait Identified: Authenticated {
    /// Who can make up an id of this sender.
    fn trust(&self) -> Trust;

    /// Whether its deliveries have ids, if that depends on how this sender was built. By default they do.
    fn gives_ids(&self) -> bool {
        true
    }
}

/// A sender whose deliveries may be acknowledged before they are handled, so that a layer can store them for later.
///
/// Not Klap: its payment stands once it is acknowledged, and the handler could refuse it no more.
#[diagnostic::on_unimplemented(
    message = "a delivery of `{Self}` must be handled before it is acknowledged",
    note = "the acknowledgement confirms what the handler might still refuse, and later it cannot"
)]
pub trait Deferrable: Authenticated {}

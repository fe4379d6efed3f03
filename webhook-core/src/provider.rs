use bytes::Bytes;

use crate::{Head, Label, Receipt, Rejection, Reply};

/// A sender of webhooks: how it proves itself, what its deliveries decode to, and what it must hear.
///
/// This is the one trait that a new sender implements. Everything else (method, size and time limits, buffering,
/// response rewriting, logging) is the same for all and lives in [`Verifier`](crate::Verifier) and the adapters.
///
/// The two steps follow the request. [`inspect`](Self::inspect) sees the head only, so that a request without a
/// plausible credential is answered before its body is read. [`open`](Self::open) takes what `inspect` established
/// together with the whole body: a provider cannot decode without having inspected.
pub trait Provider: Send + Sync + 'static {
    /// What an accepted delivery decodes to.
    type Event: Clone + Send + Sync + 'static;

    /// What the head alone established: which secret matched, or a decoded digest to compare the body with.
    type Credential: Send + 'static;

    /// A short name for logs and metrics, such as `tusfacturas`.
    const NAME: &'static str;

    /// How long a body may be, in bytes, unless the app sets another limit.
    const BODY_LIMIT: usize = 64 * 1024;

    /// The header fields that carry the credential, in lower case. They reach the handler marked as sensitive.
    const CREDENTIAL_HEADERS: &'static [&'static str] = &[];

    /// Checks what the head alone can show: endpoint, then credential.
    ///
    /// The method is `POST` already. Nothing of a head may be trusted before its credential is.
    ///
    /// # Errors
    ///
    /// The first check that fails.
    fn inspect(&self, head: &Head<'_>) -> Result<Self::Credential, Rejection>;

    /// Authenticates the body where the sender covers it, and decodes it.
    ///
    /// # Errors
    ///
    /// A credential that does not match comes before a body that does not decode.
    fn open(
        &self,
        credential: Self::Credential,
        body: &Bytes,
    ) -> Result<Opened<Self::Event>, Rejection>;

    /// What becomes of the handler's answer to this delivery.
    fn receipt(&self, event: &Self::Event, body: &Bytes) -> Receipt;

    /// The answer to a request that was refused. By default [`Reply::standard`].
    fn refuse(&self, rejection: &Rejection) -> Reply {
        Reply::standard(rejection)
    }

    /// The kind of an event, for the log: one of a few fixed names, never text from the request.
    fn kind(&self, event: &Self::Event) -> &'static str {
        let _ = event;
        "event"
    }
}

/// What [`Provider::open`] yields: the event, and the label of the secret that matched.
///
/// Only [`Pending::finish`](crate::Pending::finish) makes a [`Delivery`](crate::Delivery) of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Opened<E> {
    /// The decoded event.
    pub event: E,
    /// The label of the secret that matched, if it has one.
    pub key: Option<Label>,
}

impl<E> Opened<E> {
    /// An event, and the label of the secret that authenticated it.
    pub fn new(event: E, key: Option<Label>) -> Self {
        Self { event, key }
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

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::observe::Watch;
use crate::{
    AcknowledgeFailures, BodyBuffer, Delivery, FromSecrets, Head, HeaderField, IntoSecrets,
    Keyring, Provider, Receipt, Rejection, RejectionClass, Reply, SecretsError, Timestamped,
};

/// Verifies deliveries of one sender. Adapters for frameworks drive it; it does no I/O.
///
/// [`begin`](Self::begin) judges the head; the [`Pending`] that it returns says how many bytes may be buffered and
/// takes the body in [`finish`](Pending::finish). Clones are cheap and share the provider.
///
/// ```
/// use bytes::Bytes;
/// use webhook_core::{Head, TfEvento, TusFacturas, Verifier};
///
/// let verifier = Verifier::<TusFacturas>::try_new("s3cr3t")?;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("tf-webhooktoken", "s3cr3t".parse().unwrap());
/// let head = Head::new("POST", "/webhook", None, &headers);
/// let body = Bytes::from_static(br#"{"evento":"emitido","external_reference":"17032"}"#);
///
/// let pending = verifier.begin(&head).expect("the token is right");
/// let accepted = pending.finish(body).expect("the body is right");
/// assert_eq!(accepted.delivery.evento, TfEvento::Emitido);
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
pub struct Verifier<P> {
    provider: Arc<P>,
    body_limit: usize,
    on_refusal: Option<RefusalHook>,
}

/// Changes the answer to a refused request: [`Verifier::on_refusal`].
pub type RefusalHook = fn(&Rejection, Reply) -> Reply;

impl<P: Provider> Verifier<P> {
    /// A verifier for any provider.
    ///
    /// [`Provider::CREDENTIAL_HEADERS`] that are not names in lower case do not compile here.
    pub fn new(provider: P) -> Self {
        const {
            assert!(
                are_header_names(P::CREDENTIAL_HEADERS),
                "CREDENTIAL_HEADERS must be names in lower case"
            )
        };
        Self {
            provider: Arc::new(provider),
            body_limit: P::BODY_LIMIT,
            on_refusal: None,
        }
    }

    /// A verifier for a sender that needs only its secrets.
    ///
    /// # Errors
    ///
    /// A secret that is empty, blank, surrounded by white space, or unfit for the sender; none; or too many.
    pub fn try_new(secrets: impl IntoSecrets) -> Result<Self, SecretsError>
    where
        P: FromSecrets,
    {
        Keyring::new(secrets).map(|keyring| Self::new(P::from_keyring(keyring)))
    }

    /// Sets how long a body may be, in bytes. The default is the sender's: [`Provider::BODY_LIMIT`].
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Lets the app change the answer to a refused request. It gets the reason and the answer that the sender
    /// documents. The hook cannot keep a connection open that must close.
    pub fn on_refusal(mut self, hook: RefusalHook) -> Self {
        self.on_refusal = Some(hook);
        self
    }

    /// Whether a 5xx of the handler is answered with the sender's acknowledgement for failures.
    pub fn acknowledge_failures(self, acknowledge: bool) -> Self
    where
        P: AcknowledgeFailures,
    {
        self.configure(|provider| provider.acknowledge_failures(acknowledge))
    }

    /// Sets how far the signed timestamp may lie from now, in either direction. The default is the sender's.
    pub fn tolerance(self, within: Duration) -> Self
    where
        P: Timestamped,
    {
        self.configure(|provider| provider.tolerance_mut().set(within))
    }

    /// Changes the provider of this verifier. Clones made earlier keep what they have.
    pub fn configure(mut self, change: impl FnOnce(&mut P)) -> Self
    where
        P: Clone,
    {
        change(Arc::make_mut(&mut self.provider));
        self
    }

    /// The provider.
    pub fn provider(&self) -> &P {
        &self.provider
    }

    /// The secrets, to be replaced, added to or removed from while the server runs. Shared by all clones.
    pub fn secrets(&self) -> Keyring<P>
    where
        P: FromSecrets,
    {
        self.provider.keyring().clone()
    }

    /// Judges the head: method, endpoint, credential, and the length that it announces, in this order.
    ///
    /// # Errors
    ///
    /// The reason and the answer. The body must not be read then.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn begin(&self, head: &Head<'_>) -> Result<Pending<P>, Refused> {
        let watch = Watch::start();
        let inspected = if head.method() == "POST" {
            self.provider.inspect(head)
        } else {
            Err(Rejection::MethodNotAllowed)
        };
        let checked = inspected.and_then(|credential| {
            if announced_length(head) > self.body_limit as u64 {
                return Err(Rejection::BodyTooLarge);
            }
            Ok(credential)
        });
        match checked {
            Ok(credential) => Ok(Pending {
                provider: Arc::clone(&self.provider),
                credential,
                body_limit: self.body_limit,
                on_refusal: self.on_refusal,
                watch,
            }),
            Err(rejection) => Err(Refused::new(
                &*self.provider,
                self.on_refusal,
                &watch,
                rejection,
                None,
            )),
        }
    }
}

#[allow(
    clippy::indexing_slicing,
    reason = "runs at compile time, where iterators do not"
)]
const fn are_header_names(names: &[&'static str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        // Anything but a name in lower case panics here, and the constant does not compile.
        std::mem::forget(http::HeaderName::from_static(names[at]));
        at += 1;
    }
    true
}

/// The `Content-Length`, or 0 if there is none that can be read: the limit then holds while reading. Digits that
/// overflow are a length over any limit.
fn announced_length(head: &Head<'_>) -> u64 {
    let HeaderField::Once(value) = head.header("content-length") else {
        return 0;
    };
    let mut length = 0_u64;
    for byte in value {
        if !byte.is_ascii_digit() {
            return 0;
        }
        length = length
            .saturating_mul(10)
            .saturating_add(u64::from(byte - b'0'));
    }
    length
}

impl<P> Clone for Verifier<P> {
    fn clone(&self) -> Self {
        Self {
            provider: Arc::clone(&self.provider),
            body_limit: self.body_limit,
            on_refusal: self.on_refusal,
        }
    }
}

impl<P: Provider> fmt::Debug for Verifier<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("sender", &P::NAME)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

/// A delivery whose head has passed and whose body is awaited.
///
/// It owns what it needs, so that a future can hold it.
pub struct Pending<P: Provider> {
    provider: Arc<P>,
    credential: P::Credential,
    body_limit: usize,
    on_refusal: Option<RefusalHook>,
    watch: Watch,
}

impl<P: Provider> Pending<P> {
    /// A buffer for the body, with the limit of this delivery.
    pub fn buffer(&self) -> BodyBuffer {
        BodyBuffer::new(self.body_limit)
    }

    /// Authenticates and decodes the whole body.
    ///
    /// # Errors
    ///
    /// The reason and the answer; there is no event then.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn finish(self, body: Bytes) -> Result<Accepted<P::Event>, Refused> {
        let opened = if body.len() > self.body_limit {
            Err(Rejection::BodyTooLarge)
        } else {
            self.provider.open(self.credential, &body)
        };
        match opened {
            Ok(opened) => {
                let mut receipt = self.provider.receipt(&opened.event, &body);
                receipt.observation = self.watch.accepted(
                    &*self.provider,
                    &opened.event,
                    opened.key.as_ref(),
                    body.len(),
                );
                Ok(Accepted {
                    delivery: Delivery::new(opened.event, opened.key, body),
                    receipt,
                })
            }
            Err(rejection) => Err(Refused::new(
                &*self.provider,
                self.on_refusal,
                &self.watch,
                rejection,
                Some(body.len()),
            )),
        }
    }

    /// Gives the delivery up while its body is read: too long, too slow, or interrupted.
    pub fn refuse(self, rejection: Rejection) -> Refused {
        Refused::new(
            &*self.provider,
            self.on_refusal,
            &self.watch,
            rejection,
            None,
        )
    }
}

impl<P: Provider> fmt::Debug for Pending<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("sender", &P::NAME)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

/// A delivery that passed, and what becomes of the handler's answer to it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted<E> {
    /// The delivery, for the handler.
    pub delivery: Delivery<E>,
    /// The sender's rules for the answer.
    pub receipt: Receipt,
}

/// A request that was refused: why, for the app, and the answer, for the sender.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refused {
    /// Why.
    pub rejection: Rejection,
    /// The answer.
    pub reply: Reply,
}

impl Refused {
    /// Every refusal passes here: the sender's answer, the app's change to it, the log, the end of the connection.
    #[cold]
    fn new<P: Provider>(
        provider: &P,
        on_refusal: Option<RefusalHook>,
        watch: &Watch,
        rejection: Rejection,
        body_bytes: Option<usize>,
    ) -> Self {
        watch.refused(P::NAME, &rejection, body_bytes);
        let mut reply = provider.refuse(&rejection);
        if let Some(hook) = on_refusal {
            reply = hook(&rejection, reply);
        }
        // The rest of such a request is never read, so the next one on this connection could not be found.
        reply.close |= matches!(
            rejection.class(),
            RejectionClass::Size | RejectionClass::Time | RejectionClass::Interruption
        );
        Self { rejection, reply }
    }
}

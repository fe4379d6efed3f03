use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::shared::Shared;
use super::{EarlyReply, Pending};
use crate::answer::{Rejection, Reply};
use crate::head::Head;
use crate::observe::{Observer, Observers, Stage, Watch};
use crate::provider::{AcknowledgeFailures, FromSecrets, Provider, Timestamped};
use crate::secrets::{IntoSecrets, Keyring, SecretsError};
use crate::signing::Clock;

/// Verifies deliveries of one sender. Adapters for frameworks drive it; it does no I/O.
///
/// [`begin`](Self::begin) judges the head; the [`Pending`] that it returns says how many bytes may be buffered and
/// takes the body in [`finish`](Pending::finish). Clones are cheap and share the provider.
///
/// ```
/// use webhook_core::Head;
/// use webhook_core::bytes::Bytes;
/// use webhook_core::driver::Verifier;
/// use webhook_core::http::HeaderMap;
/// use webhook_core::tusfacturas::{TfEvento, TusFacturas};
///
/// let verifier = Verifier::<TusFacturas>::try_new("s3cr3t")?;
///
/// let mut headers = HeaderMap::new();
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
    pub(super) shared: Arc<Shared<P>>,
}

impl<P: Provider> Verifier<P> {
    /// How long a body may take from the head of its request on, unless the app sets another limit.
    pub const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);

    /// A verifier for any sender.
    pub fn new(provider: P) -> Self {
        Self {
            shared: Arc::new(Shared {
                provider: Arc::new(provider),
                body_limit: None,
                body_timeout: Self::DEFAULT_BODY_TIMEOUT,
                on_refusal: None,
                observers: Observers::default(),
                tolerance: None,
                clock: Clock::default(),
                trusts_unsigned_ids: false,
            }),
        }
    }

    /// A verifier for a sender that needs only its secrets.
    ///
    /// # Errors
    ///
    /// A secret that is empty, blank, surrounded by whitespace, or unfit for the sender; none; or too many.
    pub fn try_new(secrets: impl IntoSecrets) -> Result<Self, SecretsError>
    where
        P: FromSecrets,
    {
        Keyring::new(secrets).map(|keyring| Self::new(P::from_keyring(keyring)))
    }

    /// Like [`try_new`](Self::try_new), but panics. Every layer's `new` calls this.
    ///
    /// # Panics
    ///
    /// If a secret is refused. The message names the sender and the fix, and no secret.
    #[track_caller]
    pub fn from_secrets(secrets: impl IntoSecrets) -> Self
    where
        P: FromSecrets,
    {
        match Self::try_new(secrets) {
            Ok(verifier) => verifier,
            Err(error) => cannot_start(P::NAME, error),
        }
    }

    /// A verifier for a sender with many tenants: see [`Keyring::for_tenants`].
    ///
    /// # Errors
    ///
    /// As [`Keyring::for_tenants`].
    pub fn for_tenants(
        secrets: impl IntoSecrets,
        tenant_of: impl for<'a> Fn(&Head<'a>) -> Option<&'a str> + Send + Sync + 'static,
    ) -> Result<Self, SecretsError>
    where
        P: FromSecrets,
    {
        let keyring = Keyring::for_tenants(secrets, tenant_of)?;
        Ok(Self::new(P::from_keyring(keyring)))
    }

    /// Sets how long a body may be, in bytes. The default is the sender's: [`Provider::body_limit`].
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.settings().body_limit = Some(bytes);
        self
    }

    /// Sets how long a body may take from the head of its request on. The default is 10 seconds.
    ///
    /// The verifier measures nothing: the adapter does, and refuses what is late.
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.settings().body_timeout = timeout;
        self
    }

    /// Adds an observer, which is told how each delivery ended.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        let settings = self.settings();
        settings.observers = settings.observers.with(observer);
        self
    }

    /// Lets the app change the answer to a refused request. It gets the reason and the answer that the sender
    /// documents. The hook cannot keep a connection open that must close.
    pub fn on_refusal(
        mut self,
        hook: impl Fn(&Rejection, Reply) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.settings().on_refusal = Some(Arc::new(hook));
        self
    }

    /// Whether a 5xx of the handler is answered with the sender's acknowledgement for failures.
    pub fn acknowledge_failures(self, acknowledge: bool) -> Self
    where
        P: AcknowledgeFailures,
    {
        self.configure(|provider| provider.acknowledge_failures(acknowledge))
    }

    /// Sets how far the signed time may lie from now, in either direction. The default is the sender's:
    /// [`Provider::tolerance`].
    pub fn tolerance(mut self, within: Duration) -> Self
    where
        P: Timestamped,
    {
        self.settings().tolerance = Some(within);
        self
    }

    /// Replaces the system's clock, which the signed time is compared with: for tests.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use webhook_core::driver::Verifier;
    /// use webhook_core::stripe::Stripe;
    /// use webhook_core::{Rejection, testing};
    ///
    /// let signed_at = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
    /// let request = testing::stripe(signed_at, "{}", "whsec_test");
    ///
    /// let late = Verifier::<Stripe>::try_new("whsec_test")?.clock(move || signed_at + Duration::from_secs(301));
    /// let refused = late.begin(&request.head()).unwrap_err();
    /// assert_eq!(refused.rejection, Some(Rejection::TimestampOutsideTolerance));
    /// # Ok::<(), webhook_core::SecretsError>(())
    /// ```
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.settings().clock = Clock::new(now);
        self
    }

    /// Changes the provider of this verifier. Clones made earlier keep what they have.
    pub fn configure(mut self, change: impl FnOnce(&mut P)) -> Self
    where
        P: Clone,
    {
        change(Arc::make_mut(&mut self.settings().provider));
        self
    }

    /// The settings of this verifier, which its clones do not share from here on.
    pub(super) fn settings(&mut self) -> &mut Shared<P> {
        Arc::make_mut(&mut self.shared)
    }

    /// The provider.
    pub fn provider(&self) -> &P {
        &self.shared.provider
    }

    /// The secrets, to be replaced, added to or removed from while the server runs. Shared by all clones.
    pub fn secrets(&self) -> Keyring<P::Store>
    where
        P: FromSecrets,
    {
        self.provider().keyring().clone()
    }

    /// Judges the head: handshake, method, endpoint, credential, and the length that it announces, in this order.
    ///
    /// # Errors
    ///
    /// The answer, which is sent at once. The body must not be read then.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn begin(&self, head: &Head<'_>) -> Result<Pending<P>, EarlyReply> {
        let watch = Watch::start(&self.shared.observers);
        // Only observers are told.
        let with_credential = watch.listens() && self.shared.has_credential(head);
        let rejection = match self.shared.provider.greet(head) {
            None => match self.shared.judge(head) {
                Ok(judged) => {
                    return Ok(Pending {
                        shared: Arc::clone(&self.shared),
                        claim: judged.claim,
                        time_in_body: judged.time_in_body,
                        announced: judged.announced,
                        with_credential,
                        watch,
                    });
                }
                Err(rejection) => rejection,
            },
            Some(Ok(reply)) => {
                return Err(EarlyReply::greeted(
                    &self.shared,
                    watch,
                    reply,
                    (None, None),
                ));
            }
            Some(Err(rejection)) => rejection,
        };
        let stage = Stage::Head { with_credential };
        Err(EarlyReply::refused(&self.shared, watch, rejection, stage))
    }
}

#[allow(
    clippy::panic,
    reason = "a mistake in the configuration, found before the first request"
)]
#[track_caller]
pub(crate) fn cannot_start(sender: &str, error: impl fmt::Display) -> ! {
    panic!("the webhook layer for {sender} cannot start: {error}")
}

impl<P> Clone for Verifier<P> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<P: Provider> fmt::Debug for Verifier<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("sender", &self.shared.provider.name())
            .field("body_limit", &self.shared.body_limit())
            .field("body_timeout", &self.shared.body_timeout)
            .field("tolerance", &self.shared.tolerance)
            .finish_non_exhaustive()
    }
}

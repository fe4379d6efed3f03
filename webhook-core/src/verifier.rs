use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::observe::{Refusals, Stage, Watch};
use crate::tolerance::Tolerance;
use crate::{
    AcknowledgeFailures, FromSecrets, Head, HeaderField, IntoSecrets, Keyring, Pending, Provider,
    Refused, Rejection, Reply, SecretsError, Timestamped,
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
    shared: Arc<Shared<P>>,
}

/// What all clones of a verifier and every delivery that waits for its body have in common.
pub(crate) struct Shared<P> {
    pub(crate) provider: Arc<P>,
    pub(crate) body_limit: usize,
    pub(crate) on_refusal: Option<RefusalHook>,
    pub(crate) tolerance: Tolerance,
    /// Of all clones, also of those whose settings were changed.
    pub(crate) refusals: Arc<Refusals>,
}

type RefusalHook = Arc<dyn Fn(&Rejection, Reply) -> Reply + Send + Sync>;

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
        let tolerance = Tolerance {
            within: provider.tolerance(),
            clock: None,
        };
        Self {
            shared: Arc::new(Shared {
                provider: Arc::new(provider),
                body_limit: P::BODY_LIMIT,
                on_refusal: None,
                tolerance,
                refusals: Arc::default(),
            }),
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

    /// The same, for a server that must not start otherwise: what the `new` of every layer calls.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) returns an error. The message names the sender and the fix, and no secret.
    #[allow(
        clippy::panic,
        reason = "a mistake in the configuration, met before the first request"
    )]
    #[track_caller]
    pub fn from_secrets(secrets: impl IntoSecrets) -> Self
    where
        P: FromSecrets,
    {
        match Self::try_new(secrets) {
            Ok(verifier) => verifier,
            Err(error) => panic!("the webhook layer for {} cannot start: {error}", P::NAME),
        }
    }

    /// Sets how long a body may be, in bytes. The default is the sender's: [`Provider::BODY_LIMIT`].
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.settings().body_limit = bytes;
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
        self.settings().tolerance.within = Some(within);
        self
    }

    /// Replaces the system's clock, which the signed time is compared with: for tests.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use webhook_core::{Rejection, Stripe, Verifier, testing};
    ///
    /// let signed_at = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
    /// let request = testing::stripe(signed_at, "{}", "whsec_test");
    ///
    /// let late = Verifier::<Stripe>::try_new("whsec_test")?.clock(move || signed_at + Duration::from_secs(301));
    /// let refused = late.begin(&request.head()).unwrap_err();
    /// assert_eq!(refused.rejection, Rejection::TimestampOutsideTolerance);
    /// # Ok::<(), webhook_core::SecretsError>(())
    /// ```
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.settings().tolerance.clock = Some(Arc::new(now));
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
    fn settings(&mut self) -> &mut Shared<P> {
        Arc::make_mut(&mut self.shared)
    }

    /// The provider.
    pub fn provider(&self) -> &P {
        &self.shared.provider
    }

    /// The secrets, to be replaced, added to or removed from while the server runs. Shared by all clones.
    pub fn secrets(&self) -> Keyring<P>
    where
        P: FromSecrets,
    {
        self.provider().keyring().clone()
    }

    /// Judges the head: method, endpoint, credential, and the length that it announces, in this order.
    ///
    /// # Errors
    ///
    /// The reason and the answer. The body must not be read then.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn begin(&self, head: &Head<'_>) -> Result<Pending<P>, Refused> {
        let watch = Watch::start();
        match self.shared.judge(head) {
            Ok((claim, announced)) => Ok(Pending {
                shared: Arc::clone(&self.shared),
                claim,
                announced,
                watch,
            }),
            Err(rejection) => {
                let with_credential = watch.listens() && has_credential::<P>(head);
                let stage = Stage::Head { with_credential };
                Err(Refused::new(&self.shared, &watch, rejection, stage))
            }
        }
    }
}

impl<P: Provider> Shared<P> {
    fn judge(&self, head: &Head<'_>) -> Result<(P::Claim, usize), Rejection> {
        if head.method() != "POST" {
            return Err(Rejection::MethodNotAllowed);
        }
        let claim = self.provider.inspect(head)?;
        self.tolerance.check(self.provider.time(&claim))?;
        let announced = announced_length(head);
        if announced > self.body_limit {
            return Err(Rejection::BodyTooLarge);
        }
        Ok((claim, announced))
    }
}

/// Whether one of the headers is there that a credential of this sender comes in.
#[cold]
fn has_credential<P: Provider>(head: &Head<'_>) -> bool {
    P::CREDENTIAL_HEADERS.iter().any(|name| {
        !matches!(
            head.header(name),
            HeaderField::Absent | HeaderField::Once(b"")
        )
    })
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
fn announced_length(head: &Head<'_>) -> usize {
    let HeaderField::Once(value) = head.content_length() else {
        return 0;
    };
    let mut length = 0_usize;
    for byte in value {
        if !byte.is_ascii_digit() {
            return 0;
        }
        length = length
            .saturating_mul(10)
            .saturating_add(usize::from(byte - b'0'));
    }
    length
}

impl<P> Clone for Verifier<P> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<P> Clone for Shared<P> {
    fn clone(&self) -> Self {
        Self {
            provider: Arc::clone(&self.provider),
            body_limit: self.body_limit,
            on_refusal: self.on_refusal.clone(),
            tolerance: self.tolerance.clone(),
            refusals: Arc::clone(&self.refusals),
        }
    }
}

impl<P: Provider> fmt::Debug for Verifier<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("sender", &P::NAME)
            .field("body_limit", &self.shared.body_limit)
            .field("tolerance", &self.shared.tolerance)
            .finish_non_exhaustive()
    }
}

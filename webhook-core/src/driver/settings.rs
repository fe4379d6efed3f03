/// The constructors and settings of a layer, written once for all adapters. Each arm makes methods for an `impl` block of a
/// type that has `fn verifier(&self) -> &Verifier<P>`, `fn from_verifier(Verifier<P>) -> Self` and
/// `fn map(self, impl FnOnce(Verifier<P>) -> Verifier<P>) -> Self`.
#[doc(hidden)]
#[macro_export]
macro_rules! __layer {
    (constructors) => {
        /// A layer with the secrets of its sender: a `&str`, a `String`, a list of them, or a list of `(label, secret)`.
        ///
        /// # Panics
        ///
        /// If a secret is empty, blank, surrounded by whitespace, or unfit for the sender, or if there is none. A server
        /// that started with it would let nobody in, or everybody. [`try_new`](Self::try_new) returns the error.
        #[track_caller]
        pub fn new(secrets: impl $crate::IntoSecrets) -> Self
        where
            P: $crate::FromSecrets,
        {
            Self::from_verifier($crate::driver::Verifier::from_secrets(secrets))
        }

        /// The same, without a panic.
        ///
        /// # Errors
        ///
        /// Which secret is refused, and why.
        pub fn try_new(secrets: impl $crate::IntoSecrets) -> Result<Self, $crate::SecretsError>
        where
            P: $crate::FromSecrets,
        {
            $crate::driver::Verifier::try_new(secrets).map(Self::from_verifier)
        }

        /// A layer for many tenants, whose secrets carry the name of their tenant as label. `tenant_of` returns the tenant
        /// that a request claims to be for, from its path or from a header, and only the secrets of that tenant are tried:
        /// see [`Keyring::for_tenants`](crate::Keyring::for_tenants).
        ///
        /// # Errors
        ///
        /// Which secret is refused, and why; a secret without a label is.
        pub fn for_tenants(
            secrets: impl $crate::IntoSecrets,
            tenant_of: impl for<'a> Fn(&$crate::Head<'a>) -> Option<&'a str> + Send + Sync + 'static,
        ) -> Result<Self, $crate::SecretsError>
        where
            P: $crate::FromSecrets,
        {
            $crate::driver::Verifier::for_tenants(secrets, tenant_of).map(Self::from_verifier)
        }

        /// The secrets, to be replaced, added to, or removed from while the server runs. Every clone of this layer, and
        /// every service that it made, follows.
        #[doc(alias = "rotate")]
        pub fn secrets(&self) -> $crate::Keyring<P::Store>
        where
            P: $crate::FromSecrets,
        {
            self.verifier().secrets()
        }
    };
    (limits) => {
        /// Sets how long a body may be, in bytes; a longer one is answered with 413. The default is the sender's:
        /// [`Provider::body_limit`](crate::provider::Provider::body_limit).
        pub fn body_limit(self, bytes: usize) -> Self {
            self.map(|verifier| verifier.body_limit(bytes))
        }

        /// Lets the app change the answer to a refused request, given the reason and the answer that the sender
        /// documents.
        pub fn on_refusal(
            self,
            hook: impl Fn(&$crate::Rejection, $crate::Reply) -> $crate::Reply + Send + Sync + 'static,
        ) -> Self {
            self.map(|verifier| verifier.on_refusal(hook))
        }

        /// Adds an observer, which is told how each delivery ended: see [`observe`](crate::observe).
        pub fn observer(self, observer: impl $crate::observe::Observer) -> Self {
            self.map(|verifier| verifier.observer(observer))
        }
    };
    (body_timeout) => {
        /// Sets how long a body may take from the head of its request on; one that is not complete by then is answered
        /// with 408. The default is 10 seconds.
        ///
        /// The limit needs a tokio runtime with its timer enabled: without one, the first body that does not arrive at
        /// once panics.
        pub fn body_timeout(self, timeout: ::std::time::Duration) -> Self {
            self.map(|verifier| verifier.body_timeout(timeout))
        }
    };
    (sender) => {
        /// Answers a 5xx of the handler with the sender's acknowledgement for failures. Off unless set.
        ///
        /// The sender then treats the delivery as done and does not repeat it.
        pub fn acknowledge_failures(self, acknowledge: bool) -> Self
        where
            P: $crate::provider::AcknowledgeFailures,
        {
            self.map(|verifier| verifier.acknowledge_failures(acknowledge))
        }

        /// Sets how far the signed timestamp may lie from now, in either direction; a request with a different one is
        /// refused as a wrong credential is. The default is the sender's, mostly 300 seconds.
        pub fn tolerance(self, within: ::std::time::Duration) -> Self
        where
            P: $crate::provider::Timestamped,
        {
            self.map(|verifier| verifier.tolerance(within))
        }

        /// Lets repeats be recognized by ids that the sender does not sign. Anyone who can send an authentic request can then make
        /// a later delivery look handled: with TusFacturas' token, or with a captured request of GitHub and an id that is not
        /// used yet. See [`Trust`](crate::Trust).
        pub fn trust_unsigned_ids(self) -> Self
        where
            P: $crate::provider::Identified,
        {
            self.map(|verifier| verifier.trust_unsigned_ids())
        }

        /// Changes the provider itself, for the settings that only this sender has.
        pub fn configure(self, change: impl FnOnce(&mut P)) -> Self
        where
            P: Clone,
        {
            self.map(|verifier| verifier.configure(change))
        }
    };
    (multicaja) => {
        /// A layer that serves confirm only, whatever path and query say: for a path of the merchant's own.
        ///
        /// # Panics
        ///
        /// As [`new`](Self::new) does.
        #[track_caller]
        pub fn confirm(keys: impl $crate::IntoSecrets) -> Self {
            Self::new(keys).configure($crate::multicaja::Multicaja::serve_confirm_only)
        }

        /// A layer that serves reject only, whatever path and query say: for a path of the merchant's own.
        ///
        /// # Panics
        ///
        /// As [`new`](Self::new) does.
        #[track_caller]
        pub fn reject(keys: impl $crate::IntoSecrets) -> Self {
            Self::new(keys).configure($crate::multicaja::Multicaja::serve_reject_only)
        }
    };
    (mercadopago) => {
        /// Whether a notification of the IPN, which cannot be verified, is answered with 401, after which it comes again
        /// about every 15 minutes. Off unless set: it is answered with 200 and no handler gets it. See
        /// [`mercadopago`](crate::mercadopago).
        pub fn refuse_ipn(self, refuse: bool) -> Self {
            self.configure(|sender| sender.refuse_ipn(refuse))
        }
    };
    (verify_token) => {
        /// Sets the token that the app chose when it registered the URL, which the sender then asks for: see
        /// [`Handshake::Hub`](crate::signing::Handshake::Hub). Several while it changes. Without one, the URL cannot be
        /// registered.
        ///
        /// # Panics
        ///
        /// If a token is refused as a secret would be, or there is none.
        #[track_caller]
        pub fn verify_token(self, tokens: impl $crate::IntoSecrets) -> Self {
            Self::from_verifier(self.verifier().clone().verify_token(tokens))
        }
    };
    (unsigned) => {
        /// A layer that **lets everyone in**, for a sender that proves nothing. `sender` is its name, for logs and metrics,
        /// such as `clip`.
        pub fn unauthenticated(sender: impl Into<::std::borrow::Cow<'static, str>>) -> Self {
            Self::with_provider($crate::unsigned::UnsignedSender::unauthenticated(sender))
        }

        /// Sets when the sender delivers, how long it waits, and what it counts as received. Any 2xx counts unless set.
        pub fn timing(self, timing: $crate::provider::Timing) -> Self {
            self.configure(|sender| sender.set_timing(timing))
        }

        /// Takes only requests whose last segment of the path is one of these secrets, and hides it from the handler and
        /// from every layer inside; others are answered with 404. A proxy, and a layer outside of this one, still sees the
        /// secret and may log it: see [`unsigned`](crate::unsigned).
        ///
        /// # Panics
        ///
        /// If a secret is empty, blank, or has anything but ASCII letters, digits, `-`, `.`, `_` and `~`, or if there is
        /// none. [`try_path_secret`](Self::try_path_secret) returns the error.
        #[track_caller]
        pub fn path_secret(self, secrets: impl $crate::IntoSecrets) -> Self {
            Self::from_verifier(self.verifier().clone().path_secret(secrets))
        }

        /// The same, without a panic.
        ///
        /// # Errors
        ///
        /// Which secret is refused, and why.
        pub fn try_path_secret(
            self,
            secrets: impl $crate::IntoSecrets,
        ) -> Result<Self, $crate::SecretsError> {
            let verifier = self.verifier().clone();
            verifier.try_path_secret(secrets).map(Self::from_verifier)
        }
    };
    (flow) => {
        /// A layer for Flow.cl, which **lets everyone in**: ask its API about each token.
        pub fn flow() -> Self {
            Self::with_provider($crate::unsigned::UnsignedSender::flow())
        }
    };
    (mercadolibre) => {
        /// A layer for Mercado Libre, which **lets everyone in**: ask its API for each resource.
        pub fn mercadolibre() -> Self {
            Self::with_provider($crate::unsigned::UnsignedSender::mercadolibre())
        }
    };
}

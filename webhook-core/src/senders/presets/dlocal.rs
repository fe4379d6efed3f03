//! [dLocal], notifications of payments.
//!
//! The header `Authorization` is `V2-HMAC-SHA256, Signature: <hex>`, an HMAC-SHA256 over `X-Login`, `X-Date` and the body,
//! joined without separators.
//!
//! | | |
//! |---|---|
//! | secret | the secret key of the account, as text; and its login, which [`Dlocal::with_login`] takes |
//! | covered | login, time and body |
//! | not covered | nothing else is read |
//! | topic, id | none; none. The body is the payment |
//! | accepted | 200, empty. Any 2xx counts |
//! | refused | 401; a body that does not decode 400 |
//! | waits, repeats | not documented; hourly for 6 h, then every 12 h for 4 days, at most 12 times |
//! | handshake | none |
//!
//! # What to know
//!
//! - **The three parts touch**, so characters could move between them under one signature: a login that is not the
//!   account's, or a date that is not `2026-11-25T10:26:40.000Z` in form, is refused.
//! - **Any time is accepted.** The documentation does not say whether a repeat is signed again. Set `tolerance` on the layer if
//!   you see that it is. Until then a captured delivery can be sent again forever.
//! - **There is no delivery id.** Handle a payment once by its `id` and `status`, which are signed.
//! - Notifications of accounts and verifications have their signature in a header `Signature`, and those of dLocal Go have no
//!   date: neither is read here.
//!
//! Source: the documentation of dLocal on notifications of payments. No limit for bodies is documented; here it is 1 MiB.
//!
//! [dLocal]: https://docs.dlocal.com

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::provider::{Repeats, Timestamped, Timing};
use crate::scheme::{SchemeProvider, SignedBody, Source};
use crate::secrets::{IntoSecrets, Keyring, SecretsError};
use crate::signing::{Credential, Form, HmacKeys, Scheme, SchemeBuilder, TimeField};

/// dLocal as a [`Provider`](crate::Provider), with payloads of type `T`: see the [module](self).
///
/// A layer takes it with `with_provider`:
///
/// ```
/// use webhook_core::Value;
/// use webhook_core::dlocal::Dlocal;
/// use webhook_core::driver::Verifier;
///
/// let verifier = Verifier::new(Dlocal::<Value>::with_login("sak223k2wdksdl2", "s3cr3t")?);
/// # Ok::<(), webhook_core::dlocal::DlocalError>(())
/// ```
pub type Dlocal<T = Value> = SchemeProvider<T, DlocalScheme>;

/// The data of [`Dlocal`]. It is no [`Preset`](crate::scheme::Preset), because each account has a scheme of its own.
#[derive(Debug)]
pub enum DlocalScheme {}

impl Source for DlocalScheme {
    type Store = HmacKeys;

    const TIMING: Timing = Timing::new(&[], "dLocal, on notifications of payments")
        .repeats(Repeats::Roughly(
            "dLocal tries again every hour for 6 hours and every 12 hours for 4 days, 12 times at most",
        ))
        .within(Duration::from_secs((4 * 24 + 6) * 60 * 60))
        .if_never_received("dLocal gives the notification up: ask its API for the payment");
}

impl DlocalScheme {
    const NAME: &'static str = "dlocal";

    fn of(login: &str) -> SchemeBuilder {
        Scheme::builder(Self::NAME)
            .hmac_sha256(
                Credential::header("authorization")
                    .prefix("V2-HMAC-SHA256, Signature: ")
                    .hex(),
            )
            .form_of("x-login", Form::exactly(login))
            .time(TimeField::header("x-date").rfc3339().length(24))
            .signs("{header:x-login}{time}{body}")
            .any_time()
    }
}

impl<T: SignedBody> Dlocal<T> {
    /// dLocal with the login of the account, which is the `X-Login` of its deliveries, and its secret keys.
    ///
    /// # Errors
    ///
    /// A login that no header has, or a secret that is refused.
    ///
    /// # Panics
    ///
    /// If the topic chooses the type: dLocal names none.
    #[track_caller]
    pub fn with_login(login: &str, secrets: impl IntoSecrets) -> Result<Self, DlocalError> {
        let keyring = Keyring::new(secrets).map_err(DlocalError::Secrets)?;
        Self::with_login_and_keyring(login, keyring)
    }

    /// The same with a keyring, of which the app keeps a clone to change the keys while the server runs.
    ///
    /// # Errors
    ///
    /// A login that no header has.
    ///
    /// # Panics
    ///
    /// As [`with_login`](Self::with_login).
    #[track_caller]
    pub fn with_login_and_keyring(
        login: &str,
        keyring: Keyring<HmacKeys>,
    ) -> Result<Self, DlocalError> {
        if login.is_empty() || !login.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(DlocalError::Login);
        }
        let scheme = Scheme::of_sender(&DlocalScheme::of(login));
        Ok(Self::with(scheme, keyring))
    }
}

impl<T: SignedBody> Timestamped for Dlocal<T> {}

/// Why [`Dlocal::with_login`] fails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DlocalError {
    /// The login is empty, or has characters that no header has.
    Login,
    /// A secret is refused.
    Secrets(SecretsError),
}

impl fmt::Display for DlocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login => f.write_str(
                "the login of dLocal is empty or has spaces; set the X-Login of the account",
            ),
            Self::Secrets(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DlocalError {}

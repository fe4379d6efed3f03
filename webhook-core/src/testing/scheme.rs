use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{TestRequest, unix_time};
use crate::secrets::{Secret, SecretsError};
use crate::signing::{Scheme, Sending, Unsigned};

/// A delivery of a sender that a [`Scheme`] describes: `POST /hook`, signed at this time with this secret; `headers` are sent
/// with it, and signed if the scheme says so. With Ed25519, the secret is the private key, written as the scheme says for the
/// public one.
///
/// ```
/// use std::time::SystemTime;
/// use webhook_core::driver::Verifier;
/// use webhook_core::slack::{Slack, SlackScheme};
/// use webhook_core::{scheme::Preset, testing};
///
/// let scheme = SlackScheme::scheme().build()?;
/// let body = r#"{"type":"event_callback","event_id":"Ev1"}"#;
/// let request = testing::scheme(&scheme, SystemTime::now(), &[], body, "s3cr3t");
///
/// let accepted = request.deliver(&Verifier::<Slack>::try_new("s3cr3t")?).unwrap();
/// assert_eq!(accepted.delivery.id().unwrap().as_str(), "Ev1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// If it cannot be signed: [`try_scheme`] returns the reason.
#[allow(
    clippy::panic,
    reason = "a test that cannot sign its request must fail"
)]
pub fn scheme(
    scheme: &Scheme,
    time: SystemTime,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
    secret: &str,
) -> TestRequest {
    match try_scheme(scheme, time, headers, body, secret) {
        Ok(request) => request,
        Err(error) => panic!("{error}"),
    }
}

/// Like [`scheme`], without a panic: for a scheme, headers or a secret that somebody else has written.
///
/// ```
/// use std::time::SystemTime;
/// use webhook_core::signing::{Credential, Scheme};
/// use webhook_core::testing::{self, CannotSign};
///
/// let acme = Scheme::builder("acme").token(Credential::header("x-token").prefix("a\n")).build()?;
/// let refused = testing::try_scheme(&acme, SystemTime::now(), &[], "{}", "s3cr3t");
/// assert_eq!(refused.unwrap_err(), CannotSign::Header("x-token".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// What cannot be signed or sent.
pub fn try_scheme(
    scheme: &Scheme,
    time: SystemTime,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
    secret: &str,
) -> Result<TestRequest, CannotSign> {
    let mut request = TestRequest::new("/hook", body);
    let secret = Secret::new(secret).map_err(CannotSign::Secrets)?;
    let sent = scheme
        .0
        .sign(unix_time(time), headers, &request.body, &secret)
        .map_err(|missing| match missing {
            Unsigned::Header(name) => CannotSign::Missing(name),
            Unsigned::Key => CannotSign::Key,
        })?;
    let mut insert = |name: HeaderName, value: &str| match HeaderValue::from_str(value) {
        Ok(value) => {
            request.headers.insert(name, value);
            Ok(())
        }
        Err(_) => Err(CannotSign::Header(name.as_str().into())),
    };
    for (name, value) in headers {
        let known: HeaderName = name
            .parse()
            .map_err(|_| CannotSign::Header((*name).into()))?;
        insert(known, value)?;
    }
    for credential in sent {
        match credential {
            Sending::Header(name, value) => insert(name, &value)?,
            Sending::Query(name, value) => {
                let [name, value] = [name, value]
                    .map(|text| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string());
                let target = format!("/hook?{name}={value}");
                request.uri = target.parse().map_err(|_| CannotSign::Target)?;
            }
        }
    }
    Ok(request)
}

/// Why [`try_scheme`] fails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CannotSign {
    /// The secret is refused.
    Secrets(SecretsError),
    /// The secret is no key for the scheme.
    Key,
    /// The value of this header is signed, and is not given.
    Missing(HeaderName),
    /// This header has a name or a value that no header can have.
    Header(Box<str>),
    /// The query with the credential does not fit into a request.
    Target,
}

impl fmt::Display for CannotSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secrets(error) => error.fmt(f),
            Self::Key => f.write_str(
                "the secret is no key for this scheme; give one as the scheme says that it is written",
            ),
            Self::Missing(name) => {
                write!(f, "the header {name} is signed and has no value; give one")
            }
            Self::Header(name) => write!(
                f,
                "the header {} cannot be sent; remove the characters that no header may have",
                name.escape_debug()
            ),
            Self::Target => f.write_str(
                "the query with the credential is longer than a request may have; shorten the name of its parameter",
            ),
        }
    }
}

impl std::error::Error for CannotSign {}

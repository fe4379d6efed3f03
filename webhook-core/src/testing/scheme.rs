use std::time::SystemTime;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{TestRequest, unix_time};
use crate::secrets::Secret;
use crate::signing::{Scheme, Sending};

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
/// If a header that is signed is not among `headers`, or a value is not valid in a header or a URL.
#[allow(
    clippy::expect_used,
    reason = "a test that cannot sign its request must fail"
)]
pub fn scheme(
    scheme: &Scheme,
    time: SystemTime,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
    secret: &str,
) -> TestRequest {
    let mut request = TestRequest::new("/hook", body);
    let secret = Secret::new(secret).expect("the secret is fit");
    let sent = scheme
        .0
        .sign(unix_time(time), headers, &request.body, &secret)
        .expect("every header that is signed has a value");
    for (name, value) in headers {
        request = request.with_header(&name.parse().expect("the name of a header"), value);
    }
    for credential in sent {
        match credential {
            Sending::Header(name, value) => request = request.with_header(&name, &value),
            Sending::Query(name, value) => {
                let [name, value] = [name, value]
                    .map(|text| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string());
                request.uri = format!("/hook?{name}={value}").parse().expect("a URL");
            }
        }
    }
    request
}

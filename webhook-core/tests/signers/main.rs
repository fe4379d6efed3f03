//! The senders that sign with HMAC-SHA256, through the public API: one table for each, and what is true for all.

mod github;
mod mercadopago;
mod standard_webhooks;
#[cfg(feature = "ed25519")]
mod standard_webhooks_v1a;
mod stripe;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{HeaderName, HeaderValue};
use webhook_core::answer::Answer;
use webhook_core::driver::{Accepted, EarlyReply, Verifier};
use webhook_core::provider::Timestamped;
use webhook_core::testing::TestRequest;
use webhook_core::{FromSecrets, Provider, Reply, SecretsErrorKind};

/// When the requests in the tables are made, in seconds of Unix time.
const NOW: u64 = 1_614_265_330;

fn at(unix_time: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(unix_time)
}

/// A verifier whose clock does not move.
fn verifier<P: FromSecrets + Timestamped>(secret: &str) -> Verifier<P> {
    Verifier::try_new(secret).unwrap().clock(|| at(NOW))
}

fn deliver<P: Provider>(
    verifier: &Verifier<P>,
    request: &TestRequest,
) -> Result<Accepted<P::Event>, Box<EarlyReply>> {
    request.deliver(verifier).map_err(Box::new)
}

/// `accepted`, or the name of the rejection.
fn reason(answered: &EarlyReply) -> &'static str {
    answered.rejection.as_ref().unwrap().name()
}

/// A name, the change to an authentic request, and the result: `accepted`, or the name of the rejection.
type Row<'a> = (&'a str, &'a dyn Fn(&mut TestRequest), &'a str);

fn assert_rows<P: Provider>(verifier: &Verifier<P>, authentic: &TestRequest, rows: &[Row<'_>]) {
    for (name, change, expected) in rows {
        let mut request = authentic.clone();
        change(&mut request);
        match deliver(verifier, &request) {
            Ok(_) => assert_eq!("accepted", *expected, "{name}"),
            Err(refused) => {
                assert_eq!(reason(&refused), *expected, "{name}");
                let status = if expected.starts_with("body_") {
                    400
                } else {
                    401
                };
                assert_eq!(refused.reply.status, status, "{name}");
                assert!(refused.reply.body.is_empty(), "{name}");
            }
        }
    }
}

/// Changes to a request, as made by a proxy, a bug or an attacker.
trait Tamper {
    fn set(&mut self, name: &'static str, value: impl AsRef<[u8]>);
    fn repeat(&mut self, name: &'static str);
    fn remove(&mut self, name: &'static str);
    fn rename(&mut self, from: &'static str, to: &'static str);
    fn value(&self, name: &'static str) -> String;
}

impl Tamper for TestRequest {
    fn set(&mut self, name: &'static str, value: impl AsRef<[u8]>) {
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
    }

    fn repeat(&mut self, name: &'static str) {
        let value = self.headers[name].clone();
        self.headers.append(HeaderName::from_static(name), value);
    }

    fn remove(&mut self, name: &'static str) {
        self.headers.remove(name).unwrap();
    }

    fn rename(&mut self, from: &'static str, to: &'static str) {
        let value = self.headers.remove(from).unwrap();
        self.headers.insert(HeaderName::from_static(to), value);
    }

    fn value(&self, name: &'static str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }
}

/// A list of well-formed signatures with the good one at this position, from 1.
fn list_with(good: &str, bad: &str, separator: &str, place: usize, of: usize) -> String {
    let entries = (1..=of).map(|at| if at == place { good } else { bad });
    entries.collect::<Vec<_>>().join(separator)
}

/// Bytes that a header can carry but no sender sends.
fn garbage() -> Vec<Vec<u8>> {
    let long = 100_000;
    [
        "",
        " ",
        ",",
        "=",
        ";",
        ".",
        "v1",
        "v1,",
        "v1=",
        "v1,=",
        "t=",
        "ts=",
        "t=,v1=",
        "ts=1,v1=",
        "t=1,t=2",
        "sha256=",
        "sha256",
        "whsec_",
        "%",
        "-1",
        "+1",
        "1e9",
        "99999999999999999999999",
        "18446744073709551615",
        "\u{663}\u{663}",
        "v1,\u{e9}",
        "t=\u{e9},v1=\u{e9}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        b"\xff\xfe".to_vec(),
        vec![b'a'; long],
        vec![b','; long],
        vec![b'='; long],
        vec![b' '; long],
        b"v1,".repeat(long / 3),
        b"v1=,".repeat(long / 4),
    ])
    .collect()
}

/// Puts garbage in each of the headers that the signature depends on.
fn assert_garbage_is_refused<P: Provider>(
    verifier: &Verifier<P>,
    authentic: &TestRequest,
    fields: &[&'static str],
) {
    assert!(deliver(verifier, authentic).is_ok());
    for field in fields {
        for value in garbage() {
            let mut request = authentic.clone();
            request.set(field, &value);
            let shown = String::from_utf8_lossy(&value[..value.len().min(40)]).into_owned();
            assert!(deliver(verifier, &request).is_err(), "{field}: {shown}");
        }
    }
}

/// Old and new key both match, until the old one is removed at run time.
fn assert_rotation<P: FromSecrets>(old: &str, new: &str, sign: impl Fn(&str) -> TestRequest) {
    let verifier = Verifier::<P>::try_new([("old", old)]).unwrap();
    let key_of = |secret: &str| match deliver(&verifier, &sign(secret)) {
        Ok(accepted) => accepted.delivery.label().unwrap().to_string(),
        Err(refused) => reason(&refused).to_owned(),
    };
    assert_eq!([key_of(old), key_of(new)], ["old", "credential_mismatch"]);
    verifier.secrets().add([("new", new)]).unwrap();
    assert_eq!([key_of(old), key_of(new)], ["old", "new"]);
    verifier.secrets().remove(old).unwrap();
    assert_eq!([key_of(old), key_of(new)], ["credential_mismatch", "new"]);
}

/// Sixteen keys are tried, a seventeenth is refused, and none is ever shown.
fn assert_key_limit<P: FromSecrets + std::fmt::Debug>(
    secret: impl Fn(usize) -> String,
    sign: impl Fn(&str) -> TestRequest,
) {
    let secrets: Vec<String> = (0..17).map(secret).collect();
    let verifier = Verifier::<P>::try_new(&secrets[..16]).unwrap();
    for key in &secrets[..16] {
        assert!(deliver(&verifier, &sign(key)).is_ok());
    }
    assert!(deliver(&verifier, &sign(&secrets[16])).is_err());
    assert_eq!(
        Verifier::<P>::try_new(&secrets[..]).unwrap_err().kind(),
        SecretsErrorKind::TooMany { limit: 16 }
    );
    let shown = format!("{:?} {:?}", verifier, verifier.provider());
    assert!(
        !secrets.iter().any(|secret| shown.contains(secret)),
        "{shown}"
    );
}

/// A success without a body becomes the documented 200, and so does a success that the sender does not count as
/// received; any other response of the handler is sent unchanged.
fn assert_answers<P: Provider>(
    verifier: &Verifier<P>,
    authentic: &TestRequest,
    not_counted: &[u16],
) {
    let answer = |status: u16, without_body| {
        let accepted = deliver(verifier, authentic).unwrap();
        let status = http::StatusCode::from_u16(status).unwrap();
        accepted
            .in_flight
            .answer(status, Some(b"text/plain"), without_body)
    };
    let empty_200 = Answer::Replace(Reply::new(http::StatusCode::OK));
    assert_eq!(answer(200, true), empty_200);
    assert_eq!(answer(204, true), empty_200);
    for status in [200, 202, 302, 404, 503] {
        let expected = match not_counted.contains(&status) {
            true => Answer::SetStatus(http::StatusCode::OK),
            false => Answer::Pass,
        };
        assert_eq!(answer(status, false), expected);
    }
}

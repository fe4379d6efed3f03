//! Each observer is told once how a delivery ended; and a handshake never reaches the handler.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, StatusCode};
use webhook_core::answer::{Answer, Received};
use webhook_core::driver::{InFlight, Verifier};
use webhook_core::observe::{Observer, Outcome, Verdict};
use webhook_core::provider::{Authentic, Decoded, NoFacts, Timing};
use webhook_core::secrets::Selected;
use webhook_core::signing::{Encoding, HmacKeys, HmacSha256, Signatures};
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{BodyError, FromSecrets, Head, Keyring, Provider, Rejection, Reply};

/// What an observer was told, as text.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>, Arc<AtomicBool>);

impl Told {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Told {
    fn observe(&self, outcome: &Outcome<'_>) {
        let mut text = format!("{} {}", outcome.sender, outcome.name());
        if let Some(kind) = outcome.kind {
            text += &format!(" kind={kind}");
        }
        if let Some(label) = outcome.label {
            text += &format!(" label={label}");
        }
        if let Some(id) = outcome.id {
            text += &format!(" id={id}");
        }
        if let Some(bytes) = outcome.body_bytes {
            text += &format!(" bytes={bytes}");
        }
        match outcome.verdict {
            Verdict::Received { status, .. } | Verdict::Declined { status } => {
                text += &format!(" status={}", status.as_u16());
            }
            Verdict::HandlerFailed {
                status,
                handler_status,
            } => {
                text += &format!(" status={} of {}", status.as_u16(), handler_status.as_u16());
            }
            Verdict::Refused {
                with_credential, ..
            } if !with_credential => text += " stranger",
            _ => {}
        }
        self.0.lock().unwrap().push(text);
    }

    fn listens(&self) -> bool {
        !self.1.load(Ordering::Relaxed)
    }
}

const BODY: &str = r#"{"evento":"emitido","hook_id":"h\n1"}"#;

fn authentic() -> TestRequest {
    testing::tusfacturas_body(BODY, "t0k3n")
}

fn observed() -> (Verifier<TusFacturas>, Told) {
    let told = Told::default();
    let verifier = Verifier::<TusFacturas>::try_new([("pdv-3", "t0k3n")]).unwrap();
    (verifier.observer(told.clone()), told)
}

#[test]
fn each_outcome_is_told_once_with_what_is_known() {
    let (verifier, told) = observed();
    let accept = || authentic().deliver(&verifier).unwrap();
    let known = r"kind=emitido label=pdv-3 id=3:h\n1-7:emitido- bytes=37";
    let answered = |status: u16| {
        let status = StatusCode::from_u16(status).unwrap();
        let _ = accept().in_flight.answer(status, None, true);
        told.take()
    };
    assert_eq!(
        answered(200),
        [format!("tusfacturas received {known} status=200")]
    );
    assert_eq!(
        answered(204),
        [format!("tusfacturas received {known} status=200")]
    );
    assert_eq!(
        answered(404),
        [format!("tusfacturas declined {known} status=404")]
    );
    assert_eq!(
        answered(500),
        [format!(
            "tusfacturas handler_failed {known} status=500 of 500"
        )]
    );

    drop(accept().in_flight);
    assert_eq!(told.take(), [format!("tusfacturas unanswered {known}")]);
    let mut in_flight = Some(accept().in_flight);
    let poll = || InFlight::reporting_panics(&mut in_flight, || panic!("the handler"));
    catch_unwind(AssertUnwindSafe(poll)).unwrap_err();
    drop(in_flight);
    assert_eq!(told.take(), [format!("tusfacturas panicked {known}")]);

    for (request, expected) in [
        (
            testing::tusfacturas_body(BODY, "guessed"),
            "credential_mismatch",
        ),
        (
            testing::tusfacturas_body("[]", "t0k3n"),
            "body_not_an_object label=pdv-3 bytes=2",
        ),
    ] {
        request.deliver(&verifier).unwrap_err();
        assert_eq!(told.take(), [format!("tusfacturas {expected}")]);
    }
    let mut stranger = authentic();
    stranger.headers.clear();
    stranger.deliver(&verifier).unwrap_err();
    assert_eq!(told.take(), ["tusfacturas credential_missing stranger"]);
    let pending = verifier.begin(&authentic().head()).unwrap();
    pending.refuse(Rejection::BodyTimeout);
    assert_eq!(told.take(), ["tusfacturas body_timeout"]);
}

#[test]
fn every_observer_is_told_and_none_that_does_not_listen() {
    let (verifier, first) = observed();
    let second = Told::default();
    let verifier = verifier.observer(second.clone());
    authentic().deliver(&verifier).unwrap();
    assert_eq!((first.take().len(), second.take().len()), (1, 1));

    second.1.store(true, Ordering::Relaxed);
    authentic().deliver(&verifier).unwrap();
    assert_eq!((first.take().len(), second.take().len()), (1, 0));
    first.1.store(true, Ordering::Relaxed);
    authentic().deliver(&verifier).unwrap();
    assert_eq!((first.take().len(), second.take().len()), (0, 0));
}

/// A sender that shakes hands: with a `GET` whose query has the token, and with a signed `{"challenge":…}`.
#[derive(Clone)]
struct Polite(Keyring<HmacKeys>, bool);

impl FromSecrets for Polite {
    const NAME: &'static str = "polite";

    type Store = HmacKeys;

    fn from_keyring(keyring: Keyring<HmacKeys>) -> Self {
        Self(keyring, false)
    }

    fn keyring(&self) -> &Keyring<HmacKeys> {
        &self.0
    }
}

impl Provider for Polite {
    type Event = String;
    type Claim = (Signatures, Selected<HmacKeys>);
    type Facts = NoFacts;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn credential_headers(&self) -> &[HeaderName] {
        &[AUTHORIZATION]
    }

    /// What counts; the acknowledgement is the default, which does not say it.
    fn timing(&self) -> Timing {
        Timing::UNDOCUMENTED.received(Received::Only(&[StatusCode::OK]))
    }

    fn tolerance(&self) -> Option<Duration> {
        self.1.then_some(Duration::from_secs(1))
    }

    fn greet(&self, head: &Head<'_>) -> Option<Result<Reply, Rejection>> {
        let challenge = (head.method() == "GET").then(|| head.query())??;
        Some(match challenge.strip_prefix("hello=") {
            Some(text) => Ok(Reply::json(StatusCode::OK, text.to_owned())),
            None => Err(Rejection::CredentialMismatch),
        })
    }

    fn inspect(&self, head: &Head<'_>) -> Result<Self::Claim, Rejection> {
        let signature = head.header(&AUTHORIZATION).text()?;
        let signatures = Signatures::one(signature, Encoding::Hex)?;
        Ok((signatures, self.0.select(head)))
    }

    fn authenticate(
        &self,
        (sent, keys): Self::Claim,
        body: &Bytes,
    ) -> Result<Authentic<NoFacts>, Rejection> {
        let matched = keys.find(|key: &HmacSha256| key.has_signed(&[body], &sent))?;
        Ok(Authentic::new(matched, NoFacts {}))
    }

    fn decode(&self, _: &mut NoFacts, json: &Bytes) -> Result<Decoded<String>, BodyError> {
        let text = String::from_utf8_lossy(json).into_owned();
        Ok(match text.strip_prefix("challenge ") {
            Some(_) => Decoded::Greeting(Reply::text(StatusCode::OK, "challenge met")),
            None => text.into(),
        })
    }
}

#[test]
fn a_handshake_is_answered_without_the_handler() {
    let told = Told::default();
    let verifier = Verifier::<Polite>::try_new("k3y")
        .unwrap()
        .observer(told.clone());

    let headers = HeaderMap::new();
    let get = |query| {
        verifier
            .begin(&Head::new("GET", "/", query, &headers))
            .unwrap_err()
    };
    let greeted = get(Some("hello=42"));
    assert_eq!(
        (greeted.reply.status, &*greeted.reply.body),
        (StatusCode::OK, &b"42"[..])
    );
    assert_eq!((greeted.rejection, greeted.closes), (None, false));
    assert_eq!(told.take(), ["polite greeted"]);
    let refused = get(Some("hullo"));
    assert_eq!(refused.rejection, Some(Rejection::CredentialMismatch));
    assert_eq!(refused.reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(told.take(), ["polite credential_mismatch stranger"]);
    // What is no handshake goes on, and `GET` is no way to deliver.
    assert_eq!(get(None).rejection, Some(Rejection::MethodNotAllowed));
    told.take();

    let key: HmacSha256 = webhook_core::secrets::SigningKey::prepare(b"k3y").unwrap();
    let deliver = |signed: &'static str, sent: &'static str| {
        let mut headers = HeaderMap::new();
        let signature = hex::encode(key.sign(&[signed.as_bytes()]));
        headers.insert(AUTHORIZATION, signature.parse().unwrap());
        let pending = verifier
            .begin(&Head::new("POST", "/", None, &headers))
            .unwrap();
        let body = Bytes::from_static(sent.as_bytes());
        pending.finish(body).map_err(Box::new)
    };
    let greeted = deliver("challenge 1", "challenge 1").unwrap_err();
    assert_eq!(greeted.reply.body, "challenge met");
    assert_eq!(told.take(), ["polite greeted bytes=11"]);
    let forged = deliver("challenge 1", "challenge 2").unwrap_err();
    assert_eq!(forged.rejection, Some(Rejection::CredentialMismatch));
    let accepted = deliver("an event", "an event").unwrap();
    assert_eq!(accepted.delivery.event(), "an event");
    let answer = accepted.in_flight.answer(StatusCode::CREATED, None, false);
    assert_eq!(answer, Answer::SetStatus(StatusCode::OK));
}

#[test]
fn what_a_provider_says_is_asked_for_when_it_matters() {
    let verifier = Verifier::<Polite>::try_new("k3y").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, hex::encode([0; 32]).parse().unwrap());
    let head = Head::new("POST", "/", None, &headers);
    assert!(verifier.begin(&head).is_ok());
    // It now wants a time, and no claim has one.
    let strict = verifier.configure(|provider| provider.1 = true);
    let refused = strict.begin(&head).unwrap_err();
    assert_eq!(
        refused.rejection,
        Some(Rejection::TimestampOutsideTolerance)
    );
}

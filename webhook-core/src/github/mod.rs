//! [GitHub], events of repositories and organisations.
//!
//! The header field `X-Hub-Signature-256` is `sha256=<hex>`; `X-GitHub-Event` names the event and `X-GitHub-Delivery`
//! the delivery. The body is JSON, or a form whose field `payload` is that JSON, as the settings of the webhook say.
//!
//! # What the signature covers
//!
//! The body, and **nothing else**:
//!
//! 1. The event name is not covered: whoever has captured a delivery can send it as another event. Where it matters,
//!    decide by what the body holds.
//! 2. The delivery id is not covered: a replay can carry a new one, so an id that was not seen before proves nothing.
//! 3. There is no timestamp: a captured request can be replayed for ever.
//!
//! Both names are therefore in [`GithubEvent::unauthenticated`].
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | field missing, sent more than once, malformed; the signature does not match | 401 | empty |
//! | body authentic, and no JSON or not of the expected type | 400 | empty |
//!
//! The handler's own answer passes as it is, but for a successful one without a body, which becomes the 200. GitHub
//! gives up after 10 seconds and does not repeat a delivery by itself. It sends every event that the webhook is
//! subscribed to to one URL: subscribe to those that the payload type fits, or take a [`Value`].
//!
//! The legacy `X-Hub-Signature` (SHA-1) is not read.
//!
//! Source: the GitHub documentation, "Validating webhook deliveries" and "Webhook events and payloads".
//!
//! [GitHub]: https://github.com

mod event;

use std::marker::PhantomData;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

pub use self::event::{GithubEvent, GithubHead, GithubPayload, GithubPing};

use crate::form::Form;
use crate::hmac::HmacKey;
use crate::signatures::{Signatures, from_hex};
use crate::{
    BodyError, BodyErrorKind, FromSecrets, Head, HeaderField, Keyring, Opened, Payload,
    PrivateKeys, Provider, Receipt, Rejection, Reply, payload,
};

/// GitHub as a [`Provider`], with payloads of type `T`: see the [module](crate::github).
#[derive(Clone, Debug)]
pub struct Github<T: Payload = Value> {
    keyring: Keyring<Self>,
    payload: PhantomData<fn() -> T>,
}

impl<T: Payload> Github<T> {
    const SIGNATURE_HEADER: &'static str = "x-hub-signature-256";
}

impl<T: Payload> Provider for Github<T> {
    type Event = GithubEvent<T>;
    type Credential = SentSignature;

    const NAME: &'static str = "github";
    /// GitHub's own cap.
    const BODY_LIMIT: usize = 25 * 1024 * 1024;
    /// The legacy signature is none that is checked here, but one all the same.
    const CREDENTIAL_HEADERS: &'static [&'static str] =
        &[Self::SIGNATURE_HEADER, "x-hub-signature"];

    fn inspect(&self, head: &Head<'_>) -> Result<SentSignature, Rejection> {
        let [signature, event, delivery, content_type] = head.headers([
            Self::SIGNATURE_HEADER,
            "x-github-event",
            "x-github-delivery",
            "content-type",
        ]);
        let hex = signature
            .credential()?
            .strip_prefix("sha256=")
            .ok_or(Rejection::CredentialMalformed)?;
        Ok(SentSignature {
            signature: Signatures::decode(std::iter::once(hex), from_hex)?,
            is_form: Form::is_announced(content_type),
            head: GithubHead {
                event: text(event),
                delivery: text(delivery),
            },
        })
    }

    fn open(&self, sent: SentSignature, body: &Bytes) -> Result<Opened<GithubEvent<T>>, Rejection> {
        let key = self
            .keyring
            .load()
            .find(|key| key.has_signed(&[body], &sent.signature))
            .ok_or(Rejection::CredentialMismatch)?
            .cloned();

        let is_ping = sent.head.event.as_deref() == Some("ping");
        let payload = if sent.is_form {
            let text =
                std::str::from_utf8(body).map_err(|_| BodyError::from(BodyErrorKind::NotUtf8))?;
            let form = Form::read(text)?;
            let json = form
                .get("payload")
                .ok_or(BodyError::from(BodyErrorKind::MissingField("payload")))?;
            decode(json.as_bytes(), is_ping)
        } else {
            decode(body, is_ping)
        }?;
        Ok(Opened::new(
            GithubEvent {
                payload,
                unauthenticated: sent.head,
            },
            key,
        ))
    }

    fn receipt(&self, _: &GithubEvent<T>, _: &Bytes) -> Receipt {
        Receipt::constant(|| Reply::new(StatusCode::OK))
    }

    fn kind(&self, event: &GithubEvent<T>) -> &'static str {
        match event.payload {
            GithubPayload::Ping(_) => "ping",
            GithubPayload::Event(_) => "event",
        }
    }
}

impl<T: Payload> FromSecrets for Github<T> {
    type Store = PrivateKeys<HmacKey>;

    fn from_keyring(keyring: Keyring<Self>) -> Self {
        Self {
            keyring,
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<Self> {
        &self.keyring
    }
}

fn decode<T: Payload>(json: &[u8], is_ping: bool) -> Result<GithubPayload<T>, BodyError> {
    if is_ping {
        payload::decode(json).map(GithubPayload::Ping)
    } else {
        payload::decode(json).map(GithubPayload::Event)
    }
}

/// A field that proves nothing. One that was sent twice is taken for absent: nobody can tell which is meant.
fn text(field: HeaderField<'_>) -> Option<String> {
    field.credential().ok().map(str::to_owned)
}

/// What `X-Hub-Signature-256` claims, not yet compared, and what the rest of the head says.
pub struct SentSignature {
    signature: Signatures,
    is_form: bool,
    head: GithubHead,
}

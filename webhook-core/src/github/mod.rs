//! [GitHub], events of repositories and organizations.
//!
//! The header `X-Hub-Signature-256` is `sha256=<hex>`; `X-GitHub-Event` is the name of the event and `X-GitHub-Delivery`
//! its id. The body is JSON, or a form whose field `payload` is that JSON, as the settings of the webhook say. A body that
//! begins with `{` is JSON whatever its `Content-Type`.
//!
//! # What the signature covers
//!
//! The body, and **nothing else**:
//!
//! 1. The event name is not covered: an attacker who has captured one signed body can send it under two names, and a payload
//!    type that is chosen by the name ([`GithubBody`]) decodes it as either. Decide by what the body holds.
//! 2. The delivery id is not covered: a replay can carry a new one, so an id that was not seen before proves nothing. It
//!    is that of the event, and every webhook that gets the event sends it.
//! 3. There is no timestamp: a captured request can be replayed for ever.
//!
//! All that the head says is therefore in [`GithubEvent::unauthenticated`].
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
//! hangs up after 10 seconds and does not repeat a delivery by itself. It sends every event that the webhook is
//! subscribed to to one URL: subscribe to those that the payload type fits, choose it by the event's name with
//! [`GithubBody`], or take a [`Value`].
//!
//! The legacy `X-Hub-Signature` (SHA-1) is not read.
//!
//! Source: the GitHub documentation, "Validating webhook deliveries" and "Webhook events and payloads".
//!
//! [GitHub]: https://github.com

mod event;

use std::borrow::Cow;
use std::marker::PhantomData;
use std::mem;

use bytes::Bytes;
use serde_json::Value;

pub use self::event::{GithubBody, GithubEvent, GithubHead, GithubPayload, GithubPing};

use crate::form::Form;
use crate::hmac::HmacKey;
use crate::json::first_byte;
use crate::repair::without_bom;
use crate::signatures::{Signatures, from_hex};
use crate::{
    Authentic, BodyError, BodyErrorKind, FromSecrets, Head, HeaderField, Keyring, PrivateKeys,
    Provider, Rejection, payload,
};

/// GitHub as a [`Provider`], with payloads of type `T`: see the [module](crate::github).
#[derive(Clone, Debug)]
pub struct Github<T: GithubBody = Value> {
    keyring: Keyring<Self>,
    payload: PhantomData<fn() -> T>,
}

impl<T: GithubBody> Github<T> {
    const SIGNATURE_HEADER: &'static str = "x-hub-signature-256";
}

impl<T: GithubBody> Provider for Github<T> {
    type Event = GithubEvent<T>;
    type Claim = SentSignature;
    type Facts = SignedBody;

    const NAME: &'static str = "github";
    /// GitHub's own cap.
    const BODY_LIMIT: usize = 25 * 1024 * 1024;
    /// The legacy signature is none that is checked here, but one all the same.
    const CREDENTIAL_HEADERS: &'static [&'static str] =
        &[Self::SIGNATURE_HEADER, "x-hub-signature"];

    fn inspect(&self, head: &Head<'_>) -> Result<SentSignature, Rejection> {
        let [
            signature,
            event,
            delivery,
            hook_id,
            installation_target_type,
            installation_target_id,
            content_type,
        ] = head.headers([
            Self::SIGNATURE_HEADER,
            "x-github-event",
            "x-github-delivery",
            "x-github-hook-id",
            "x-github-hook-installation-target-type",
            "x-github-hook-installation-target-id",
            "content-type",
        ]);
        let hex = signature
            .credential()?
            .strip_prefix("sha256=")
            .ok_or(Rejection::CredentialMalformed)?;
        Ok(SentSignature {
            signature: Signatures::decode(std::iter::once(hex), from_hex)?,
            facts: SignedBody {
                is_form: Form::is_announced(content_type),
                head: GithubHead {
                    event: text(event),
                    delivery: text(delivery),
                    hook_id: text(hook_id),
                    installation_target_type: text(installation_target_type),
                    installation_target_id: text(installation_target_id),
                },
            },
        })
    }

    fn authenticate(
        &self,
        sent: SentSignature,
        body: &Bytes,
    ) -> Result<Authentic<SignedBody>, Rejection> {
        let matched = self
            .keyring
            .load()
            .find(|key| key.has_signed(&[body], &sent.signature))?;
        Ok(Authentic::new(matched, sent.facts))
    }

    fn json<'a>(&self, facts: &SignedBody, body: &'a Bytes) -> Result<Cow<'a, Bytes>, BodyError> {
        if !facts.is_form || first_byte(without_bom(body)) == Some(b'{') {
            return Ok(Cow::Borrowed(body));
        }
        let json = Form::read(without_bom(body))?
            .into_value("payload")
            .ok_or(BodyErrorKind::MissingField("payload"))?;
        Ok(Cow::Owned(json.into()))
    }

    fn decode(&self, facts: &mut SignedBody, json: &Bytes) -> Result<GithubEvent<T>, BodyError> {
        let json = payload::without_reserved_keys(json)?;
        let payload = match facts.head.event.as_deref() {
            Some("ping") => payload::decode(json).map(GithubPayload::Ping),
            event => T::decode(event.unwrap_or_default(), json).map(GithubPayload::Event),
        }?;
        Ok(GithubEvent {
            payload,
            unauthenticated: mem::take(&mut facts.head),
        })
    }

    fn kind(&self, event: &GithubEvent<T>) -> &'static str {
        match event.payload {
            GithubPayload::Ping(_) => "ping",
            GithubPayload::Event(_) => "event",
        }
    }
}

impl<T: GithubBody> FromSecrets for Github<T> {
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

/// A header that proves nothing. One that was sent twice counts as absent: nobody can tell which is meant.
fn text(field: HeaderField<'_>) -> Option<String> {
    field.credential().ok().map(str::to_owned)
}

/// What `X-Hub-Signature-256` claims, not yet compared, and what the rest of the head says.
pub struct SentSignature {
    signature: Signatures,
    facts: SignedBody,
}

/// What decoding needs to know of a body whose signature matched. None of it is covered.
pub struct SignedBody {
    is_form: bool,
    head: GithubHead,
}

//! [GitHub], events of repositories and organizations.
//!
//! The header `X-Hub-Signature-256` is `sha256=<hex>`; `X-GitHub-Event` is the name of the event and
//! `X-GitHub-Delivery` its id. The body is JSON, or a form whose field `payload` is that JSON, depending on the
//! webhook's settings. A body that begins with `{` is JSON whatever its `Content-Type`.
//!
//! # What the signature covers
//!
//! The body, and **nothing else**:
//!
//! 1. The event name is not covered: an attacker who has captured one signed body can send it under two names, and a
//!    payload type chosen by name ([`GithubBody`]) decodes it as either. Decide by what the body says.
//! 2. The delivery id is not covered: a replay can carry a new one, so an unseen id proves nothing. It is the id of
//!    the event, and every webhook that gets the event sends it.
//! 3. There is no timestamp: a captured request can be replayed forever.
//!
//! So everything from the headers is in [`GithubEvent::unauthenticated`].
//!
//! # Answers
//!
//! | the receiver's answer | status | body |
//! |---|---|---|
//! | accepted | 200 | empty |
//! | header missing, sent more than once, malformed; the signature does not match | 401 | empty |
//! | body authentic, but not JSON or not of the expected type | 400 | empty |
//!
//! The handler's own response is sent unchanged, except that a success without a body becomes the 200. GitHub hangs up
//! after 10 seconds and does not repeat a delivery by itself. It sends all events of a webhook to one URL: subscribe
//! only to those that fit the payload type, choose the type by event name with [`GithubBody`], or use [`Value`].
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
use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::event::{GithubBody, GithubEvent, GithubHead, GithubPayload, GithubPing};

use crate::answer::{BodyError, BodyErrorKind, Rejection};
use crate::delivery::{DeliveryId, Trust, joined};
use crate::head::{Head, HeaderField};
use crate::parse::form::Form;
use crate::parse::json::first_byte;
use crate::parse::payload;
use crate::parse::repair::without_bom;
use crate::provider::{
    Attempt, Authentic, Authenticated, Decoded, Deferrable, FromSecrets, Identified, Provider,
    Repeats, Timing,
};
use crate::secrets::{Keyring, Selected};
use crate::signing::{
    BodyFormat, Credential, Field, HmacKeys, Scheme, SchemeBuilder, SignedContent,
};

/// The legacy signature is not checked, but it is still a credential.
static SIGNATURES: [HeaderName; 2] = [
    HeaderName::from_static("x-hub-signature-256"),
    HeaderName::from_static("x-hub-signature"),
];

/// How GitHub proves its deliveries. [`Github::inspect`] depends on the order of the headers.
fn scheme() -> SchemeBuilder {
    Scheme::builder("github")
        .hmac_sha256(
            Credential::header("x-hub-signature-256")
                .prefix("sha256=")
                .hex(),
        )
        .signs("{body}")
        .topic(Field::header("x-github-event"))
        .id(Field::header("x-github-delivery"))
        .keep_header("x-github-hook-id")
        .keep_header("x-github-hook-installation-target-type")
        .keep_header("x-github-hook-installation-target-id")
        .body(BodyFormat::FormField("payload".into()))
}

/// GitHub as a [`Provider`], with payloads of type `T`: see the [module](crate::github).
#[derive(Clone, Debug)]
pub struct Github<T: GithubBody = Value> {
    scheme: Scheme,
    keyring: Keyring<HmacKeys>,
    payload: PhantomData<fn() -> T>,
}

impl<T: GithubBody> Github<T> {
    /// GitHub waits ten seconds and does not repeat a delivery by itself; for three days it can be repeated by hand or
    /// through the API. Source: the GitHub documentation, "Best practices for using webhooks" and "Redelivering
    /// webhooks".
    pub const TIMING: Timing = Timing::new(
        &[Attempt::after(Duration::ZERO).waiting(Duration::from_secs(10))],
        "GitHub, \"Best practices for using webhooks\"",
    )
    .within(Duration::from_secs(3 * 24 * 60 * 60))
    .repeats(Repeats::ByHand)
    .if_never_received("GitHub repeats nothing by itself: redeliver it by hand within 3 days");
}

impl<T: GithubBody> Provider for Github<T> {
    type Event = GithubEvent<T>;
    type Claim = SentSignature;
    type Facts = SignedBody;

    fn name(&self) -> &str {
        Self::NAME
    }

    /// GitHub's own limit.
    fn body_limit(&self) -> usize {
        25 * 1024 * 1024
    }

    fn credential_headers(&self) -> &[HeaderName] {
        &SIGNATURES
    }

    fn inspect(&self, head: &Head<'_>) -> Result<SentSignature, Rejection> {
        let fields = self.scheme.0.fields(head);
        let signed = self.scheme.0.read(head, &fields)?.signed()?;
        let [
            _,
            event,
            delivery,
            hook_id,
            target_type,
            target_id,
            content_type,
            ..,
        ] = fields;
        Ok(SentSignature {
            signed,
            facts: SignedBody {
                is_form: Form::is_announced(content_type),
                head: GithubHead {
                    event: text(event),
                    delivery: text(delivery),
                    hook_id: text(hook_id),
                    installation_target_type: text(target_type),
                    installation_target_id: text(target_id),
                },
            },
            keys: self.keyring.select(head),
        })
    }

    fn authenticate(
        &self,
        sent: SentSignature,
        body: &Bytes,
    ) -> Result<Authentic<SignedBody>, Rejection> {
        let matched = sent.keys.find(|key| sent.signed.is_by(key, body))?;
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

    fn decode(
        &self,
        facts: &mut SignedBody,
        json: &Bytes,
    ) -> Result<Decoded<GithubEvent<T>>, BodyError> {
        let json = payload::without_reserved_keys(json)?;
        let payload = match facts.head.event.as_deref() {
            Some("ping") => payload::decode(json).map(GithubPayload::Ping),
            event => T::decode(event.unwrap_or_default(), json).map(GithubPayload::Event),
        }?;
        Ok(Decoded::Event(GithubEvent {
            payload,
            unauthenticated: mem::take(&mut facts.head),
        }))
    }

    /// `X-GitHub-Delivery` within `X-GitHub-Hook-ID`: all webhooks that get an event share the first.
    fn id(&self, event: &GithubEvent<T>, _: &Bytes) -> Option<DeliveryId> {
        let head = &event.unauthenticated;
        let delivery = Some(head.delivery.as_deref()?);
        Some(DeliveryId::unsigned(joined([
            head.hook_id.as_deref(),
            delivery,
        ])))
    }

    fn timing(&self) -> Timing {
        Self::TIMING
    }

    fn kind<'a>(&'a self, event: &'a GithubEvent<T>) -> &'a str {
        match event.payload {
            GithubPayload::Ping(_) => "ping",
            GithubPayload::Event(_) => "event",
        }
    }
}

impl<T: GithubBody> Authenticated for Github<T> {}

impl<T: GithubBody> Identified for Github<T> {
    fn trust(&self) -> Trust {
        Trust::Unsigned
    }
}

impl<T: GithubBody> Deferrable for Github<T> {}

impl<T: GithubBody> FromSecrets for Github<T> {
    const NAME: &'static str = "github";

    type Store = HmacKeys;

    fn from_keyring(keyring: Keyring<Self::Store>) -> Self {
        Self {
            scheme: Scheme::of_sender(&scheme()),
            keyring,
            payload: PhantomData,
        }
    }

    fn keyring(&self) -> &Keyring<Self::Store> {
        &self.keyring
    }
}

/// A header that proves nothing. If it was sent twice, it counts as missing: nobody can tell which one is meant.
fn text(field: HeaderField<'_>) -> Option<String> {
    field.text().ok().map(str::to_owned)
}

/// The signature from `X-Hub-Signature-256`, not yet compared, and values from the other headers.
pub struct SentSignature {
    signed: SignedContent,
    facts: SignedBody,
    keys: Selected<HmacKeys>,
}

/// What decoding needs besides the body. The signature covers none of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SignedBody {
    is_form: bool,
    head: GithubHead,
}

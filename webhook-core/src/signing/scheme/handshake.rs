use std::iter;

use http::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::check::path;
use super::{Characters, SchemeErrorKind};

/// A request that is no delivery, which a layer answers by itself: with the outcome `greeted`, and without the handler.
///
/// ```
/// use webhook_core::signing::Handshake;
///
/// let slack = Handshake::challenge("type", "url_verification", "challenge");
/// let discord = Handshake::ping("type", "0", 204);
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Handshake {
    /// `GET ?hub.mode=subscribe&hub.challenge=…&hub.verify_token=…`, as Meta sends when a URL is registered: the right verify
    /// token is answered with the challenge, a wrong one with 403. The app sets the token:
    /// [`verify_token`](crate::scheme::SchemeProvider::verify_token).
    Hub,
    /// A signed JSON object in which a field has this text: answered with the text of another one.
    Challenge {
        /// The field that says what this is.
        field: String,
        /// Its text.
        is: String,
        /// The field to send back.
        challenge: String,
    },
    /// A signed JSON object, or form, in which a field has this JSON value: answered with a status and, if there is one, a
    /// JSON body.
    Ping {
        /// The field that says what this is.
        field: String,
        /// Its value as JSON, such as `0` or `"ping"`.
        is: String,
        /// A field that only deliveries have.
        #[serde(default)]
        without: Option<String>,
        /// The status of the answer.
        status: u16,
        /// The JSON of the answer.
        #[serde(default)]
        body: Option<String>,
    },
    /// A request **without a signature** whose whole body is this, after it was trimmed: answered with 200. For a probe when
    /// a URL is registered.
    UnsignedProbe(String),
    /// A form **without a signature** whose only field is this, with digits: answered with 200.
    UnsignedForm(String),
}

impl Handshake {
    /// The longest body that a probe without a signature may have.
    pub(crate) const LONGEST_PROBE: usize = 64;

    /// A signed challenge: the field that says so, its text, and the field to send back.
    pub fn challenge(field: &str, is: &str, challenge: &str) -> Self {
        Self::Challenge {
            field: field.to_owned(),
            is: is.to_owned(),
            challenge: challenge.to_owned(),
        }
    }

    /// A signed ping: the field that says so, its JSON value, and the status of the answer.
    pub fn ping(field: &str, is: &str, status: u16) -> Self {
        Self::Ping {
            field: field.to_owned(),
            is: is.to_owned(),
            without: None,
            status,
            body: None,
        }
    }

    /// A ping that is none if it has this field.
    pub fn without(mut self, field: &str) -> Self {
        if let Self::Ping { without, .. } = &mut self {
            *without = Some(field.to_owned());
        }
        self
    }

    /// A ping that is answered with this JSON.
    pub fn with_body(mut self, json: &str) -> Self {
        if let Self::Ping { body, .. } = &mut self {
            *body = Some(json.to_owned());
        }
        self
    }

    /// Whether it has no signature.
    pub(super) fn is_unsigned(&self) -> bool {
        matches!(self, Self::UnsignedProbe(_) | Self::UnsignedForm(_))
    }

    /// Checks what a request would be compared with: it must be there, and a request must be able to have it.
    pub(super) fn check(&self) -> Result<(), SchemeErrorKind> {
        let is_read = match self {
            Self::Hub => true,
            Self::Challenge {
                field,
                is,
                challenge,
            } => {
                path(field)?;
                path(challenge)?;
                !is.is_empty()
            }
            Self::Ping {
                field,
                is,
                without,
                status,
                body,
            } => {
                path(field)?;
                without.as_deref().map(path).transpose()?;
                if !StatusCode::from_u16(*status).is_ok_and(|it| it.is_success()) {
                    return Err(SchemeErrorKind::Unread("handshakes.status"));
                }
                for json in iter::once(is).chain(body) {
                    if serde_json::from_str::<IgnoredAny>(json).is_err() {
                        return Err(SchemeErrorKind::NotJson(json.clone()));
                    }
                }
                // What is null counts as missing, and blanks around a value are none of it.
                is != "null" && is.trim_ascii() == is
            }
            // Every request without a signature and a body would be greeted.
            Self::UnsignedProbe(text) | Self::UnsignedForm(text) if text.is_empty() => {
                return Err(SchemeErrorKind::EmptyProbe);
            }
            Self::UnsignedProbe(body) => {
                body.trim_ascii() == body && body.len() <= Self::LONGEST_PROBE
            }
            // Another character would be encoded, or begin another field.
            Self::UnsignedForm(field) => {
                field.bytes().all(|byte| Characters::Word.include(byte))
                    && field.len() + "=0".len() <= Self::LONGEST_PROBE
            }
        };
        match is_read {
            true => Ok(()),
            false => Err(SchemeErrorKind::Unread("handshakes")),
        }
    }
}

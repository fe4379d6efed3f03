//! Requests that are no deliveries: what they look like, and how they are answered.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;

use crate::answer::{Rejection, Reply};
use crate::head::{Head, HeaderField};
use crate::parse::json_field;
use crate::secrets::{BearerTokens, Keyring};
use crate::signing::Handshake;

/// The longest challenge that is sent back. Senders use up to 60 characters.
const LONGEST_CHALLENGE: usize = 1024;

/// Answers `GET ?hub.mode=subscribe&hub.challenge=…&hub.verify_token=…`.
pub(super) fn hub(
    handshakes: &[Handshake],
    verify_token: Option<&Keyring<BearerTokens>>,
    head: &Head<'_>,
) -> Option<Result<Reply, Rejection>> {
    if !handshakes.iter().any(|it| matches!(it, Handshake::Hub)) || head.method() != "GET" {
        return None;
    }
    let query = head.query()?;
    let value = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs
            .filter(|(other, _)| percent_decode_str(other).eq(name.bytes()))
            .map(|(_, value)| percent_decode_str(value).collect::<Vec<u8>>());
        // Twice is nobody's handshake.
        values.next().filter(|_| values.next().is_none())
    };
    if value("hub.mode")? != b"subscribe" {
        return None;
    }
    let token = value("hub.verify_token").unwrap_or_default();
    let is_right = verify_token.is_some_and(|tokens| tokens.select(head).find(&token).is_ok());
    if !is_right {
        return Some(Err(Rejection::HandshakeRefused));
    }
    Some(match value("hub.challenge") {
        Some(challenge) if is_plain(&challenge) => Ok(text(challenge.into())),
        _ => Err(Rejection::HandshakeRefused),
    })
}

/// Whether a challenge can be sent back without a second thought.
fn is_plain(challenge: &[u8]) -> bool {
    (1..=LONGEST_CHALLENGE).contains(&challenge.len()) && challenge.iter().all(u8::is_ascii_graphic)
}

/// Whether the head has no credential, and could be that of a probe.
pub(super) fn may_be_probe(
    handshakes: &[Handshake],
    head: &Head<'_>,
    credential: Option<&HeaderField<'_>>,
) -> bool {
    let announces_little = || match head.content_length() {
        HeaderField::Once(length) => std::str::from_utf8(length)
            .ok()
            .and_then(|length| length.parse().ok())
            .is_some_and(|length: usize| length <= Handshake::LONGEST_PROBE),
        _ => false,
    };
    let has_probe = handshakes
        .iter()
        .any(|it| matches!(it, Handshake::UnsignedProbe(_) | Handshake::UnsignedForm(_)));
    has_probe && matches!(credential, Some(HeaderField::Absent)) && announces_little()
}

/// Whether the body of a request without a credential is a probe.
pub(super) fn is_probe(handshakes: &[Handshake], body: &[u8]) -> bool {
    let body = body.trim_ascii();
    handshakes.iter().any(|handshake| match handshake {
        Handshake::UnsignedProbe(probe) => body == probe.as_bytes(),
        Handshake::UnsignedForm(field) => body
            .strip_prefix(field.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"="))
            .is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)),
        _ => false,
    })
}

/// The answer to a signed handshake.
pub(super) fn signed(handshakes: &[Handshake], json: &Bytes) -> Option<Reply> {
    handshakes.iter().find_map(|handshake| match handshake {
        Handshake::Challenge {
            field,
            is,
            challenge,
        } => {
            // Most deliveries are told apart without being read once more.
            memchr::memmem::find(json, is.as_bytes())?;
            let found = json_field::find_text(json, &path(field))?;
            let challenge = json_field::find_text(json, &path(challenge));
            let challenge = challenge.filter(|it| is_plain(it.as_bytes()) && found == *is)?;
            Some(text(challenge.into()))
        }
        Handshake::Ping {
            field,
            is,
            without,
            status,
            body,
        } => {
            memchr::memmem::find(json, field.rsplit('.').next()?.as_bytes())?;
            let found = json_field::find(json, &path(field))?;
            let is_meant = found.get() == is
                && without
                    .as_ref()
                    .is_none_or(|field| json_field::is_absent(json, &path(field)));
            let status = StatusCode::from_u16(*status).ok().filter(|_| is_meant)?;
            Some(match body {
                Some(json) => Reply::json(status, json.clone()),
                None => Reply::new(status),
            })
        }
        _ => None,
    })
}

fn path(field: &str) -> Box<[Box<str>]> {
    field.split('.').map(Box::from).collect()
}

fn text(body: Bytes) -> Reply {
    Reply {
        content_type: Some(const { HeaderValue::from_static("text/plain; charset=utf-8") }),
        body,
        ..Reply::new(StatusCode::OK)
    }
}

//! Checks a scheme when it is built. Each refusal has an attack or a mistake behind it.

mod content;
mod credential;

use std::time::Duration;

use http::HeaderName;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, PROXY_AUTHORIZATION};

use super::Field;
use super::builder::{Algorithm, BodyFormat, KeyEncoding, SchemeBuilder};
use super::content::{Content, Source};
use super::error::SchemeErrorKind;
use super::rules::{Place, Rules, TimePlace};
use crate::signing::DEFAULT_TOLERANCE;

/// How deep a field of the body may be.
const DEEPEST: usize = 8;

pub(in crate::signing::scheme) fn rules(draft: &SchemeBuilder) -> Result<Rules, SchemeErrorKind> {
    if !is_name(&draft.name) {
        return Err(SchemeErrorKind::Name);
    }
    let (Some(algorithm), Some(credential)) = (draft.algorithm, &draft.credential) else {
        return Err(SchemeErrorKind::NoCredential);
    };
    let mut names = Names::default();
    let proof = match algorithm {
        Algorithm::Token => credential::token(credential, &mut names)?,
        _ => credential::signature(draft, algorithm, credential, &mut names)?,
    };
    let credential_names = names.0.clone();
    let time = draft
        .time
        .as_ref()
        .map(|time| content::time_rule(time, credential, &mut names))
        .transpose()?;
    let content = match algorithm {
        Algorithm::Token => {
            unread(draft.signs.is_some(), "signs")?;
            unread(!draft.headers.is_empty(), "headers")?;
            unread(draft.allow_adjacent_parts, "allow_adjacent_parts")?;
            unread(draft.body_is_not_signed, "body_is_not_signed")?;
            unread(draft.key != KeyEncoding::Text, "key")?;
            unread(draft.key_prefix.is_some(), "key_prefix")?;
            Content::default()
        }
        _ => content::of(draft, time.as_ref(), &credential_names, &mut names)?,
    };
    if cfg!(not(feature = "ed25519")) && matches!(algorithm, Algorithm::Ed25519) {
        return Err(SchemeErrorKind::Feature("ed25519"));
    }
    if matches!(algorithm, Algorithm::Ed25519) && draft.key == KeyEncoding::Text {
        return Err(SchemeErrorKind::KeyEncoding);
    }
    unread(
        draft.key == KeyEncoding::Text && draft.key_prefix.is_some(),
        "key_prefix",
    )?;
    let covers_time = time.as_ref().is_some_and(|time| match time.place {
        TimePlace::Body(_) => content.body,
        TimePlace::Header(_) | TimePlace::Pair(_) => content.covers(Source::Time),
    });
    let tolerance = tolerance(draft, time.is_some(), covers_time)?;

    let mut field = |field: &Option<Field>| match field {
        None => Ok(None),
        Some(Field::Header(name)) => {
            shown(name, &credential_names, &mut names).map(|at| Some(Place::Header(at)))
        }
        Some(Field::Body(keys)) => path(keys).map(|path| Some(Place::Body(path))),
    };
    let topic = field(&draft.topic)?;
    let id = field(&draft.id)?;
    let mut kept = Vec::new();
    for name in &draft.keep_headers {
        let at = shown(name, &credential_names, &mut names)?;
        unread(kept.contains(&at), "keep_headers")?;
        kept.push(at);
    }
    let content_type = match draft.body {
        BodyFormat::Json => None,
        BodyFormat::Form | BodyFormat::FormField(_) => Some(names.add(CONTENT_TYPE.as_str())?),
    };
    if draft.body_limit == Some(0) {
        return Err(SchemeErrorKind::BodyLimit);
    }
    if let BodyFormat::FormField(field) = &draft.body {
        unread(field.is_empty(), "body")?;
    }
    for handshake in &draft.handshakes {
        handshake.check()?;
        unread(
            handshake.is_unsigned() && matches!(algorithm, Algorithm::Token),
            "handshakes",
        )?;
    }
    Ok(Rules {
        name: draft.name.as_str().into(),
        credential_names: credential_names.into(),
        names: names.0.into(),
        algorithm,
        proof,
        content,
        time,
        covers_time,
        tolerance,
        topic,
        id,
        kept: kept.into(),
        content_type,
        key: (
            draft.key,
            draft.key_prefix.clone().unwrap_or_default().into(),
        ),
        format: draft.body.clone(),
        body_limit: draft.body_limit.unwrap_or(1024 * 1024),
        received: draft.received,
        handshakes: draft.handshakes.clone().into(),
        time_is_not_signed: draft.time_is_not_signed,
    })
}

fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

/// A knob that nothing reads was set by mistake, and its owner believes that it does something.
pub(super) fn unread(is_unread: bool, what: &'static str) -> Result<(), SchemeErrorKind> {
    match is_unread {
        true => Err(SchemeErrorKind::Unread(what)),
        false => Ok(()),
    }
}

/// The headers that are read, each once.
#[derive(Default)]
pub(super) struct Names(Vec<HeaderName>);

impl Names {
    pub(super) fn add(&mut self, name: &str) -> Result<usize, SchemeErrorKind> {
        let name: HeaderName = name
            .parse()
            .map_err(|_| SchemeErrorKind::HeaderName(name.to_owned()))?;
        if let Some(at) = self.0.iter().position(|other| *other == name) {
            return Ok(at);
        }
        if self.0.len() == Rules::MOST_HEADERS {
            return Err(SchemeErrorKind::TooManyHeaders);
        }
        self.0.push(name);
        Ok(self.0.len() - 1)
    }
}

/// A header that the event shows, so that it is logged and stored: never a credential, of this sender or of another one.
pub(super) fn shown(
    name: &str,
    credential_names: &[HeaderName],
    names: &mut Names,
) -> Result<usize, SchemeErrorKind> {
    const CREDENTIALS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

    let at = names.add(name)?;
    let is_credential = names
        .0
        .get(at)
        .is_some_and(|name| CREDENTIALS.contains(name));
    match is_credential || at < credential_names.len() {
        true => Err(SchemeErrorKind::HeaderHasAnotherUse(name.to_owned())),
        false => Ok(at),
    }
}

fn tolerance(
    draft: &SchemeBuilder,
    has_time: bool,
    covers_time: bool,
) -> Result<Option<Duration>, SchemeErrorKind> {
    if draft.tolerance.is_some() && !has_time {
        return Err(SchemeErrorKind::ToleranceWithoutTime);
    }
    if draft.tolerance.is_some() && !covers_time && !draft.time_is_not_signed {
        return Err(SchemeErrorKind::TimeNotSigned);
    }
    unread(
        draft.time_is_not_signed && (covers_time || draft.tolerance.is_none()),
        "time_is_not_signed",
    )?;
    unread(
        draft.any_time && (!covers_time || draft.tolerance.is_some()),
        "any_time",
    )?;
    Ok(match draft.tolerance {
        None if covers_time && !draft.any_time => Some(DEFAULT_TOLERANCE),
        tolerance => tolerance,
    })
}

pub(in crate::signing::scheme) fn path(keys: &str) -> Result<Box<[Box<str>]>, SchemeErrorKind> {
    let path: Box<[Box<str>]> = keys.split('.').map(Box::from).collect();
    if path.len() > DEEPEST || path.iter().any(|key| key.is_empty()) {
        return Err(SchemeErrorKind::Path(keys.to_owned()));
    }
    Ok(path)
}

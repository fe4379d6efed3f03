//! Checks a scheme when it is built. Each refusal has an attack or a mistake behind it.

use std::iter;
use std::time::Duration;

use http::HeaderName;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, PROXY_AUTHORIZATION};

use super::builder::{Algorithm, BodyFormat, KeyEncoding, SchemeBuilder};
use super::content::{Content, Part, Source, parse};
use super::error::SchemeErrorKind;
use super::rules::{Layout, Place, Proof, Rules, TimePlace, TimeRule};
use super::{Credential, Field, Form};
use crate::signing::{DEFAULT_TOLERANCE, Encoding};

/// What separates pairs, unless the scheme says otherwise.
const PAIRS_END_WITH: char = ',';

/// How deep a field of the body may be.
const DEEPEST: usize = 8;

pub(super) fn rules(draft: &SchemeBuilder) -> Result<Rules, SchemeErrorKind> {
    if !is_name(&draft.name) {
        return Err(SchemeErrorKind::Name);
    }
    let (Some(algorithm), Some(credential)) = (draft.algorithm, &draft.credential) else {
        return Err(SchemeErrorKind::NoCredential);
    };
    let mut names = Names::default();
    let proof = match algorithm {
        Algorithm::Token => token(credential, &mut names)?,
        _ => signature(draft, algorithm, credential, &mut names)?,
    };
    let credential_names = names.0.clone();
    let time = draft
        .time
        .as_ref()
        .map(|time| time_rule(time, credential, &mut names))
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
        _ => content(draft, time.as_ref(), &credential_names, &mut names)?,
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

pub(super) fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

/// A knob that nothing reads was set by mistake, and its owner believes that it does something.
fn unread(is_unread: bool, what: &'static str) -> Result<(), SchemeErrorKind> {
    match is_unread {
        true => Err(SchemeErrorKind::Unread(what)),
        false => Ok(()),
    }
}

/// The headers that are read, each once.
#[derive(Default)]
struct Names(Vec<HeaderName>);

impl Names {
    fn add(&mut self, name: &str) -> Result<usize, SchemeErrorKind> {
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
fn shown(
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

fn token(credential: &Credential, names: &mut Names) -> Result<Proof, SchemeErrorKind> {
    unread(credential.pair.is_some(), "credential.pair")?;
    unread(credential.list.is_some(), "credential.list")?;
    unread(credential.encoding.is_some(), "credential.encoding")?;
    let prefix = credential.prefix.clone().unwrap_or_default();
    match credential {
        Credential {
            header: Some(name),
            bearer: false,
            query_which_logs_show: None,
            ..
        } => Ok(Proof::Token {
            header: names.add(name)?,
            prefix: prefix.into(),
        }),
        Credential {
            header: None,
            bearer: true,
            query_which_logs_show: None,
            ..
        } => {
            unread(!prefix.is_empty(), "credential.prefix")?;
            Ok(Proof::Bearer {
                header: names.add(AUTHORIZATION.as_str())?,
            })
        }
        Credential {
            header: None,
            bearer: false,
            query_which_logs_show: Some(name),
            ..
        } => {
            unread(!prefix.is_empty(), "credential.prefix")?;
            match name.is_empty() {
                true => Err(SchemeErrorKind::CredentialPlace),
                false => Ok(Proof::Query {
                    parameter: name.as_str().into(),
                }),
            }
        }
        _ => Err(SchemeErrorKind::CredentialPlace),
    }
}

fn signature(
    draft: &SchemeBuilder,
    algorithm: Algorithm,
    credential: &Credential,
    names: &mut Names,
) -> Result<Proof, SchemeErrorKind> {
    if credential.bearer || credential.query_which_logs_show.is_some() {
        return Err(SchemeErrorKind::SignatureNotInHeader);
    }
    let name = credential
        .header
        .as_deref()
        .ok_or(SchemeErrorKind::CredentialPlace)?;
    let encoding = credential.encoding.ok_or(SchemeErrorKind::NoEncoding)?;
    let prefix: Box<str> = credential.prefix.clone().unwrap_or_default().into();
    let layout = match (&credential.pair, credential.list) {
        (Some(name), separator) => {
            unread(!prefix.is_empty(), "credential.prefix")?;
            let separator = separator.unwrap_or(PAIRS_END_WITH);
            if !is_pair(name, separator) || separator == '=' || is_within(encoding, separator) {
                return Err(SchemeErrorKind::Separator);
            }
            Layout::Pairs {
                separator,
                name: name.as_str().into(),
            }
        }
        (None, Some(separator)) => {
            // Only what precedes the signature itself: `v1,<base64>` in a list with spaces has a comma.
            if is_within(encoding, separator) || prefix.contains(separator) {
                return Err(SchemeErrorKind::Separator);
            }
            let length = length_of(algorithm);
            let kinds = iter::once((prefix, length)).chain(
                // A sender that signs with both.
                draft
                    .or_ed25519
                    .iter()
                    .map(|prefix| (prefix.as_str().into(), length_of(Algorithm::Ed25519))),
            );
            Layout::List {
                separator,
                kinds: kinds.collect(),
            }
        }
        (None, None) => Layout::Alone { prefix },
    };
    Ok(Proof::Signature {
        header: names.add(name)?,
        layout,
        encoding,
        length: length_of(algorithm),
    })
}

/// Whether a signature in this encoding can contain the separator, which would cut it in two.
fn is_within(encoding: Encoding, separator: char) -> bool {
    let is_of_base64 =
        encoding != Encoding::Hex && matches!(separator, '+' | '/' | '=' | '-' | '_');
    separator.is_ascii_alphanumeric() || is_of_base64
}

/// Whether a list can have a pair of this name: it is compared without the spaces around it.
fn is_pair(name: &str, separator: char) -> bool {
    !name.is_empty() && name.trim_ascii() == name && !name.contains([separator, '='])
}

/// The length of a signature, in bytes.
fn length_of(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HmacSha1 => 20,
        Algorithm::HmacSha512 | Algorithm::Ed25519 => 64,
        Algorithm::HmacSha256 | Algorithm::Token => 32,
    }
}

fn time_rule(
    time: &super::TimeField,
    credential: &Credential,
    names: &mut Names,
) -> Result<TimeRule, SchemeErrorKind> {
    let signature_pair = credential.pair.as_ref();
    let separator = credential.list.unwrap_or(PAIRS_END_WITH);
    let unit = time.unit.ok_or(SchemeErrorKind::IncompleteTime)?;
    let place = match (&time.header, &time.pair, &time.body) {
        (Some(name), None, None) => {
            let credential_names = names.0.clone();
            TimePlace::Header(shown(name, &credential_names, names)?)
        }
        (None, Some(_), None) if signature_pair.is_none() => {
            return Err(SchemeErrorKind::TimeWithoutPairs);
        }
        (None, Some(name), None) if name.is_empty() || signature_pair == Some(name) => {
            return Err(SchemeErrorKind::IncompleteTime);
        }
        (None, Some(name), None) if !is_pair(name, separator) || unit.is_within(separator) => {
            return Err(SchemeErrorKind::Separator);
        }
        (None, Some(name), None) => TimePlace::Pair(name.as_str().into()),
        (None, None, Some(keys)) => TimePlace::Body(path(keys)?),
        _ => return Err(SchemeErrorKind::IncompleteTime),
    };
    unread(
        matches!(place, TimePlace::Body(_)) && time.length.is_some(),
        "time.length",
    )?;
    let form = Form {
        exactly: None,
        length: time.length,
        characters: unit.characters(),
    };
    match form.fits_a_value() {
        true => Ok(TimeRule { place, unit, form }),
        false => Err(SchemeErrorKind::NothingFits("time".into())),
    }
}

fn content(
    draft: &SchemeBuilder,
    time: Option<&TimeRule>,
    credential_names: &[HeaderName],
    names: &mut Names,
) -> Result<Content, SchemeErrorKind> {
    let template = draft.signs.as_deref().filter(|signs| !signs.is_empty());
    let parts = parse(template.ok_or(SchemeErrorKind::NoContent)?)?;
    // The signature of literals is the same for every delivery.
    if parts.iter().all(|part| matches!(part, Part::Literal(_))) {
        return Err(SchemeErrorKind::NoContent);
    }
    let mut headers = Vec::new();
    for part in &parts {
        match (part, time.map(|time| &time.place)) {
            (Part::Time, None) => return Err(SchemeErrorKind::NoTime),
            (Part::Time, Some(TimePlace::Body(_))) => return Err(SchemeErrorKind::TimeIsInBody),
            (Part::Header(name), place) => {
                let at = names.add(name)?;
                let is_time = matches!(place, Some(TimePlace::Header(time)) if *time == at);
                if is_time || at < credential_names.len() {
                    return Err(SchemeErrorKind::HeaderHasAnotherUse(name.clone()));
                }
                headers.push((name.as_str(), at));
            }
            _ => {}
        }
    }
    for (name, form) in &draft.headers {
        let is_signed = headers
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name));
        // Only one of two spellings would be read.
        let mut names = draft.headers.keys();
        let is_first = names.find(|other| other.eq_ignore_ascii_case(name)) == Some(name);
        unread(!is_signed || !is_first, "headers")?;
        if !form.fits_a_value() {
            return Err(SchemeErrorKind::NothingFits(format!("header:{name}")));
        }
    }
    let form_of = |part: &Part| match part {
        Part::Time => time.map(|time| (Source::Time, time.form.clone())),
        Part::Header(name) => {
            let (_, at) = headers.iter().find(|(other, _)| other == name)?;
            let mut forms = draft.headers.iter();
            let form = forms.find(|(other, _)| other.eq_ignore_ascii_case(name));
            let form = form.map(|(_, form)| form.clone()).unwrap_or_default();
            Some((Source::Header(*at), form))
        }
        Part::Literal(_) | Part::Body => None,
    };
    let content = Content::new(&parts, form_of, draft.allow_adjacent_parts)?;
    unread(
        draft.allow_adjacent_parts && !content.has_adjacent,
        "allow_adjacent_parts",
    )?;
    unread(
        draft.body_is_not_signed && content.body,
        "body_is_not_signed",
    )?;
    if !content.body && !draft.body_is_not_signed {
        return Err(SchemeErrorKind::BodyNotSigned);
    }
    if let Some(time) = time {
        unread(
            time.form.length.is_some() && !content.covers(Source::Time),
            "time.length",
        )?;
    }
    Ok(content)
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

pub(super) fn path(keys: &str) -> Result<Box<[Box<str>]>, SchemeErrorKind> {
    let path: Box<[Box<str>]> = keys.split('.').map(Box::from).collect();
    if path.len() > DEEPEST || path.iter().any(|key| key.is_empty()) {
        return Err(SchemeErrorKind::Path(keys.to_owned()));
    }
    Ok(path)
}

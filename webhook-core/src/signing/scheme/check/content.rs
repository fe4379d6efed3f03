//! What is signed: the time, headers, the body.

use http::HeaderName;

use super::credential::{PAIRS_END_WITH, is_pair};
use super::{Names, path, shown, unread};
use crate::signing::scheme::builder::SchemeBuilder;
use crate::signing::scheme::content::{Content, Part, Source, parse};
use crate::signing::scheme::error::SchemeErrorKind;
use crate::signing::scheme::rules::{TimePlace, TimeRule};
use crate::signing::scheme::{Credential, Form, TimeField};

pub(super) fn time_rule(
    time: &TimeField,
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

pub(super) fn of(
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

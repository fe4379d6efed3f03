//! What is signed: literals and parts, and whether they can be told apart again.

use http::HeaderValue;

use super::error::SchemeErrorKind;
use super::{Characters, Form};
use crate::answer::Rejection;

/// A part of the signed content, as the template names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    Body,
    Time,
    Header(String),
}

impl Part {
    fn name(&self) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Body => "body".to_owned(),
            Self::Time => "time".to_owned(),
            Self::Header(name) => format!("header:{name}"),
        }
    }
}

/// Reads a template such as `v0:{time}:{body}`.
pub(super) fn parse(template: &str) -> Result<Vec<Part>, SchemeErrorKind> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        literal.push_str(before);
        let position = template.len() - brace.len();
        if let Some(after) = brace.strip_prefix("{{").or(brace.strip_prefix("}}")) {
            literal.push_str(brace.get(..1).unwrap_or_default());
            rest = after;
            continue;
        }
        let named = brace.strip_prefix('{').and_then(|it| it.split_once('}'));
        let (name, after) = named.ok_or(SchemeErrorKind::Template(position))?;
        let part = match (name, name.strip_prefix("header:")) {
            ("body", _) => Part::Body,
            ("time", _) => Part::Time,
            (_, Some(header)) if !header.is_empty() => Part::Header(header.to_ascii_lowercase()),
            _ => return Err(SchemeErrorKind::Template(position)),
        };
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        if parts.contains(&part) {
            return Err(SchemeErrorKind::RepeatedPart(part.name()));
        }
        parts.push(part);
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

/// A piece of what is signed beside the body.
#[derive(Debug)]
pub(super) enum Piece {
    Literal(Box<str>),
    Value {
        source: Source,
        form: Form,
        /// The first byte of the separator that follows, which the value must not contain.
        ends_before: Option<u8>,
    },
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Time,
    /// The position of the header among those that are read.
    Header(usize),
}

/// The signed content.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) before: Vec<Piece>,
    pub(super) body: bool,
    pub(super) after: Vec<Piece>,
    /// Whether parts touch that only the app vouches for.
    pub(super) has_adjacent: bool,
}

impl Content {
    /// Checks that the parts of a delivery can be told apart: read from the left, each part ends where its separator begins;
    /// read from the right, each part after the body begins where its separator ends.
    pub(super) fn new(
        parts: &[Part],
        form_of: impl Fn(&Part) -> Option<(Source, Form)>,
        allow_adjacent: bool,
    ) -> Result<Self, SchemeErrorKind> {
        let mut content = Self::default();
        for (at, part) in parts.iter().enumerate() {
            let Some((source, form)) = form_of(part) else {
                match part {
                    Part::Literal(text) => {
                        content.side().push(Piece::Literal(text.as_str().into()))
                    }
                    _ => content.body = true,
                }
                continue;
            };
            let neighbor = match content.body {
                false => parts.get(at + 1),
                true => at.checked_sub(1).and_then(|at| parts.get(at)),
            };
            let boundary = match neighbor {
                Some(Part::Literal(text)) if content.body => text.bytes().last(),
                Some(Part::Literal(text)) => text.bytes().next(),
                _ => None,
            };
            let mut ends_before = None;
            match boundary {
                _ if form.is_of_fixed_length() => {}
                Some(byte) if !form.characters.include(byte) => {}
                Some(_) if content.body => return Err(SchemeErrorKind::FollowsBody(part.name())),
                Some(byte) if form.characters == Characters::Any => ends_before = Some(byte),
                Some(_) => return Err(SchemeErrorKind::ContainsSeparator(part.name())),
                None if neighbor.is_none() => {}
                None if allow_adjacent => content.has_adjacent = true,
                None => return Err(SchemeErrorKind::Adjacent(part.name())),
            }
            content.side().push(Piece::Value {
                source,
                form,
                ends_before,
            });
        }
        Ok(content)
    }

    fn side(&mut self) -> &mut Vec<Piece> {
        match self.body {
            false => &mut self.before,
            true => &mut self.after,
        }
    }

    pub(super) fn covers(&self, source: Source) -> bool {
        let mut pieces = self.before.iter().chain(&self.after);
        pieces.any(|piece| matches!(piece, Piece::Value { source: other, .. } if *other == source))
    }
}

impl Form {
    /// Whether a header can have a value of this form: headers are never empty, and have no spaces around them.
    pub(super) fn fits_a_value(&self) -> bool {
        let Some(only) = &self.exactly else {
            return self.length != Some(0);
        };
        !only.is_empty()
            && only.trim_ascii() == only
            && HeaderValue::from_bytes(only.as_bytes()).is_ok()
            && self.check(only, None).is_ok()
    }

    /// Checks a value of a request.
    pub(super) fn check(&self, value: &str, ends_before: Option<u8>) -> Result<(), Rejection> {
        let is_only = self.exactly.as_deref().is_none_or(|only| only == value);
        let is_long = self.length.is_none_or(|length| length == value.len());
        let is_of = self.characters == Characters::Any
            || value.bytes().all(|byte| self.characters.include(byte));
        let ends = ends_before.is_none_or(|byte| !value.as_bytes().contains(&byte));
        match is_only && is_long && is_of && ends {
            true => Ok(()),
            false => Err(Rejection::CredentialMalformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_read_part_by_part() {
        let literal = |text: &str| Part::Literal(text.to_owned());
        let header = |name: &str| Part::Header(name.to_owned());
        for (template, expected) in [
            ("{body}", vec![Part::Body]),
            (
                "v0:{time}:{body}",
                vec![literal("v0:"), Part::Time, literal(":"), Part::Body],
            ),
            (
                "{header:X-Login}{time}{body}",
                vec![header("x-login"), Part::Time, Part::Body],
            ),
            ("{{{body}}}", vec![literal("{"), Part::Body, literal("}")]),
            ("", vec![]),
        ] {
            assert_eq!(parse(template), Ok(expected), "{template}");
        }
        for (template, at) in [
            ("{bod}", 0),
            ("a{body", 1),
            ("a}", 1),
            ("{body}{header:}", 6),
            ("ñ{}", 2),
        ] {
            assert_eq!(
                parse(template),
                Err(SchemeErrorKind::Template(at)),
                "{template}"
            );
        }
        assert_eq!(
            parse("{body}.{body}"),
            Err(SchemeErrorKind::RepeatedPart("body".into()))
        );
    }
}

//! A scheme that was checked.

use std::borrow::Cow;
use std::time::Duration;

use http::HeaderName;
use percent_encoding::percent_decode_str;

use super::builder::{Algorithm, BodyFormat, KeyEncoding};
use super::content::{Content, Source};
use super::{Form, Handshake, TimeUnit};
use crate::answer::Received;
use crate::signing::Encoding;

/// A checked scheme.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) name: Box<str>,
    /// All headers that are read. Those of the credential come first.
    pub(crate) names: Box<[HeaderName]>,
    pub(crate) credential_names: Box<[HeaderName]>,
    pub(crate) algorithm: Algorithm,
    pub(super) proof: Proof,
    pub(super) content: Content,
    pub(super) time: Option<TimeRule>,
    pub(crate) covers_time: bool,
    pub(crate) tolerance: Option<Duration>,
    pub(crate) topic: Option<Place>,
    pub(crate) id: Option<Place>,
    /// The positions of the headers that the event keeps.
    pub(crate) kept: Box<[usize]>,
    pub(crate) content_type: Option<usize>,
    /// How a secret becomes a key, and the prefix that is removed first.
    pub(crate) key: (KeyEncoding, Box<str>),
    pub(crate) format: BodyFormat,
    pub(crate) body_limit: usize,
    pub(crate) received: Received,
    pub(crate) handshakes: Box<[Handshake]>,
    pub(super) time_is_not_signed: bool,
}

/// How a delivery is proven.
#[derive(Debug)]
pub(super) enum Proof {
    Signature {
        header: usize,
        layout: Layout,
        encoding: Encoding,
        length: usize,
    },
    Token {
        header: usize,
        prefix: Box<str>,
    },
    Bearer {
        header: usize,
    },
    Query {
        parameter: Box<str>,
    },
}

/// How a header has its signatures.
#[derive(Debug)]
pub(super) enum Layout {
    Alone {
        prefix: Box<str>,
    },
    Pairs {
        separator: char,
        name: Box<str>,
    },
    List {
        separator: char,
        /// The prefix of each kind of signature, and its length in bytes.
        kinds: Box<[(Box<str>, usize)]>,
    },
}

#[derive(Debug)]
pub(super) struct TimeRule {
    pub(super) place: TimePlace,
    pub(super) unit: TimeUnit,
    pub(super) form: Form,
}

#[derive(Debug)]
pub(super) enum TimePlace {
    Header(usize),
    Pair(Box<str>),
    Body(Box<[Box<str>]>),
}

/// Where a topic or an id is.
#[derive(Debug)]
pub(crate) enum Place {
    Header(usize),
    Body(Box<[Box<str>]>),
}

impl Rules {
    pub(crate) const MOST_HEADERS: usize = 16;

    /// The keys that lead to the time in the body, and its unit.
    pub(crate) fn time_in_body(&self) -> Option<(&[Box<str>], TimeUnit)> {
        match &self.time {
            Some(TimeRule {
                place: TimePlace::Body(path),
                unit,
                ..
            }) => Some((path, *unit)),
            _ => None,
        }
    }

    /// Whether a time is signed, or the app has said that it may be judged all the same.
    pub(crate) fn judges_time(&self) -> bool {
        self.covers_time || self.tolerance.is_some()
    }

    pub(crate) fn covers_body(&self) -> bool {
        self.content.body
    }

    /// Whether the app can take what is in a body for the sender's.
    pub(crate) fn vouches_for_body(&self) -> bool {
        self.covers_body() || self.is_token()
    }

    /// Whether parts of the signed content touch.
    pub(crate) fn has_adjacent(&self) -> bool {
        self.content.has_adjacent
    }

    pub(crate) fn is_token(&self) -> bool {
        matches!(self.algorithm, Algorithm::Token)
    }

    pub(super) fn has_public_key(&self) -> bool {
        #[cfg(feature = "ed25519")]
        return matches!(self.algorithm, Algorithm::Ed25519);
        #[cfg(not(feature = "ed25519"))]
        false
    }

    /// Whether the signature covers what is in this place.
    pub(crate) fn covers(&self, place: &Place) -> bool {
        match place {
            Place::Body(_) => self.content.body,
            Place::Header(at) => {
                let is_time = matches!(
                    &self.time,
                    Some(TimeRule { place: TimePlace::Header(time), .. }) if time == at
                );
                self.content.covers(Source::Header(*at))
                    || is_time && self.content.covers(Source::Time)
            }
        }
    }

    /// The headers that are parts of the signed content.
    pub(super) fn signed_headers(&self) -> impl Iterator<Item = &HeaderName> {
        let headers = self.names.iter().enumerate();
        headers.filter_map(|(at, name)| self.content.covers(Source::Header(at)).then_some(name))
    }

    /// The pairs of a query that are not the token.
    pub(crate) fn query_without_token<'h>(&self, query: &'h str) -> Cow<'h, str> {
        let Proof::Query { parameter } = &self.proof else {
            return Cow::Borrowed(query);
        };
        let pairs = query.split('&').filter(|pair| !is_named(pair, parameter));
        Cow::Owned(pairs.collect::<Vec<_>>().join("&"))
    }

    /// What the app has said about this scheme that makes it weaker than it looks.
    pub(super) fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let proof = match &self.proof {
            Proof::Query { .. } => {
                Some("the token is in the query, which every log of requests shows")
            }
            _ => None,
        };
        let adjacent = self.content.has_adjacent.then_some(
            "parts of the signed content touch, so characters can move between them under one signature",
        );
        let body = (!self.is_token() && !self.content.body).then_some(
            "the body is not signed: anyone who has captured a delivery can send it with another body",
        );
        let time = self.time_is_not_signed.then_some(
            "the time is not signed: the tolerance stops nobody who wants to repeat a delivery",
        );
        [proof, adjacent, body, time].into_iter().flatten()
    }
}

/// Whether a pair of a query has this name.
pub(super) fn is_named(pair: &str, parameter: &str) -> bool {
    let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
    percent_decode_str(name).eq(parameter.bytes())
}

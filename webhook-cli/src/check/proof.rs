use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{Request, Uri};

use super::case::Skip;
use super::kit::{Kit, with_body};
use super::place::{At, Place, other};
use crate::senders::Draft;

/// A delivery that is authentic, and where in it the proof is.
///
/// No rule of a sender says where: it is what differs when others, with other secrets, sign the same.
pub(super) struct Proven {
    pub(super) request: Request<Bytes>,
    places: Vec<Place>,
}

impl Proven {
    pub(super) fn new(kit: &Kit<'_>) -> Result<Self, Skip> {
        Self::of(kit, &kit.draft()?)
    }

    pub(super) fn of(kit: &Kit<'_>, draft: &Draft) -> Result<Self, Skip> {
        let now = SystemTime::now();
        let request = kit.signed_at(draft, now)?;
        let others = kit.signed_by_strangers(draft, now)?;
        let mut places = Vec::new();
        for (name, value) in request.headers() {
            let values = others.iter().map(|other| match other.headers().get(name) {
                Some(value) => value.as_bytes(),
                None => b"",
            });
            if *name != CONTENT_LENGTH {
                places.extend(Place::find(
                    At::Header(name.clone()),
                    value.as_bytes(),
                    values,
                ));
            }
        }
        let target = request.uri().to_string();
        let targets: Vec<_> = others.iter().map(|it| it.uri().to_string()).collect();
        let values = targets.iter().map(String::as_bytes);
        places.extend(Place::find(At::Target, target.as_bytes(), values));
        let bodies = others.iter().map(|other| &other.body()[..]);
        places.extend(Place::find(At::Body, request.body(), bodies));
        match places.is_empty() {
            true => Err(Skip::without_credential()),
            false => Ok(Self { request, places }),
        }
    }

    /// The request with another proof.
    pub(super) fn with(&self, change: impl Fn(&[u8]) -> Vec<u8>) -> Result<Request<Bytes>, Skip> {
        self.replaced(|place| [&place.before[..], &change(&place.digest), &place.after].concat())
    }

    /// The request without its proof, where it can be left out.
    pub(super) fn without(&self) -> Result<Request<Bytes>, Skip> {
        let mut request = self.with(|_| Vec::new())?;
        for place in &self.places {
            if let At::Header(name) = &place.at {
                request.headers_mut().remove(name);
            }
        }
        Ok(request)
    }

    /// The request with headers that are empty.
    pub(super) fn empty(&self) -> Result<Request<Bytes>, Skip> {
        self.replaced(|place| match place.at {
            At::Header(_) => Vec::new(),
            _ => [&place.before[..], &place.after].concat(),
        })
    }

    /// The request with a header twice: with the right proof and a wrong one, in this order or the other.
    pub(super) fn twice(&self, right_first: bool) -> Result<Request<Bytes>, Skip> {
        let mut request = self.request.clone();
        let mut is_there = false;
        for place in &self.places {
            let At::Header(name) = &place.at else {
                continue;
            };
            is_there = true;
            let wrong = value(&[&place.before[..], &place.wrong(), &place.after].concat())?;
            let right = value(&place.whole())?;
            let [first, second] = match right_first {
                true => [right, wrong],
                false => [wrong, right],
            };
            request.headers_mut().insert(name, first);
            request.headers_mut().append(name, second);
        }
        match is_there {
            true => Ok(request),
            false => Err(Skip::because("the proof of this sender is not in a header")),
        }
    }

    /// The body of another delivery under the proof of this one, also where the proof is in the body.
    pub(super) fn with_body_of(&self, other: &Self) -> Request<Bytes> {
        let in_body = |of: &'_ Self| of.places.iter().position(|it| matches!(it.at, At::Body));
        let places = in_body(self).zip(in_body(other));
        let places = places.and_then(|(own, its)| self.places.get(own).zip(other.places.get(its)));
        let body = match places {
            Some((own, its)) => [&its.before[..], &own.digest, &its.after].concat().into(),
            None => other.request.body().clone(),
        };
        with_body(self.request.clone(), body)
    }

    /// The request with a wrong proof and the right one in one header, in this order or the other, with this between them.
    pub(super) fn both(&self, between: &str, right_first: bool) -> Result<Request<Bytes>, Skip> {
        let (name, place) = self.header()?;
        let digests = match right_first {
            true => [place.digest.clone(), place.wrong()],
            false => [place.wrong(), place.digest.clone()],
        };
        let mut request = self.request.clone();
        let text = place.listed(between, digests);
        request.headers_mut().insert(name, value(&text)?);
        Ok(request)
    }

    /// The request with the right proof under the name of another version, such as `v0` in place of `v1`.
    pub(super) fn of_another_version(&self) -> Result<Request<Bytes>, Skip> {
        let (name, place) = self.header()?;
        let mut before = place.before.clone();
        let end = before.len();
        let version = end.checked_sub(3).and_then(|start| before.get_mut(start..));
        match version {
            Some([b'v', digit @ b'0'..=b'9', separator]) if !separator.is_ascii_alphanumeric() => {
                *digit = match digit {
                    b'0' => b'1',
                    _ => b'0',
                };
            }
            _ => {
                let why = "the credential of this sender names no version";
                return Err(Skip::because(why));
            }
        }
        let mut request = self.request.clone();
        let text = [&before[..], &place.digest, &place.after].concat();
        request.headers_mut().insert(name, value(&text)?);
        Ok(request)
    }

    /// The one header that has the proof.
    fn header(&self) -> Result<(&HeaderName, &Place), Skip> {
        match &self.places[..] {
            [place] => match &place.at {
                At::Header(name) => Ok((name, place)),
                _ => Err(Skip::because("the proof of this sender is not in a header")),
            },
            _ => Err(Skip::because(
                "the proof of this sender is in several places",
            )),
        }
    }

    /// The requests in which one digit beside the proof was changed: of the time, of an id, of anything that may be signed.
    pub(super) fn changed_beside(&self) -> Vec<Request<Bytes>> {
        let mut changed = Vec::new();
        for (name, value) in self.request.headers() {
            let text = match self.places.iter().find(|place| place.is_in(name)) {
                Some(place) => &place.before,
                None if is_of_http(name) => continue,
                None => value.as_bytes(),
            };
            for at in (0..text.len()).rev() {
                let Some(byte) = text.get(at).filter(|byte| byte.is_ascii_alphanumeric()) else {
                    continue;
                };
                let mut bytes = value.as_bytes().to_vec();
                if let Some(place) = bytes.get_mut(at) {
                    *place = other(*byte, text);
                }
                if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                    let mut request = self.request.clone();
                    request.headers_mut().insert(name.clone(), value);
                    changed.push(request);
                }
            }
        }
        changed
    }

    /// The proof itself.
    pub(super) fn digest(&self) -> &[u8] {
        self.places.first().map_or(b"", |place| &place.digest)
    }

    fn replaced(&self, text: impl Fn(&Place) -> Vec<u8>) -> Result<Request<Bytes>, Skip> {
        let mut request = self.request.clone();
        for place in &self.places {
            let text = text(place);
            match &place.at {
                At::Header(name) => {
                    request.headers_mut().insert(name, value(&text)?);
                }
                At::Target => {
                    let uri = String::from_utf8(text).ok();
                    let uri = uri.and_then(|uri| uri.parse::<Uri>().ok());
                    *request.uri_mut() =
                        uri.ok_or_else(|| Skip::because("it cannot be requested"))?;
                }
                At::Body => request = with_body(request, text),
            }
        }
        Ok(request)
    }
}

fn value(text: &[u8]) -> Result<HeaderValue, Skip> {
    HeaderValue::from_bytes(text).map_err(|_| Skip::because("it cannot be sent in a header"))
}

/// Whether a header has a meaning in HTTP, so that a sender signs others.
fn is_of_http(name: &HeaderName) -> bool {
    use http::header::{CONTENT_TYPE, HOST, USER_AGENT};

    [CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT].contains(name)
}

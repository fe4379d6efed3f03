use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{Request, Uri};

use super::case::Skip;
use super::kit::{Kit, with_body};
use crate::senders::Draft;

/// A delivery that is authentic, and where in it the proof is.
///
/// No rule of a sender says where: it is what differs when others, with other secrets, sign the same.
pub(super) struct Proven {
    pub(super) request: Request<Bytes>,
    places: Vec<Place>,
}

/// A text that depends on the secret, and what is around it.
struct Place {
    at: At,
    before: Vec<u8>,
    digest: Vec<u8>,
    after: Vec<u8>,
}

enum At {
    Header(HeaderName),
    Target,
    Body,
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
            let wrong: Vec<u8> = place
                .digest
                .iter()
                .map(|byte| other(*byte, &place.digest))
                .collect();
            let wrong = value(&[&place.before[..], &wrong, &place.after].concat())?;
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

impl Place {
    /// The place in a text that differs in the texts of others.
    fn find<'a>(at: At, text: &[u8], others: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mut start = text.len();
        let mut end = text.len();
        let mut differs = false;
        for other in others {
            differs |= text != other;
            let same = |(a, b): &(&u8, &u8)| a == b;
            start = start.min(text.iter().zip(other).take_while(same).count());
            let backwards = text.iter().rev().zip(other.iter().rev());
            end = end.min(backwards.take_while(same).count());
        }
        let end = text.len().saturating_sub(end).max(start);
        let (before, rest) = text.split_at_checked(start)?;
        let (digest, after) = rest.split_at_checked(end - start)?;
        (differs && !digest.is_empty()).then(|| Self {
            at,
            before: before.to_vec(),
            digest: digest.to_vec(),
            after: after.to_vec(),
        })
    }

    fn is_in(&self, header: &HeaderName) -> bool {
        matches!(&self.at, At::Header(name) if name == header)
    }

    fn whole(&self) -> Vec<u8> {
        [&self.before[..], &self.digest, &self.after].concat()
    }
}

/// Another character that may be in the place of this one: a hex digit in hex, of the same kind elsewhere.
pub(super) fn other(byte: u8, text: &[u8]) -> u8 {
    let is_hex = text.iter().all(u8::is_ascii_hexdigit);
    match byte {
        b'9' if is_hex => b'a',
        b'f' | b'F' if is_hex => b'0',
        _ if is_hex => byte + 1,
        b'0'..=b'9' => b'0' + (byte - b'0' + 5) % 10,
        // So far that the bits of base64 that count change, too.
        b'a'..=b'z' => b'a' + (byte - b'a' + 13) % 26,
        b'A'..=b'Z' => b'A' + (byte - b'A' + 13) % 26,
        _ => byte,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_what_differs() {
        let others = [&b"t=17,v1=0f="[..], b"t=17,v1=77="];
        let place = Place::find(At::Body, b"t=17,v1=ab=", others.into_iter()).unwrap();
        assert_eq!(place.before, b"t=17,v1=");
        assert_eq!(place.digest, b"ab");
        assert_eq!(place.after, b"=");
        assert_eq!(place.whole(), b"t=17,v1=ab=");
        assert!(Place::find(At::Body, b"same", [&b"same"[..]].into_iter()).is_none());
    }

    #[test]
    fn another_character_has_the_same_form() {
        for byte in b"0123456789abcdefABCDEF" {
            let changed = other(*byte, b"0aF");
            assert!(changed.is_ascii_hexdigit() && changed != *byte);
        }
        for byte in b"059azAZ" {
            let changed = other(*byte, b"xyz+/");
            assert!(changed.is_ascii_alphanumeric() && changed != *byte);
        }
    }
}

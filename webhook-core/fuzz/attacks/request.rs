//! Requests as text: `POST /path?query`, headers, an empty line, the body. Seeds can be read and written by hand, and
//! a mutation of one is still a request.
//!
//! A header value may contain a placeholder such as `{signature}`, which the target's naive signer fills in so that
//! the code behind the credential is reached.

use std::fmt::Debug;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use webhook_core::driver::{Accepted, EarlyReply, Verifier};
use webhook_core::{Head, Provider, Rejection, RejectionClass};

use super::json::percent_decode;

#[derive(Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    pub fn parse(input: &[u8]) -> Self {
        let end = input.windows(2).position(|bytes| bytes == b"\n\n");
        let (head, body) = match end {
            Some(at) => (&input[..at], &input[at + 2..]),
            None => (input, &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let (method, target) = first.split_once(' ').unwrap_or(("POST", &first));
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let mut headers = HeaderMap::new();
        for line in lines.take(64) {
            let colon = line.iter().position(|byte| *byte == b':');
            let (name, value) = line.split_at(colon.unwrap_or(line.len()));
            let name = HeaderName::from_bytes(name);
            let value =
                HeaderValue::from_bytes(value.strip_prefix(b":").unwrap_or(value).trim_ascii());
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.append(name, value);
            }
        }
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query,
            headers,
            body: Bytes::copy_from_slice(body),
        }
    }

    /// Replaces a placeholder with a text in every header value.
    pub fn fill(&mut self, placeholder: &str, text: &str) {
        for value in self.headers.values_mut() {
            if let Ok(old) = value.to_str()
                && old.contains(placeholder)
                && let Ok(new) = HeaderValue::from_str(&old.replace(placeholder, text))
            {
                *value = new;
            }
        }
    }

    /// The value of a header that occurs once.
    pub fn once(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.as_bytes();
        values.next().is_none().then_some(value)
    }

    /// The same as text; an empty credential is none.
    pub fn credential(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.once(name)?)
            .ok()
            .filter(|text| !text.is_empty())
    }

    pub fn is_absent_or_empty(&self, name: &str) -> bool {
        !self.headers.contains_key(name) || self.once(name) == Some(b"")
    }

    /// Whether method and length allow the request to be accepted.
    fn is_admissible(&self, limit: usize) -> bool {
        let announced = self.once("content-length").map_or(0, |value| {
            let is_number = value.iter().all(u8::is_ascii_digit);
            let digits = value.iter().skip_while(|byte| **byte == b'0');
            match is_number {
                true if digits.clone().count() > 15 => u64::MAX,
                true => digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')),
                false => 0,
            }
        });
        self.method == "POST" && announced <= limit as u64 && self.body.len() <= limit
    }

    pub fn is_form(&self) -> bool {
        self.once("content-type").is_some_and(|value| {
            let text = String::from_utf8_lossy(value).to_lowercase();
            text.split(';').next().unwrap().trim() == "application/x-www-form-urlencoded"
        })
    }
}

/// Delivers a request, and compares the result with that of the naive reading: `None` is a refusal. `agrees` compares
/// what was accepted.
pub fn deliver<P: Provider<Event: Debug>, N: Debug>(
    verifier: &Verifier<P>,
    secrets: &[&str],
    request: &Request,
    naive: impl FnOnce() -> Option<N>,
    agrees: impl FnOnce(&N, &Accepted<P::Event>),
) -> super::Outcome {
    let head = Head::new(
        &request.method,
        &request.path,
        request.query.as_deref(),
        &request.headers,
    );
    let verdict = match verifier.begin(&head) {
        Ok(pending) => pending.finish(request.body.clone()),
        Err(refused) => Err(refused),
    };
    let naive = Some(())
        .filter(|()| request.is_admissible(verifier.provider().body_limit()))
        .and_then(|()| naive());
    match (verdict, naive) {
        (Ok(accepted), Some(naive)) => {
            agrees(&naive, &accepted);
            assert_eq!(accepted.delivery.body(), &request.body);
            assert_shows_none(secrets, &format!("{accepted:?}"), request);
            super::Outcome::Accepted
        }
        (Err(refused), None) => {
            let rejection = refused.rejection.as_ref().unwrap();
            assert_is_documented(verifier.provider().name(), rejection, &refused);
            assert_shows_none(secrets, &format!("{refused:?} {rejection}"), request);
            super::Outcome::Refused
        }
        (Ok(accepted), None) => {
            panic!("accepted what must be refused: {accepted:?} of {request:?}")
        }
        (Err(refused), Some(naive)) => {
            panic!("refused what must be accepted: {refused:?} of {request:?}: {naive:?}")
        }
    }
}

/// Asserts that no secret is shown, unless the request itself contains it where the sender may say anything.
fn assert_shows_none(secrets: &[&str], shown: &str, request: &Request) {
    let said = [
        String::from_utf8_lossy(&request.body).into_owned(),
        String::from_utf8_lossy(&percent_decode(&request.body)).replace('+', " "),
        request.path.clone(),
        request.query.clone().unwrap_or_default(),
        format!("{:?}", request.headers),
    ]
    .concat();
    for secret in secrets {
        assert!(!shown.contains(secret) || said.contains(secret), "{shown}");
    }
}

/// Asserts that a refusal is answered with one of a few fixed texts, the same for all reasons of one class.
fn assert_is_documented(sender: &str, rejection: &Rejection, answered: &EarlyReply) {
    let reply = &answered.reply;
    let class = rejection.class();
    let expected: (u16, &[u8]) = match class {
        RejectionClass::Method => (405, b""),
        RejectionClass::Endpoint => (404, b""),
        RejectionClass::Size => (413, b""),
        RejectionClass::Unverifiable => (200, b""),
        RejectionClass::Credential | RejectionClass::Body => match sender {
            "tusfacturas" if class == RejectionClass::Credential => {
                (403, b"El Token recibido no coincide con el esperado")
            }
            "tusfacturas" => (400, "No se recibió información en formato JSON.".as_bytes()),
            "multicaja" | "multicaja_validation" => (500, b"error"),
            _ if class == RejectionClass::Credential => (401, b""),
            _ => (400, b""),
        },
        other => panic!("{other:?} needs a connection"),
    };
    assert_eq!((reply.status.as_u16(), &*reply.body), expected);
    assert_eq!(answered.closes, class == RejectionClass::Size);
}

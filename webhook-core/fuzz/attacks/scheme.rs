//! Schemes of any shape. The first line of an input chooses the scheme, a byte for each choice; the rest is a request.
//!
//! The naive reading joins the parts, signs and compares. It also looks for a second way to cut what was signed: a scheme that
//! was built without being told that parts may touch leaves only one.

use arbitrary::Unstructured;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use std::time::{Duration, UNIX_EPOCH};
use webhook_core::driver::Verifier;
use webhook_core::scheme::{Proof, SchemeProvider};
use webhook_core::signing::{
    BodyFormat, Characters, Credential, Field, Form, Scheme, SchemeBuilder, TimeField,
};

use super::Outcome;
use super::json::{form, known, payload, percent_decode, repaired, text};
use super::request::{self, Request};

const NOW: u64 = 1_614_265_330;

const KEY: &str = "It's a Secret to Everybody";

#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Sha256,
    Sha1,
    Sha512,
    TokenInHeader,
    TokenInQuery,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Literal(&'static str),
    A,
    B,
    Time,
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TimeIn {
    Nothing,
    Header,
    Pair,
    Body,
}

/// What a header that is signed may be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Any,
    Digits,
    Word,
    Long(usize),
    Only(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Nowhere,
    Body,
    A,
    Elsewhere,
}

#[derive(Debug)]
struct Model {
    by: By,
    layout: u8,
    encoding: u8,
    parts: Vec<Part>,
    shapes: [Shape; 2],
    time: TimeIn,
    unit: u8,
    time_length: Option<usize>,
    /// 300 s unless set, any, 60 s, or 60 s over a time that is not signed.
    tolerance: u8,
    touching: bool,
    without_body: bool,
    topic: At,
    id: At,
    is_form: bool,
}

impl Model {
    fn choose(line: &[u8]) -> arbitrary::Result<Self> {
        let mut line = Unstructured::new(line);
        let mut of = |count: u8| line.arbitrary::<u8>().map(|byte| byte % count);
        let by = [
            By::Sha256,
            By::Sha1,
            By::Sha512,
            By::TokenInHeader,
            By::TokenInQuery,
        ];
        let part = [
            Part::Body,
            Part::Time,
            Part::A,
            Part::B,
            Part::Literal("."),
            Part::Literal(":"),
            Part::Literal("a"),
            Part::Literal("1."),
            Part::Literal("::"),
        ];
        let shape = [
            Shape::Any,
            Shape::Digits,
            Shape::Word,
            Shape::Long(1),
            Shape::Long(3),
            Shape::Only("me"),
            Shape::Only("."),
        ];
        let time = [TimeIn::Nothing, TimeIn::Header, TimeIn::Pair, TimeIn::Body];
        let at = [At::Nowhere, At::Body, At::A, At::Elsewhere];
        Ok(Self {
            by: by[usize::from(of(5)?)],
            layout: of(5)?,
            encoding: of(3)?,
            time: time[usize::from(of(4)?)],
            unit: of(3)?,
            time_length: (of(2)? == 1).then_some(10),
            tolerance: of(4)?,
            touching: of(2)? == 1,
            without_body: of(2)? == 1,
            topic: at[usize::from(of(4)?)],
            id: at[usize::from(of(4)?)],
            is_form: of(2)? == 1,
            shapes: [shape[usize::from(of(7)?)], shape[usize::from(of(7)?)]],
            parts: {
                let count = 1 + of(6)?;
                let parts = (0..count).map(|_| Ok(part[usize::from(of(9)?)]));
                parts.collect::<arbitrary::Result<_>>()?
            },
        })
    }

    fn is_token(&self) -> bool {
        matches!(self.by, By::TokenInHeader | By::TokenInQuery)
    }

    fn has(&self, part: Part) -> bool {
        !self.is_token() && self.parts.contains(&part)
    }

    fn covers_time(&self) -> bool {
        match self.time {
            TimeIn::Nothing => false,
            TimeIn::Header | TimeIn::Pair => self.has(Part::Time),
            TimeIn::Body => self.has(Part::Body),
        }
    }

    fn tolerance(&self) -> Option<u64> {
        match (self.tolerance, self.covers_time()) {
            (0, true) => Some(300),
            (2 | 3, _) => Some(60),
            _ => None,
        }
    }

    fn prefix(&self) -> &'static str {
        match self.layout {
            1 => "v0=",
            4 => "v1:",
            _ => "",
        }
    }

    fn builder(&self) -> SchemeBuilder {
        let credential = Credential::header("x-signature");
        let credential = match self.layout {
            0 => credential,
            1 => credential.prefix("v0="),
            2 => credential.pair("v1"),
            3 => credential.list(' '),
            _ => credential.list(',').prefix("v1:"),
        };
        let credential = match self.encoding {
            0 => credential.hex(),
            1 => credential.base64(),
            _ => credential.base64url(),
        };
        let scheme = Scheme::builder("scheme");
        let mut scheme = match self.by {
            By::Sha256 => scheme.hmac_sha256(credential),
            By::Sha1 => scheme.hmac_sha1(credential),
            By::Sha512 => scheme.hmac_sha512(credential),
            By::TokenInHeader => {
                scheme.token(Credential::header("x-signature").prefix(self.prefix()))
            }
            By::TokenInQuery => scheme.token(Credential::query_which_logs_show("k")),
        };
        if !self.is_token() {
            let write = |part: &Part| match part {
                Part::Literal(text) => (*text).to_owned(),
                Part::A => "{header:x-a}".to_owned(),
                Part::B => "{header:X-B}".to_owned(),
                Part::Time => "{time}".to_owned(),
                Part::Body => "{body}".to_owned(),
            };
            scheme = scheme.signs(self.parts.iter().map(write).collect::<String>());
            for (part, name, shape) in [
                (Part::A, "X-A", self.shapes[0]),
                (Part::B, "x-b", self.shapes[1]),
            ] {
                if self.parts.contains(&part) {
                    scheme = scheme.form_of(name, shape.form());
                }
            }
            if self.touching {
                scheme = scheme.allow_adjacent_parts();
            }
            if self.without_body {
                scheme = scheme.body_is_not_signed();
            }
        }
        let time = match self.time {
            TimeIn::Nothing => None,
            TimeIn::Header => Some(TimeField::header("x-time")),
            TimeIn::Pair => Some(TimeField::pair("t")),
            TimeIn::Body => Some(TimeField::body("at")),
        };
        if let Some(time) = time {
            let time = match self.unit {
                0 => time.seconds(),
                1 => time.milliseconds(),
                _ => time.seconds_or_milliseconds(),
            };
            scheme = scheme.time(match self.time_length {
                Some(length) => time.length(length),
                None => time,
            });
        }
        scheme = match self.tolerance {
            0 => scheme,
            1 => scheme.any_time(),
            2 => scheme.tolerance(Duration::from_secs(60)),
            _ => scheme
                .tolerance(Duration::from_secs(60))
                .time_is_not_signed(),
        };
        let field = |at: At, key: &str| match at {
            At::Nowhere => None,
            At::Body => Some(Field::body(key)),
            At::A => Some(Field::header("x-a")),
            At::Elsewhere => Some(Field::header(format!("x-{key}"))),
        };
        if let Some(topic) = field(self.topic, "topic") {
            scheme = scheme.topic(topic);
        }
        if let Some(id) = field(self.id, "id") {
            scheme = scheme.id(id);
        }
        if self.is_form {
            scheme = scheme.body(BodyFormat::Form);
        }
        scheme
    }

    /// The time as it was sent, unless it is in the body.
    fn time_text<'r>(&self, request: &'r Request) -> Option<&'r str> {
        match self.time {
            TimeIn::Header => request.credential("x-time"),
            TimeIn::Pair => match pairs(request.credential("x-signature")?, "t")[..] {
                [only] => Some(only),
                _ => None,
            },
            TimeIn::Nothing | TimeIn::Body => None,
        }
    }

    /// In milliseconds; there may be none in 64 bits.
    fn read_time(&self, text: &str) -> Option<u128> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: u128 = is_number
            .then(|| text.parse::<u64>().ok())
            .flatten()?
            .into();
        Some(match self.unit {
            0 => number * 1000,
            1 => number,
            _ if number < 100_000_000_000 => number * 1000,
            _ => number,
        })
    }

    /// The values of all parts in order, literals included. `None` if one is missing or is not what it may be.
    fn values(&self, request: &Request, checked: bool) -> Option<Vec<Vec<u8>>> {
        let mut values = Vec::new();
        for (at, part) in self.parts.iter().enumerate() {
            let value = match part {
                Part::Literal(text) => text.as_bytes().to_vec(),
                Part::Body => request.body.to_vec(),
                Part::Time => self.time_text(request)?.as_bytes().to_vec(),
                Part::A => request.credential("x-a")?.as_bytes().to_vec(),
                Part::B => request.credential("x-b")?.as_bytes().to_vec(),
            };
            if checked && !self.may_be(at, &value) {
                return None;
            }
            values.push(value);
        }
        Some(values)
    }

    /// Whether a part may have this value.
    fn may_be(&self, at: usize, value: &[u8]) -> bool {
        let shape = match self.parts[at] {
            Part::Literal(text) => return value == text.as_bytes(),
            Part::Body => return true,
            Part::Time => {
                let is_long = self.time_length.is_none_or(|length| value.len() == length);
                let text = std::str::from_utf8(value).unwrap_or("-");
                return is_long && self.read_time(text).is_some();
            }
            Part::A => self.shapes[0],
            Part::B => self.shapes[1],
        };
        let has_body = self.parts[..at].contains(&Part::Body);
        let ends = match self.literals_from(at + 1).first() {
            Some(byte) if shape == Shape::Any && !has_body => !value.contains(byte),
            _ => true,
        };
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
        !value.is_empty()
            && ends
            && match shape {
                Shape::Any => true,
                Shape::Digits => value.iter().all(u8::is_ascii_digit),
                Shape::Word => value.iter().all(is_word),
                Shape::Long(length) => value.len() == length,
                Shape::Only(text) => value == text.as_bytes(),
            }
    }

    /// The literals from here to the next part, joined.
    fn literals_from(&self, at: usize) -> Vec<u8> {
        let rest = self.parts[at..].iter().map_while(|part| match part {
            Part::Literal(text) => Some(text.as_bytes()),
            _ => None,
        });
        rest.collect::<Vec<_>>().concat()
    }

    /// In how many ways the content can be cut into values that are accepted; two are enough to know.
    fn cuts(&self, at: usize, content: &[u8]) -> usize {
        if at == self.parts.len() {
            return usize::from(content.is_empty());
        }
        let mut found = 0;
        for end in 0..=content.len() {
            if self.may_be(at, &content[..end]) {
                found += self.cuts(at + 1, &content[end..]);
            }
            if found > 1 {
                break;
            }
        }
        found
    }

    fn sign(&self, content: &[u8]) -> Vec<u8> {
        fn mac<M: Mac + KeyInit>(content: &[u8]) -> Vec<u8> {
            let mut mac = <M as KeyInit>::new_from_slice(KEY.as_bytes()).unwrap();
            mac.update(content);
            mac.finalize().into_bytes().to_vec()
        }
        match self.by {
            By::Sha1 => mac::<Hmac<Sha1>>(content),
            By::Sha512 => mac::<Hmac<Sha512>>(content),
            _ => mac::<Hmac<Sha256>>(content),
        }
    }

    fn encode(&self, bytes: &[u8]) -> String {
        match self.encoding {
            0 => hex::encode(bytes),
            1 => STANDARD.encode(bytes),
            _ => url().encode(bytes),
        }
    }

    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        match self.encoding {
            0 => hex::decode(text).ok(),
            1 => STANDARD.decode(text).ok(),
            _ => url().decode(text).ok(),
        }
    }

    /// Whether the credential is right.
    fn is_proven(&self, request: &Request) -> Option<bool> {
        if self.by == By::TokenInQuery {
            let query = request.query.clone().unwrap_or_default();
            let pairs = query
                .split('&')
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let own: Vec<_> = pairs
                .filter(|(name, _)| percent_decode(name.as_bytes()) == b"k")
                .collect();
            return match own[..] {
                [(_, value)] => Some(percent_decode(value.as_bytes()) == KEY.as_bytes()),
                _ => None,
            };
        }
        if self.by == By::TokenInHeader {
            let token = request.once("x-signature")?;
            return Some(token.strip_prefix(self.prefix().as_bytes())? == KEY.as_bytes());
        }
        let sent = request.credential("x-signature")?;
        let blank = [' ', '\t'];
        let texts: Vec<&str> = match self.layout {
            0 | 1 => vec![sent.strip_prefix(self.prefix())?],
            2 => pairs(sent, "v1"),
            3 => sent
                .split(' ')
                .map(|entry| entry.trim_matches(blank))
                .collect(),
            _ => {
                let entries = sent.split(',').map(|entry| entry.trim_matches(blank));
                entries
                    .filter_map(|entry| entry.strip_prefix(self.prefix()))
                    .collect()
            }
        };
        let signature = self.sign(&self.values(request, true)?.concat());
        let mut first = texts.into_iter().take(16);
        Some(first.any(|text| self.decode(text).is_some_and(|sent| sent == signature)))
    }

    fn read(&self, request: &Request) -> Option<Reading> {
        self.is_proven(request)?.then_some(())?;
        let body = self.body(request);
        let mut time = None;
        match self.time {
            TimeIn::Nothing => {}
            TimeIn::Body => {
                let json = body.as_deref().map(|body| repaired(body, '\u{fffd}'));
                time = json
                    .and_then(|json| field(&json, "at"))
                    .and_then(|text| self.read_time(&text))
                    .filter(|time| u64::try_from(*time).is_ok());
            }
            TimeIn::Header | TimeIn::Pair => {
                let text = self.time_text(request);
                // The list is broken, no matter what vouches for the time.
                if text.is_none() && self.time == TimeIn::Pair {
                    return None;
                }
                time = text.and_then(|text| self.read_time(text));
                if time.is_none() && (self.covers_time() || self.tolerance().is_some()) {
                    return None;
                }
            }
        }
        if let Some(within) = self.tolerance() {
            let apart = time?.abs_diff(u128::from(NOW) * 1000);
            (apart <= u128::from(within) * 1000).then_some(())?;
        }
        let body = body?;
        let payload = payload::<Value>(&body)?;
        let json = match std::str::from_utf8(&body) {
            Ok(text) if serde_json::from_str::<Value>(text).is_ok() => text.to_owned(),
            _ => repaired(&body, '\u{fffd}'),
        };
        let named = |at: At, key: &str| {
            let header = |name: &str| request.credential(name).map(str::to_owned);
            match at {
                At::Nowhere => (None, None),
                At::Body if self.is_token() || self.has(Part::Body) => (field(&json, key), None),
                At::Body => (None, None),
                At::A if self.has(Part::A) => (header("x-a"), None),
                At::A => (None, header("x-a")),
                At::Elsewhere => (None, header(&format!("x-{key}"))),
            }
        };
        let time = time.and_then(|time| u64::try_from(time).ok());
        Some(Reading {
            payload,
            topic: named(self.topic, "topic"),
            id: named(self.id, "id"),
            time: match self.covers_time() {
                true => (time, None),
                false => (None, time),
            },
        })
    }

    /// The JSON of the body.
    fn body(&self, request: &Request) -> Option<Vec<u8>> {
        let body = &request.body[..];
        if !self.is_form || !request.is_form() {
            return Some(body.to_vec());
        }
        let text = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let first = text.iter().find(|byte| !b" \t\n\r".contains(byte));
        let begins_json = first.is_some_and(|byte| b"{[\"".contains(byte));
        if begins_json || serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok() {
            return Some(body.to_vec());
        }
        let mut fields = serde_json::Map::new();
        for (name, value) in form(text)? {
            fields.insert(name, String::from_utf8(value).ok()?.into());
        }
        serde_json::to_vec(&fields).ok()
    }
}

impl Shape {
    fn form(self) -> Form {
        match self {
            Self::Any => Form::default(),
            Self::Digits => Form::of(Characters::Digits),
            Self::Word => Form::of(Characters::Word),
            Self::Long(length) => Form::default().length(length),
            Self::Only(text) => Form::exactly(text),
        }
    }
}

/// What is accepted: what is signed, and what is not.
#[derive(Debug)]
struct Reading {
    payload: Value,
    topic: (Option<String>, Option<String>),
    id: (Option<String>, Option<String>),
    time: (Option<u64>, Option<u64>),
}

/// Text or a number, once, in an object.
fn field(json: &str, key: &str) -> Option<String> {
    let value = known(json, &[key])?.remove(key)?;
    let is_text = !value.starts_with(['[', '{']) && value != "\"\"";
    is_text.then(|| text(&value)).flatten()
}

fn pairs<'a>(list: &'a str, name: &str) -> Vec<&'a str> {
    let blank = [' ', '\t'];
    let pairs = list.split(',').filter_map(|entry| entry.split_once('='));
    let own = pairs.filter(|(other, _)| other.trim_matches(blank) == name);
    own.map(|(_, value)| value.trim_matches(blank)).collect()
}

fn url() -> GeneralPurpose {
    let either =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&URL_SAFE, either)
}

pub fn deliver(input: &[u8]) -> Outcome {
    let end = input
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(input.len());
    let (line, rest) = input.split_at(end);
    let Ok(model) = Model::choose(line) else {
        return Outcome::Refused;
    };
    let Ok(scheme) = model.builder().build() else {
        return Outcome::Refused;
    };
    let mut request = Request::parse(rest.get(1..).unwrap_or_default());
    if let Some(values) = model.values(&request, false).filter(|_| !model.is_token()) {
        let signature = model.encode(&model.sign(&values.concat()));
        request.fill("{1}", &signature);
    }
    let provider = SchemeProvider::<Value>::new(scheme, KEY).unwrap();
    let verifier = Verifier::new(provider).clock(|| UNIX_EPOCH + Duration::from_secs(NOW));
    let outcome = request::deliver(
        &verifier,
        &[KEY],
        &request,
        || model.read(&request),
        |reading, accepted| {
            let event = accepted.delivery.event();
            assert_eq!(event.payload, reading.payload);
            let proof = match (model.is_token(), model.has(Part::Body)) {
                (true, _) => Proof::Token,
                (false, true) => Proof::Body,
                (false, false) => Proof::NotBody,
            };
            assert_eq!(event.proof, proof);
            let unsigned = &event.unauthenticated;
            let owned =
                |text: Option<std::borrow::Cow<'_, str>>| text.map(|text| text.into_owned());
            assert_eq!(
                (owned(event.topic()), unsigned.topic.clone()),
                reading.topic
            );
            assert_eq!((owned(event.id()), unsigned.id.clone()), reading.id);
            assert_eq!((event.timestamp_ms, unsigned.timestamp_ms), reading.time);
        },
    );
    if outcome == Outcome::Accepted && !model.is_token() && !model.touching && model.has(Part::Body)
    {
        let content = model.values(&request, true).unwrap().concat();
        // The search costs the cube of the length.
        if content.len() <= 100 {
            assert_eq!(model.cuts(0, &content), 1, "{model:?} of {request:?}");
        }
    }
    outcome
}

//! Schemes drawn at random, among those that are safe, with values that their senders could send.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use webhook_core::driver::Verifier;
use webhook_core::scheme::SchemeProvider;
use webhook_core::signing::{
    BodyFormat, Characters, Credential, Field, Form, KeyEncoding, Scheme, SchemeBuilder, TimeField,
};
use webhook_core::testing::{self, TestRequest};

use crate::now;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
    #[cfg_attr(not(feature = "ed25519"), allow(dead_code))]
    Ed25519,
}

#[derive(Clone, Debug)]
pub enum Layout {
    Alone(&'static str),
    Pairs(char),
    List(char, &'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeIn {
    Nothing,
    Header,
    Pair,
    Body,
}

/// A part of the signed content beside the body: a header `x-part-N`, or the time.
#[derive(Clone, Debug)]
pub struct Part {
    pub is_time: bool,
    form: Option<(Form, bool)>,
    /// What the sender sends: no time.
    pub value: String,
    /// The literal between this part and the body's side.
    pub separator: &'static str,
}

#[derive(Clone, Debug)]
pub struct Drawn {
    pub algorithm: Algorithm,
    pub layout: Layout,
    encoding: u8,
    key: u8,
    pub time: TimeIn,
    unit: u8,
    pub before: Vec<Part>,
    pub after: Vec<Part>,
    pub covers_time: bool,
    lead: &'static str,
    /// Where topic and id are: nowhere, in the body, in an unsigned header, in a signed one.
    named: [u8; 2],
    keeps_signed: bool,
    is_form: bool,
    text: String,
}

pub const TIME: &str = "x-time";
pub const SIGNATURE: &str = "x-signature";

/// The pairs of keys of RFC 8032, section 7.1, tests 1 and 2: what is signed with, what is checked with.
const PAIRS: [[&str; 2]; 2] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    ],
];

/// No character of a separator is in `Digits`, `Hex` or `Word`, nor a byte.
const SEPARATORS: [&str; 6] = [".", ":", "|", "::", "\n", "ñ"];

fn part() -> impl Strategy<Value = Part> {
    let separator = prop::sample::select(&SEPARATORS[..]);
    let form = |form: fn() -> Form, value: &'static str| {
        (value, Just(form)).prop_map(|(value, form)| (Some((form(), false)), value))
    };
    // Touching is safe: the boundary cannot move. The value may have what separates others.
    let fixed = "[ -~]{5}"
        .prop_filter("trimmed", |value| value.trim() == value)
        .prop_map(|value| (Some((Form::default().length(5), true)), value));
    let exactly = Just((Some((Form::exactly("log.in"), true)), "log.in".to_owned()));
    let of_form = prop_oneof![
        fixed,
        exactly,
        form(|| Form::of(Characters::Digits), "[0-9]{1,8}"),
        form(|| Form::of(Characters::Hex), "[0-9a-fA-F-]{1,8}"),
        form(|| Form::of(Characters::Word), "[0-9a-zA-Z_-]{1,8}"),
        "[a-z/=+]{1,8}".prop_map(|value| (None, value)),
    ];
    (of_form, separator, any::<bool>()).prop_map(|((form, value), separator, touches)| {
        let is_fixed = form.as_ref().is_some_and(|(_, is_fixed)| *is_fixed);
        Part {
            is_time: false,
            form,
            value,
            separator: if is_fixed && touches { "" } else { separator },
        }
    })
}

prop_compose! {
    fn time_part()(at in 0..3_usize, separator in prop::sample::select(&["|", "\n", "ñ"][..])) -> (usize, Part) {
        let part = Part { is_time: true, form: None, value: String::new(), separator };
        (at, part)
    }
}

prop_compose! {
    pub fn drawn()(
        algorithm in prop::sample::select(ALGORITHMS),
        layout in prop_oneof![
            prop::sample::select(&["", "v0=", "sha256="][..]).prop_map(Layout::Alone),
            prop::sample::select(&[',', ';', ' ', '&', 'ñ'][..]).prop_map(Layout::Pairs),
            (prop::sample::select(&[',', ' ', '|'][..]), prop::sample::select(&["", "v1:", "s="][..]))
                .prop_map(|(separator, prefix)| Layout::List(separator, prefix)),
        ],
        (encoding, key, unit) in (0..3_u8, 0..3_u8, 0..4_u8),
        time in prop::sample::select(&[TimeIn::Nothing, TimeIn::Header, TimeIn::Pair, TimeIn::Body][..]),
        mut before in prop::collection::vec(part(), 0..3),
        mut after in prop::collection::vec(part().prop_filter("no form", |part| part.form.is_some()), 0..3),
        of_time in prop::option::weighted(0.8, time_part()),
        time_follows in any::<bool>(),
        lead in prop::sample::select(&["", "v0:", "POST\n", "{{"][..]),
        named in [0..4_u8, 0..4_u8],
        (keeps_signed, is_form) in any::<(bool, bool)>(),
        text in r#"[a-z0-9.:|ñ]{0,12}"#,
    ) -> Drawn {
        let time = match (time, &layout) {
            (TimeIn::Pair, Layout::Pairs(_)) => TimeIn::Pair,
            (TimeIn::Pair, _) => TimeIn::Header,
            (time, _) => time,
        };
        let covers_time = of_time.is_some() && matches!(time, TimeIn::Header | TimeIn::Pair);
        if let Some((at, part)) = of_time.filter(|_| covers_time) {
            let side = if time_follows { &mut after } else { &mut before };
            side.insert(at.min(side.len()), part);
        }
        Drawn {
            algorithm, layout, encoding, key, time, unit, before, after, covers_time, lead, named,
            keeps_signed, is_form, text,
        }
    }
}

#[cfg(feature = "ed25519")]
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::Sha1,
    Algorithm::Sha256,
    Algorithm::Sha512,
    Algorithm::Ed25519,
];
#[cfg(not(feature = "ed25519"))]
const ALGORITHMS: &[Algorithm] = &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];

impl Drawn {
    /// The name of the header of a part, by its position among all.
    pub fn header(at: usize) -> &'static str {
        [
            "x-part-0", "x-part-1", "x-part-2", "x-part-3", "x-part-4", "x-part-5",
        ][at]
    }

    pub fn parts(&self) -> impl Iterator<Item = (usize, &Part)> {
        self.before.iter().chain(&self.after).enumerate()
    }

    /// The template: braces in the lead are written twice already.
    fn template(&self) -> String {
        let mut template = self.lead.to_owned();
        for (at, part) in self.parts() {
            let name = match part.is_time {
                true => "{time}".to_owned(),
                false => format!("{{header:{}}}", Self::header(at)),
            };
            if at < self.before.len() {
                template += &format!("{name}{}", part.separator);
            } else {
                let body = if at == self.before.len() {
                    "{body}"
                } else {
                    ""
                };
                template += &format!("{body}{}{name}", part.separator);
            }
        }
        if self.after.is_empty() {
            template += "{body}";
        }
        template
    }

    fn unit(&self, time: TimeField) -> TimeField {
        match self.unit {
            0 => time.seconds(),
            1 => time.milliseconds(),
            2 => time.seconds_or_milliseconds(),
            _ => time.rfc3339(),
        }
    }

    fn field(&self, place: u8, name: &str) -> Option<Field> {
        let signed = self.parts().find(|(_, part)| !part.is_time);
        Some(match (place, signed) {
            (0, _) => return None,
            (2, _) => Field::header(format!("x-{name}")),
            (3, Some((at, _))) => Field::header(Self::header(at)),
            _ => Field::body(name),
        })
    }

    pub fn builder(&self) -> SchemeBuilder {
        let credential = Credential::header(SIGNATURE);
        let credential = match &self.layout {
            Layout::Alone(prefix) => credential.prefix(*prefix),
            Layout::Pairs(separator) => credential.pair("v1").list(*separator),
            Layout::List(separator, prefix) => credential.list(*separator).prefix(*prefix),
        };
        let credential = match self.encoding {
            0 => credential.hex(),
            1 => credential.base64(),
            _ => credential.base64url(),
        };
        let scheme = Scheme::builder("drawn");
        let scheme = match self.algorithm {
            Algorithm::Sha1 => scheme.hmac_sha1(credential),
            Algorithm::Sha256 => scheme.hmac_sha256(credential),
            Algorithm::Sha512 => scheme.hmac_sha512(credential),
            Algorithm::Ed25519 => scheme.ed25519(credential),
        };
        let mut scheme = scheme.signs(self.template()).keep_header("x-kept");
        for (at, part) in self.parts() {
            if let Some((form, _)) = &part.form {
                scheme = scheme.form_of(Self::header(at), form.clone());
            }
            if self.keeps_signed && !part.is_time {
                scheme = scheme.keep_header(Self::header(at));
            }
        }
        scheme = match self.time {
            TimeIn::Nothing => scheme,
            TimeIn::Header => scheme.time(self.unit(TimeField::header(TIME))),
            TimeIn::Pair => scheme.time(self.unit(TimeField::pair("t"))),
            TimeIn::Body => scheme.time(self.unit(TimeField::body("at"))),
        };
        if let Some(topic) = self.field(self.named[0], "topic") {
            scheme = scheme.topic(topic);
        }
        if let Some(id) = self.field(self.named[1], "id") {
            scheme = scheme.id(id);
        }
        if self.is_form {
            scheme = scheme.body(BodyFormat::Form);
        }
        match self.key() {
            KeyEncoding::Text => scheme,
            key => scheme.key(key).key_prefix("key_"),
        }
    }

    fn key(&self) -> KeyEncoding {
        match (self.key, self.algorithm) {
            (_, Algorithm::Ed25519) | (1, _) => KeyEncoding::Hex,
            (2, _) => KeyEncoding::Base64,
            _ => KeyEncoding::Text,
        }
    }

    /// What is signed with, and what is checked with; the second is another sender's.
    pub fn secrets(&self) -> [[&'static str; 2]; 2] {
        match (self.algorithm, self.key()) {
            (Algorithm::Ed25519, _) => PAIRS,
            (_, KeyEncoding::Hex) => [["key_00ff10", "00FF10"], ["00ff11", "00ff11"]],
            (_, KeyEncoding::Base64) => [["key_c2VjcmV0", "c2VjcmV0"], ["c2VjcmV1", "c2VjcmV1"]],
            _ => [["s3cr3t", "s3cr3t"], ["s3cr3u", "s3cr3u"]],
        }
    }

    pub fn verifier(&self, of: usize) -> Verifier<SchemeProvider> {
        let scheme = self.builder().build().unwrap();
        let [_, secret] = self.secrets()[of];
        Verifier::new(SchemeProvider::new(scheme, secret).unwrap()).clock(now)
    }

    pub fn payload(&self) -> Value {
        let at = match self.unit {
            0 | 2 => json!(crate::NOW),
            1 => json!(crate::NOW * 1000),
            _ => json!("2026-11-25T09:46:40.000Z"),
        };
        json!({"topic": "paid", "id": format!("1.2{}", self.text), "at": at, "text": self.text})
    }

    /// Signed at the time of the clock, with all headers that the scheme reads.
    pub fn request(&self) -> TestRequest {
        let mut headers: Vec<(&str, &str)> =
            vec![("x-topic", "unsigned"), ("x-id", "0"), ("x-kept", "kept")];
        let parts = self.parts().filter(|(_, part)| !part.is_time);
        headers.extend(parts.map(|(at, part)| (Self::header(at), part.value.as_str())));
        let [secret, _] = self.secrets()[0];
        let scheme = self.builder().build().unwrap();
        // Blanks at its ends, where boundaries move; a line break at its start could move into no header.
        let body = format!(" {}\n ", self.payload());
        testing::scheme(&scheme, now(), &headers, body, secret)
    }

    pub fn at(seconds: i64) -> impl Fn() -> std::time::SystemTime + Send + Sync + 'static {
        let shift = Duration::from_secs(seconds.unsigned_abs());
        move || match seconds < 0 {
            true => now() - shift,
            false => now() + shift,
        }
    }

    pub fn has_time(&self) -> bool {
        self.time == TimeIn::Body || self.covers_time
    }
}

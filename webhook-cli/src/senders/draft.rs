use std::fmt::Display;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderName;

use super::Sample;
use super::splice::spliced;
use crate::error::Error;

/// The time of an attempt in a body, for senders that sign it there.
const SENT_MS: &str = "{{sent_ms}}";
/// A number of each attempt, for senders that give every attempt an id of its own. Everything else in a body is the same in
/// each.
const SENT_DIGITS: &str = "{{sent_digits}}";

/// One delivery, which is signed once for each attempt.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// What it is about.
    pub(crate) event: String,
    /// What the sender calls it in each attempt.
    pub(crate) id: String,
    /// Headers beside the credential.
    pub(crate) headers: Vec<(HeaderName, String)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    /// `digits` makes the numbers of its attempts those of no other delivery.
    Template {
        text: String,
        digits: i64,
    },
    Fixed(Bytes),
}

impl Draft {
    /// A delivery like a sample, with ids of its own.
    pub(crate) fn new(sample: &Sample, ids: &Ids, created: SystemTime) -> Result<Self, Error> {
        let fill = |text: &str| ids.fill(text, created);
        let headers = sample.headers.iter().map(|(name, value)| {
            let name = name
                .parse()
                .map_err(|_| Error::usage(format!("`{name}` is not the name of a header")))?;
            Ok((name, fill(value)))
        });
        Ok(Self {
            event: sample.name.clone(),
            id: ids.text.clone(),
            headers: headers.collect::<Result<_, Error>>()?,
            body: Body::Template {
                text: fill(&sample.body),
                digits: ids.digits,
            },
        })
    }

    /// A delivery that was received before, to send again.
    pub(crate) fn stored(
        event: String,
        id: String,
        headers: Vec<(HeaderName, String)>,
        body: impl Into<Bytes>,
    ) -> Self {
        Self {
            event,
            id,
            headers,
            body: Body::Fixed(body.into()),
        }
    }

    /// The same with other bytes as the body.
    pub(crate) fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self {
            body: Body::Fixed(body.into()),
            ..self
        }
    }

    /// The same with a header, in place of one of this name.
    pub(crate) fn with_header(mut self, name: HeaderName, value: String) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
        self
    }

    /// The same with a field of the JSON body, given by the keys that lead to it. The value is JSON, too, and put in as it is
    /// written.
    pub(crate) fn with_field(self, path: &str, value: impl Display) -> Result<Self, Error> {
        let wrong = |what: &str| Error::usage(format!("--set {path}: {what}"));
        let (text, digits) = match self.body {
            Body::Template { text, digits } => (text, digits),
            Body::Fixed(bytes) => {
                let text = String::from_utf8(bytes.to_vec());
                (text.map_err(|_| wrong("the body is not text"))?, 0)
            }
        };
        // A template has places for numbers of each attempt.
        let mut same_length = text.clone();
        for place in [SENT_MS, SENT_DIGITS] {
            same_length = same_length.replace(place, &"1".repeat(place.len()));
        }
        // What looks like such a place in the value or the path is the user's own text.
        let own = |text: &str| text.replace("{{sent_", "\\u007b{sent_");
        let value = own(&value.to_string());
        let text = spliced(&text, &same_length, path, &value).map_err(wrong)?;
        Ok(Self {
            body: Body::Template { text, digits },
            ..self
        })
    }

    /// The body of an attempt at this time.
    pub(crate) fn body_at(&self, at: SystemTime) -> Bytes {
        match &self.body {
            Body::Template { text, digits } => {
                let sent_digits = digits.saturating_add(micros(at)).to_string();
                let text = text.replace(SENT_MS, &millis(at).to_string());
                text.replace(SENT_DIGITS, &sent_digits).into()
            }
            Body::Fixed(bytes) => bytes.clone(),
        }
    }
}

/// What is unique in a delivery.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    text: String,
    digits: i64,
}

impl Ids {
    /// Random ones, whose text begins with this.
    pub(crate) fn random(prefix: &str) -> Result<Self, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| Error::failed(format!("no random numbers: {error}")))?;
        let number = i64::from_le_bytes([
            random[0], random[1], random[2], random[3], random[4], random[5], 0, 0,
        ]);
        Ok(Self {
            text: format!("{prefix}{}", hex::encode(&random[6..])),
            // Ten digits, of which the first is not zero: more than any counter has reached, and below 2^53.
            digits: 1_000_000_000 + number % 9_000_000_000,
        })
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Fills a template in. What is left is of each attempt: `{{sent_ms}}`, `{{sent_digits}}`.
    fn fill(&self, template: &str, created: SystemTime) -> String {
        let ms = millis(created);
        let timestamp = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        let argentina = timestamp
            .to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(-3)))
            .strftime("%d/%m/%Y %H:%M:%S")
            .to_string();
        template
            .replace("{{id}}", &self.text)
            .replace("{{digits}}", &self.digits.to_string())
            .replace("{{created_s}}", &(ms / 1000).to_string())
            .replace("{{created_ms}}", &ms.to_string())
            .replace("{{created_rfc3339}}", &format!("{timestamp:.3}"))
            .replace("{{created_argentina}}", &argentina)
    }
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

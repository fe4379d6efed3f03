use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderName;
use serde_json::Value;

use super::Sample;
use crate::error::Error;

/// The time of an attempt in a body, for senders that sign it there. Everything else in a body is the same in each attempt.
const SENT_MS: &str = "{{sent_ms}}";

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
    Template(String),
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
            body: Body::Template(fill(&sample.body)),
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

    /// The same with a field of the JSON body, given by the keys that lead to it.
    pub(crate) fn with_field(self, path: &str, value: Value) -> Result<Self, Error> {
        let text = match &self.body {
            Body::Template(text) => text.clone().into_bytes(),
            Body::Fixed(bytes) => bytes.to_vec(),
        };
        let wrong = |what: &str| Error::usage(format!("--set {path}: {what}"));
        // A template has its time in place of a number.
        let text = String::from_utf8(text).map_err(|_| wrong("the body is not text"))?;
        let text = text.replace(SENT_MS, &quoted());
        let mut json: Value = serde_json::from_str(&text)
            .map_err(|_| wrong("the body is not JSON: give one of your own with --body FILE"))?;
        let mut place = &mut json;
        for key in path.split('.') {
            place = match place {
                Value::Object(fields) => fields.entry(key).or_insert(Value::Null),
                Value::Array(items) => {
                    let at: Option<usize> = key.parse().ok();
                    // One past the end adds an item.
                    if at == Some(items.len()) {
                        items.push(Value::Null);
                    }
                    at.and_then(|at| items.get_mut(at))
                        .ok_or_else(|| wrong("the list has no item at this position"))?
                }
                Value::Null => {
                    *place = Value::Object(serde_json::Map::new());
                    match place {
                        Value::Object(fields) => fields.entry(key).or_insert(Value::Null),
                        _ => return Err(wrong("the field cannot be set")),
                    }
                }
                _ => return Err(wrong("a part of the path is neither an object nor a list")),
            };
        }
        *place = value;
        let text = json.to_string().replace(&quoted(), SENT_MS);
        Ok(Self {
            body: Body::Template(text),
            ..self
        })
    }

    /// The body of an attempt at this time.
    pub(crate) fn body_at(&self, at: SystemTime) -> Bytes {
        match &self.body {
            Body::Template(text) => text.replace(SENT_MS, &millis(at).to_string()).into(),
            Body::Fixed(bytes) => bytes.clone(),
        }
    }
}

fn quoted() -> String {
    format!("\"{SENT_MS}\"")
}

/// What is unique in a delivery.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    text: String,
    digits: String,
}

impl Ids {
    /// Random ones, whose text begins with this.
    pub(crate) fn random(prefix: &str) -> Result<Self, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| Error::failed(format!("no random numbers: {error}")))?;
        let number = u64::from_le_bytes([
            random[0], random[1], random[2], random[3], random[4], random[5], 0, 0,
        ]);
        Ok(Self {
            text: format!("{prefix}{}", hex::encode(&random[6..])),
            // Ten digits, of which the first is not zero: more than any counter has reached, and below 2^53.
            digits: (1_000_000_000 + number % 9_000_000_000).to_string(),
        })
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Fills a template in. What is left is `{{sent_ms}}`, the time of each attempt.
    fn fill(&self, template: &str, created: SystemTime) -> String {
        let ms = millis(created);
        let timestamp = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        let argentina = timestamp
            .to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(-3)))
            .strftime("%d/%m/%Y %H:%M:%S")
            .to_string();
        template
            .replace("{{id}}", &self.text)
            .replace("{{digits}}", &self.digits)
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

use std::fs;
use std::time::{Duration, SystemTime};

use http::HeaderName;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Args;
use crate::error::Error;
use crate::senders::{Draft, Ids, Sample, Sender};

/// Makes the deliveries that the arguments ask for.
pub(super) struct Deliveries<'a> {
    args: &'a Args,
    sample: Sample,
    body: Option<Vec<u8>>,
    same: Option<Draft>,
}

impl<'a> Deliveries<'a> {
    pub(super) fn new(args: &'a Args, sender: &Sender) -> Result<Self, Error> {
        let body = match &args.body {
            Some(path) => Some(
                fs::read(path)
                    .map_err(|error| Error::usage(format!("{}: {error}", path.display())))?,
            ),
            None => None,
        };
        let sample = match (sender.sample(args.event.as_deref()), &body, &args.event) {
            (Ok(sample), ..) => sample.clone(),
            // With a body of the user's, the event may be any.
            (Err(_), Some(_), Some(event)) => named(event, sender.sample(None)?),
            (Err(error), ..) => return Err(error),
        };
        let mut deliveries = Self {
            args,
            sample,
            body,
            same: None,
        };
        if args.same {
            deliveries.same = Some(deliveries.next()?);
        }
        Ok(deliveries)
    }

    /// The next one: with ids of its own, unless all are the same.
    pub(super) fn next(&self) -> Result<Draft, Error> {
        if let Some(draft) = &self.same {
            return Ok(draft.clone());
        }
        let mut draft = self.without_headers()?;
        for (name, value) in &self.args.headers {
            draft = draft.with_header(name.clone(), value.clone());
        }
        Ok(draft)
    }

    /// One without the headers that the arguments give.
    pub(super) fn without_headers(&self) -> Result<Draft, Error> {
        let ids = Ids::random("webhook-rs-")?;
        let mut draft = Draft::new(&self.sample, &ids, SystemTime::now())?;
        if let Some(body) = &self.body {
            draft = draft.with_body(body.clone());
        }
        for (path, value) in &self.args.fields {
            draft = draft.with_field(path, value)?;
        }
        Ok(draft)
    }
}

/// A sample with another event, in the headers as well that name it as the command line does.
fn named(event: &str, sample: &Sample) -> Sample {
    let mut named = sample.clone();
    for value in named.headers.values_mut() {
        if *value == sample.name {
            event.clone_into(value);
        }
    }
    event.clone_into(&mut named.name);
    named
}

/// `PATH=VALUE`: the value is JSON if it can be read as such, and text otherwise. It is returned as JSON, as it is written.
pub(super) fn field(text: &str) -> Result<(String, String), String> {
    let (path, value) = text
        .split_once('=')
        .filter(|(path, _)| !path.is_empty())
        .ok_or("write it as PATH=VALUE, such as data.id=17")?;
    let json = match serde_json::from_str::<&RawValue>(value) {
        Ok(json) => json.get().to_owned(),
        Err(_) => Value::from(value).to_string(),
    };
    Ok((path.to_owned(), json))
}

/// `NAME: VALUE`.
pub(crate) fn header(text: &str) -> Result<(HeaderName, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("write it as NAME: VALUE, such as 'x-trace-id: 1'")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| format!("`{name}` is not the name of a header"))?;
    if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
        return Err(format!(
            "{name} is made of the body: change that with --body FILE"
        ));
    }
    Ok((name, value.trim().to_owned()))
}

/// A length of time with its unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 5] = [
        ("ms", 0.001),
        ("min", 60.0),
        ("s", 1.0),
        ("h", 3600.0),
        ("d", 86_400.0),
    ];

    let split = text.find(|character: char| character.is_ascii_alphabetic());
    let (number, unit) = text.split_at(split.unwrap_or(text.len()));
    let number: Option<f64> = number.trim().parse().ok();
    let unit = UNITS.iter().find(|(name, _)| *name == unit.trim());
    number
        .zip(unit)
        .and_then(|(number, (_, seconds))| Duration::try_from_secs_f64(number * seconds).ok())
        .ok_or_else(|| "write a number and a unit: ms, s, min, h or d, such as 500ms".to_owned())
}

/// A factor above zero.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    let factor = text
        .parse()
        .ok()
        .filter(|factor: &f64| factor.is_finite() && *factor > 0.0);
    factor.ok_or_else(|| {
        "write a number above 0, such as 3600: an hour then takes a second".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_needs_its_unit() {
        for (text, expected) in [
            ("200ms", Some(Duration::from_millis(200))),
            ("1.5 s", Some(Duration::from_millis(1500))),
            ("5min", Some(Duration::from_secs(300))),
            ("5", None),
            ("s", None),
            ("-1s", None),
            ("1 week", None),
        ] {
            assert_eq!(duration(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_header_that_frames_the_body_is_not_the_users() {
        assert_eq!(header("Host: example.com").unwrap().1, "example.com");
        for text in ["Content-Length: 5", "transfer-encoding : chunked"] {
            assert!(header(text).unwrap_err().contains("--body"), "{text}");
        }
    }

    #[test]
    fn an_event_of_the_users_own_is_in_the_header_that_names_it() {
        use crate::senders::Senders;

        let senders = Senders::load(None).unwrap();
        for (sender, header, event) in [
            ("github", "x-github-event", "release"),
            ("shopify", "x-shopify-topic", "refunds/create"),
            ("woocommerce", "x-wc-webhook-topic", "coupon.created"),
        ] {
            let sample = senders.find(sender).unwrap().sample(None).unwrap();
            let named = named(event, sample);
            assert_eq!(named.name, event);
            assert_eq!(named.headers[header], event, "{sender}");
            assert_eq!(named.headers.len(), sample.headers.len());
        }
    }

    #[test]
    fn a_value_that_is_not_json_is_text() {
        for (text, json) in [
            ("a.b=1", "1"),
            ("a= 1.10 ", "1.10"),
            ("a={\"b\" : 1e400}", "{\"b\" : 1e400}"),
            ("a=hola=x", "\"hola=x\""),
            ("a=\"", r#""\"""#),
            ("a=", r#""""#),
        ] {
            assert_eq!(field(text).unwrap().1, json, "{text}");
        }
        assert!(field("=x").is_err());
        assert!(field("a").is_err());
    }
}

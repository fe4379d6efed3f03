//! A header that was split or joined on its way.

use http::{HeaderName, HeaderValue};

use super::Change;
use crate::verify::capture::Captured;

/// The most commas at which a value is taken apart.
const COMMAS: usize = 32;
/// The most headers of one name that are joined.
const PARTS: usize = 16;

const ADVICE: &str = "a proxy or a framework joins and splits headers, and so does a tool that captures; let it pass this header as it \
                      arrives";
const REPEATED: &str =
    "a proxy or a tool that captures has written them twice; let it pass each header once";

/// The request with one of these headers whole again, or with one of each header that is there several times.
pub(in crate::verify) fn changes(captured: &Captured, names: &[HeaderName]) -> Vec<Change> {
    let mut changes = Vec::new();
    for name in names {
        together(captured, name, &mut changes);
        let headers = captured.request.headers();
        let values: Vec<_> = headers.get_all(name).iter().take(PARTS).collect();
        match &values[..] {
            [] => {}
            [value] => joined(captured, name, value, &mut changes),
            [first, others @ ..] if others.iter().all(|it| it == first) => {
                alone(captured, name, &values, &mut changes);
                split(captured, name, &values, &mut changes);
            }
            _ => {
                split(captured, name, &values, &mut changes);
                alone(captured, name, &values, &mut changes);
            }
        }
    }
    changes.extend(each_once(captured));
    changes
}

/// The lines of a value with nothing between them.
fn together(captured: &Captured, name: &HeaderName, changes: &mut Vec<Change>) {
    let together = captured.folded.iter().filter(|(other, _)| other == name);
    for (_, value) in together {
        let words = Words {
            cause: "header_split",
            happened: format!("the header {name} was cut into lines"),
            undone: format!("the lines of {name} joined without a space"),
            tried: "its lines joined without a space",
        };
        changes.push(change(captured, name, value, words));
    }
}

/// The headers that are there several times with one value, once: a proxy or a tool has written the head twice.
fn each_once(captured: &Captured) -> Option<Change> {
    let headers = captured.request.headers();
    let mut request = captured.request.clone();
    let mut repeated = Vec::new();
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().collect();
        if let [first, _, ..] = values[..]
            && values.iter().all(|it| *it == first)
        {
            request.headers_mut().insert(name, first.clone());
            repeated.push(name.as_str());
        }
    }
    if repeated.len() < 2 {
        return None;
    }
    let happened = match repeated.len() == headers.keys().count() {
        true => "every header is there more than once, with the same value".to_owned(),
        false => format!(
            "the headers {} are there more than once, with the same value",
            repeated.join(", ")
        ),
    };
    Some(Change {
        causes: vec!["headers_repeated"],
        happened,
        undone: "each of them once".to_owned(),
        advice: REPEATED,
        tried: vec!["each repeated header once".to_owned()],
        request,
    })
}

/// One value of those that have been joined with a comma.
fn joined(captured: &Captured, name: &HeaderName, value: &HeaderValue, changes: &mut Vec<Change>) {
    let bytes = value.as_bytes();
    let commas = bytes.iter().enumerate().filter(|(_, byte)| **byte == b',');
    for (at, _) in commas.take(COMMAS) {
        let sides = [("before", bytes.get(..at)), ("after", bytes.get(at + 1..))];
        for (side, part) in sides {
            let part = HeaderValue::from_bytes(part.unwrap_or_default().trim_ascii());
            let Ok(part) = part else { continue };
            let words = Words {
                cause: "header_joined",
                happened: format!("two values were joined in the header {name}"),
                undone: format!("only what is {side} one of the commas in {name}"),
                tried: "only what is before or after a comma",
            };
            changes.push(change(captured, name, &part, words));
        }
    }
}

/// The values of several headers as one.
fn split(
    captured: &Captured,
    name: &HeaderName,
    values: &[&HeaderValue],
    changes: &mut Vec<Change>,
) {
    let parts: Vec<_> = values.iter().map(|it| it.as_bytes()).collect();
    for (separator, with) in [
        (",", "a comma"),
        (", ", "a comma and a space"),
        (" ", "a space"),
        ("", "nothing"),
        (";", "a semicolon"),
    ] {
        let value = HeaderValue::from_bytes(&parts.join(separator.as_bytes()));
        let Ok(value) = value else { continue };
        let words = Words {
            cause: "header_split",
            happened: format!("the header {name} was split into {}", values.len()),
            undone: format!("its parts joined by {with}"),
            tried: "repeated ones joined",
        };
        changes.push(change(captured, name, &value, words));
    }
}

/// One of several headers.
fn alone(
    captured: &Captured,
    name: &HeaderName,
    values: &[&HeaderValue],
    changes: &mut Vec<Change>,
) {
    for (at, value) in values.iter().enumerate() {
        let words = Words {
            cause: "header_repeated",
            happened: format!("the header {name} is there {} times", values.len()),
            undone: format!("only number {} of them", at + 1),
            tried: "only one of repeated ones",
        };
        changes.push(change(captured, name, value, words));
    }
}

/// What is said about a change.
struct Words {
    cause: &'static str,
    happened: String,
    undone: String,
    tried: &'static str,
}

fn change(captured: &Captured, name: &HeaderName, value: &HeaderValue, words: Words) -> Change {
    let mut request = captured.request.clone();
    request.headers_mut().insert(name, value.clone());
    Change {
        causes: vec![words.cause],
        happened: words.happened,
        undone: words.undone,
        advice: ADVICE,
        tried: vec![words.tried.to_owned()],
        request,
    }
}

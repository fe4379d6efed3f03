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

/// The request with one of these headers whole again.
pub(in crate::verify) fn changes(captured: &Captured, names: &[HeaderName]) -> Vec<Change> {
    let mut changes = Vec::new();
    for name in names {
        let together = captured.folded.iter().filter(|(other, _)| other == name);
        for (_, value) in together {
            let happened = format!("the header {name} was cut into lines");
            let undone = format!("the lines of {name} joined without a space");
            changes.push(change(
                captured,
                name,
                value,
                "header_split",
                happened,
                undone,
            ));
        }
        let values: Vec<_> = captured
            .request
            .headers()
            .get_all(name)
            .iter()
            .take(PARTS)
            .collect();
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
    changes
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
            let happened = format!("two values were joined in the header {name}");
            let undone = format!("only what is {side} one of the commas in {name}");
            changes.push(change(
                captured,
                name,
                &part,
                "header_joined",
                happened,
                undone,
            ));
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
        let happened = format!("the header {name} was split into {}", values.len());
        let undone = format!("its parts joined by {with}");
        changes.push(change(
            captured,
            name,
            &value,
            "header_split",
            happened,
            undone,
        ));
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
        let happened = format!("the header {name} is there {} times", values.len());
        let undone = format!("only number {} of them", at + 1);
        changes.push(change(
            captured,
            name,
            value,
            "header_repeated",
            happened,
            undone,
        ));
    }
}

fn change(
    captured: &Captured,
    name: &HeaderName,
    value: &HeaderValue,
    cause: &'static str,
    happened: String,
    undone: String,
) -> Change {
    let mut request = captured.request.clone();
    request.headers_mut().insert(name, value.clone());
    Change {
        causes: vec![cause],
        happened,
        undone,
        advice: ADVICE,
        request,
    }
}

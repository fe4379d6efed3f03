use std::time::SystemTime;

use serde_json::{Value, json};
use webhook_core::guarantee::{Count, Record, State};

use crate::error::Error;
use crate::show::{length, line, printable};

pub(super) fn counts(counts: &[Count], json: bool) -> Result<(), Error> {
    if json {
        return counts.iter().try_for_each(|count| {
            line(
                &json!({
                    "endpoint": count.endpoint,
                    "state": count.state.name(),
                    "deliveries": count.deliveries,
                    "oldest": written(count.oldest),
                    "newer_format": count.newer_format,
                })
                .to_string(),
            )
        });
    }
    if counts.is_empty() {
        return line("the inbox is empty");
    }
    line(&format!(
        "{:<24} {:<8} {:>10}  {}",
        "endpoint", "state", "deliveries", "oldest"
    ))?;
    counts.iter().try_for_each(|count| {
        let newer = match count.newer_format {
            0 => String::new(),
            newer => format!("  ({newer} of a newer format: update the app)"),
        };
        line(&format!(
            "{:<24} {:<8} {:>10}  {}{newer}",
            cell(&count.endpoint),
            count.state.name(),
            count.deliveries,
            ago(count.oldest)
        ))
    })
}

pub(super) fn list(records: &[Record], json: bool) -> Result<(), Error> {
    if json {
        return records
            .iter()
            .try_for_each(|record| line(&object(record, false).to_string()));
    }
    if records.is_empty() {
        return line("no deliveries");
    }
    line(&format!(
        "{:>8}  {:<8} {:<18} {:<26} {:>8}  {:<14} {}",
        "id", "state", "endpoint", "kind", "attempts", "arrived", "last error"
    ))?;
    records.iter().try_for_each(|record| {
        let delivery = &record.delivery;
        let error = record.last_error.as_deref().unwrap_or_default();
        let text = format!(
            "{:>8}  {:<8} {:<18} {:<26} {:>8}  {:<14} {}",
            record.id.0,
            record.state.name(),
            cell(delivery.endpoint()),
            cell(delivery.kind()),
            record.attempts,
            ago(delivery.received_at()),
            cell(error)
        );
        line(text.trim_end())
    })
}

pub(super) fn show(record: &Record, json: bool) -> Result<(), Error> {
    if json {
        return line(&object(record, true).to_string());
    }
    let delivery = &record.delivery;
    let field = |name: &str, text: &str| line(&entry(name, text));
    field("delivery", &record.id.to_string())?;
    field("state", record.state.name())?;
    field("sender", delivery.sender())?;
    field("endpoint", delivery.endpoint())?;
    field("kind", delivery.kind())?;
    if let Some(id) = delivery.id() {
        field("sender's id", id)?;
    }
    if let Some(label) = delivery.label() {
        field("label", label)?;
    }
    field("arrived", &when(delivery.received_at()))?;
    field("attempts", &record.attempts.to_string())?;
    match record.state {
        State::Pending => field("due", &when(record.due_at))?,
        State::Running => field("leased until", &when(record.due_at))?,
        State::Done | State::Dead => {}
    }
    if let Some(finished) = record.finished_at {
        field("ended", &when(finished))?;
    }
    if let Some(error) = &record.last_error {
        field("last error", error)?;
    }
    field("target", delivery.target())?;
    for (name, value) in &delivery.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        field("header", &format!("{name}: {value}"))?;
    }
    line("")?;
    if delivery.is_sealed() {
        return line("(the body is sealed: only the app can read it)");
    }
    match delivery.body().is_empty() {
        true => line("(no body: it was empty, or pruned)"),
        false => line(&printable(&String::from_utf8_lossy(delivery.body()))),
    }
}

fn object(record: &Record, with_body: bool) -> Value {
    let delivery = &record.delivery;
    let mut object = json!({
        "id": record.id.0,
        "state": record.state.name(),
        "sender": delivery.sender(),
        "endpoint": delivery.endpoint(),
        "kind": delivery.kind(),
        "sender_id": delivery.id(),
        "label": delivery.label(),
        "arrived": written(delivery.received_at()),
        "attempts": record.attempts,
        "due": written(record.due_at),
        "ended": record.finished_at.map(written),
        "last_error": record.last_error,
        "target": delivery.target(),
    });
    if with_body && let Value::Object(fields) = &mut object {
        let headers = delivery.headers();
        let headers = headers
            .iter()
            .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]));
        fields.insert("headers".into(), headers.collect());
        let body = (!delivery.is_sealed()).then(|| String::from_utf8_lossy(delivery.body()));
        fields.insert("body".into(), json!(body));
    }
    object
}

/// The text of a table, where a line of a stranger would read as another delivery.
fn cell(text: &str) -> String {
    printable(text).replace(['\n', '\t'], " ")
}

/// A named text. Its further lines are indented, or one would read as another entry.
fn entry(name: &str, text: &str) -> String {
    let text = printable(text).replace('\n', &format!("\n{:14}", ""));
    format!("{name:14}{text}")
}

fn written(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    format!("{time:.3}")
}

fn when(time: SystemTime) -> String {
    let away = match SystemTime::now().duration_since(time) {
        Ok(since) => format!("{} ago", length(since)),
        Err(ahead) => format!("in {}", length(ahead.duration())),
    };
    format!("{}, {away}", written(time))
}

fn ago(time: SystemTime) -> String {
    let since = SystemTime::now().duration_since(time).unwrap_or_default();
    format!("{} ago", length(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_stranger_is_not_another_row_or_entry() {
        assert_eq!(
            cell("paid\n       7  done\t\u{1b}"),
            "paid        7  done \u{fffd}"
        );
        assert_eq!(
            entry("kind", "paid\nstate         done"),
            "kind          paid\n              state         done"
        );
    }
}

use http::HeaderName;
use serde_json::{Value, json};
use webhook_core::{Rejection, Secret};

use super::capture::Captured;
use super::examination::{Finding, Group, Outcome, Reason, Tried, WORK};
use super::moment::{From, Moment, written};
use crate::error::Error;
use crate::senders::{Sender, Verdict};
use crate::show::{line, printable};

/// What is written about a request.
pub(super) struct Report<'a> {
    pub(super) sender: &'a Sender,
    pub(super) captured: &'a Captured,
    pub(super) secrets: &'a [Secret],
    pub(super) finding: &'a Finding,
    pub(super) moment: Moment,
}

impl Report<'_> {
    /// For a person.
    pub(super) fn text(&self) -> Result<(), Error> {
        for text in self.lines() {
            line(&printable(&text))?;
        }
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let sender = &self.sender.name;
        match &self.finding.outcome {
            Outcome::Authentic { secret, verdict } => {
                lines.push(format!(
                    "authentic: its credential matches the secret of {sender}"
                ));
                lines.push(field("secret", &self.secret(*secret)));
                lines.push(field("proves", &self.sender.proves));
                lines.extend(verdict_lines(verdict));
            }
            Outcome::ProvesNothing { verdict } => {
                let what = match self.sender.is_authenticated() {
                    true => "this request has no signature, and needs none".to_owned(),
                    false => format!("{sender} signs nothing, so anyone can have sent it"),
                };
                lines.push(format!("NOT authentic: {what}"));
                lines.extend(verdict_lines(verdict));
                if !self.sender.is_authenticated() {
                    lines.push(field("do", "ask the sender's API before you believe it"));
                }
            }
            Outcome::Handshake => {
                lines.push(format!("authentic: a handshake of {sender} with the right token, which the layer answers"));
            }
            Outcome::Refused {
                reason,
                diagnosis,
                tried,
            } => {
                lines.push(format!("NOT authentic: {}", self.reason(reason)));
                match diagnosis {
                    Some(it) => {
                        lines.push(field("cause", &it.happened));
                        lines.push(field(
                            "shown by",
                            &format!("it is authentic with {}", it.undone),
                        ));
                        if let Some(number) = it.secret {
                            lines.push(field("secret", &self.secret(number)));
                        }
                        lines.push(field("do", it.advice));
                    }
                    None => lines.extend(self.unexplained(reason, tried)),
                }
            }
        }
        if let Some(text) = self.time() {
            lines.push(field("time", &text));
        }
        let notes = self.captured.notes.iter().chain(&self.finding.notes);
        lines.extend(notes.map(|note| field("note", note)));
        lines
    }

    /// For scripts.
    pub(super) fn json(&self) -> Result<(), Error> {
        let mut json = json!({
            "sender": self.sender.name,
            "proves": self.sender.proves,
            "notes": self.captured.notes.iter().chain(&self.finding.notes).collect::<Vec<_>>(),
            "time": self.time_json(),
        });
        let mut set = |name: &str, value: Value| {
            if let Value::Object(fields) = &mut json {
                fields.insert(name.to_owned(), value);
            }
        };
        match &self.finding.outcome {
            Outcome::Authentic { secret, verdict } => {
                set("result", "authentic".into());
                set("secret", self.secret_json(*secret));
                set("receiver", verdict_json(verdict));
            }
            Outcome::ProvesNothing { verdict } => {
                set("result", "proves_nothing".into());
                set("receiver", verdict_json(verdict));
            }
            Outcome::Handshake => set("result", "handshake".into()),
            Outcome::Refused {
                reason,
                diagnosis,
                tried,
            } => {
                let is_readable = diagnosis.is_none() && self.is_readable(reason);
                set(
                    "result",
                    match (diagnosis, is_readable) {
                        (Some(_), _) => "explained",
                        (None, true) => "refused",
                        (None, false) => "cannot_tell",
                    }
                    .into(),
                );
                let (name, words) = match reason {
                    Reason::Rejection(rejection) => (rejection.name(), rejection.to_string()),
                    Reason::Unfit(error) => ("secret_unfit", error.clone()),
                };
                set("rejection", name.into());
                set("reason", words.into());
                let diagnosis = diagnosis.as_ref().map(|it| {
                    json!({
                        "causes": it.causes,
                        "happened": it.happened,
                        "matches_with": it.undone,
                        "advice": it.advice,
                        "secret": it.secret.map(|number| self.secret_json(number)),
                    })
                });
                set("diagnosis", diagnosis.unwrap_or_default());
                set("tried", tried_lines(tried).into());
            }
        }
        line(&json.to_string())
    }

    fn secret(&self, number: usize) -> String {
        let label = self.label(number);
        let label = label.map(|label| format!(", labeled {label}"));
        let of = format!("number {number} of {}", self.secrets.len());
        format!("{of}{}", label.unwrap_or_default())
    }

    fn secret_json(&self, number: usize) -> Value {
        json!({ "number": number, "of": self.secrets.len(), "label": self.label(number) })
    }

    fn label(&self, number: usize) -> Option<&str> {
        let secret = self.secrets.get(number.checked_sub(1)?)?;
        Some(secret.label()?.as_str())
    }

    fn reason(&self, reason: &Reason) -> String {
        match reason {
            Reason::Unfit(error) => format!("{error}, so no receiver can have this secret"),
            Reason::Rejection(Rejection::CredentialMissing) => {
                let absent = self.absent();
                match absent.is_empty() {
                    true => Rejection::CredentialMissing.to_string(),
                    false => format!("it has no {}", absent.join(" and no ")),
                }
            }
            Reason::Rejection(rejection) => rejection.to_string(),
        }
    }

    fn absent(&self) -> Vec<String> {
        let headers = self.captured.request.headers();
        let is_absent = |name: &HeaderName| headers.get(name).is_none_or(|value| value.is_empty());
        let names = self.sender.facts().credential_headers;
        let absent = names.iter().filter(|name| is_absent(name));
        absent.map(|name| format!("header {name}")).collect()
    }

    /// Whether the request itself shows the reason, so that there is nothing to find out.
    fn is_readable(&self, reason: &Reason) -> bool {
        !matches!(
            reason,
            Reason::Rejection(Rejection::CredentialMismatch | Rejection::CredentialMalformed)
        )
    }

    fn unexplained(&self, reason: &Reason, tried: &Tried) -> Vec<String> {
        let tries = tried_lines(tried);
        let mut lines = Vec::new();
        if self.is_readable(reason) {
            if let Reason::Rejection(Rejection::CredentialMissing) = reason {
                let advice = "capture the request with its headers; a proxy that removes this one must let it pass";
                lines.push(field("do", advice));
            }
            return lines;
        }
        lines.push("cannot tell why: nothing that was tried makes it authentic".to_owned());
        lines.extend(tries.into_iter().map(|text| field("tried", &text)));
        if tried.counts.iter().any(|(group, _)| *group == Group::Body) {
            let lost = "keys in another order, numbers written in another way (1.0 as 1), and bytes that changed: nothing undoes them";
            lines.push(field("not tried", lost));
        }
        let advice = "compare the secret with that of this endpoint, account and environment, and capture the request as bytes";
        lines.push(field("do", advice));
        lines
    }

    fn time(&self) -> Option<String> {
        let time = self.finding.time?;
        let compared = self.moment.compared(time, self.finding.tolerance);
        let is_proven = match &self.finding.outcome {
            Outcome::Authentic { .. } => true,
            Outcome::Refused { diagnosis, .. } => diagnosis.is_some(),
            _ => false,
        };
        Some(match is_proven {
            true => compared,
            false => format!("{compared} (as it says; not proven)"),
        })
    }

    fn time_json(&self) -> Value {
        let Some(time) = self.finding.time else {
            return Value::Null;
        };
        let (distance, is_before) = self.moment.distance(time);
        let tolerance = self.finding.tolerance;
        json!({
            "of_request": written(time),
            "judged_at": written(self.moment.at),
            "judged_at_is": match self.moment.from {
                From::Argument => "--at",
                From::Date => "date",
                From::Now => "now",
            },
            "distance_s": distance.as_secs(),
            "is_before": is_before,
            "tolerance_s": tolerance.map(|it| it.as_secs()),
            "is_within": tolerance.map(|within| distance <= within),
        })
    }
}

fn field(name: &str, text: &str) -> String {
    format!("  {name:10}{text}")
}

fn verdict_lines(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Authentic(it) => {
            let mut lines = vec![field("event", &it.kind)];
            lines.extend(it.id.as_ref().map(|id| field("id", id)));
            lines
        }
        Verdict::Greeted(reply) => vec![field(
            "event",
            &format!("none: a layer answers it by itself, with {}", reply.status),
        )],
        Verdict::Refused { rejection, .. } => vec![field(
            "but",
            &format!("a receiver refuses it for another reason: {rejection}"),
        )],
    }
}

fn verdict_json(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Authentic(it) => json!({
            "accepts": true,
            "kind": it.kind,
            "id": it.id,
            "event": it.event,
        }),
        Verdict::Greeted(reply) => json!({ "answers_by_itself": reply.status.as_u16() }),
        Verdict::Refused { rejection, .. } => json!({
            "accepts": false,
            "rejection": rejection.name(),
            "reason": rejection.to_string(),
        }),
    }
}

fn tried_lines(tried: &Tried) -> Vec<String> {
    let lines = tried.counts.iter().map(|(group, count)| {
        let what = match group {
            Group::Header => "the header of the credential joined, taken apart, or only one of several",
            Group::Secret => "other spellings of the secret: prefix, base64, hex, case, line end, quotes, entities",
            Group::SignedIds => "x-request-id left out or taken from another header, data.id in another case or from the body",
            Group::Body => {
                "the body minified, re-indented, re-escaped, with other line ends, with or without the last one and a byte order \
                 mark, and any two of these"
            }
        };
        format!("{what} ({count})")
    });
    let limit = tried.was_limited.then(|| {
        format!(
            "not more: the limit of {} GiB of work is reached, because the body is long",
            WORK / (1024 * 1024 * 1024)
        )
    });
    lines.chain(limit).collect()
}

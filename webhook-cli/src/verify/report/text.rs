use super::{Report, tried_lines};
use crate::error::Error;
use crate::senders::Verdict;
use crate::show::{line, printable};
use crate::verify::examination::{Outcome, Reason};
use crate::verify::tried::{Group, Tried};

impl Report<'_> {
    /// For a person.
    pub(in crate::verify) fn text(&self) -> Result<(), Error> {
        for text in self.lines() {
            line(&printable(&text).replace('\n', "\u{fffd}"))?;
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
                remedy,
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
                    None => lines.extend(self.unexplained(reason, remedy, tried)),
                }
            }
        }
        if let Some(text) = self.time() {
            lines.push(field("time", &text));
        }
        lines.extend(self.notes().map(|note| field("note", note)));
        lines
    }

    fn unexplained(&self, reason: &Reason, remedy: &str, tried: &Tried) -> Vec<String> {
        if self.is_readable(reason) {
            return vec![field("do", remedy)];
        }
        let mut lines =
            vec!["cannot tell why: nothing that was tried makes it authentic".to_owned()];
        lines.extend(tried_lines(tried).iter().map(|text| field("tried", text)));
        if tried.has(Group::Body) {
            let lost = "keys in another order, numbers written in another way (1.0 as 1), and bytes that changed: nothing undoes them";
            lines.push(field("not tried", lost));
        }
        lines.push(field("do", remedy));
        lines
    }

    fn time(&self) -> Option<String> {
        let time = self.finding.time?;
        let compared = self.moment.compared(time, self.finding.tolerance);
        Some(match self.has_proven_time() {
            true => compared,
            false => format!("{compared} (as it says; not proven)"),
        })
    }

    fn secret(&self, number: usize) -> String {
        let label = self.label(number);
        let label = label.map(|label| format!(", labeled {label}"));
        let of = format!("number {number} of {}", self.secrets.len());
        format!("{of}{}", label.unwrap_or_default())
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

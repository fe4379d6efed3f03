use serde_json::{Value, json};
use webhook_core::Rejection;

use super::{Report, tried_lines};
use crate::error::Error;
use crate::senders::Verdict;
use crate::show::line;
use crate::verify::examination::{Outcome, Reason};
use crate::verify::moment::{From, written};

impl Report<'_> {
    /// For scripts.
    pub(in crate::verify) fn json(&self) -> Result<(), Error> {
        let mut json = json!({
            "sender": self.sender.name,
            "proves": self.sender.proves,
            "notes": self.notes().collect::<Vec<_>>(),
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
                remedy,
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
                    Reason::Missing(words) => (Rejection::CredentialMissing.name(), words.clone()),
                    Reason::Repeated(words) => {
                        (Rejection::CredentialRepeated.name(), words.clone())
                    }
                    Reason::Unfit(error) => ("secret_unfit", error.clone()),
                };
                set("rejection", name.into());
                set("reason", words.into());
                set("remedy", (*remedy).into());
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

    fn secret_json(&self, number: usize) -> Value {
        json!({ "number": number, "of": self.secrets.len(), "label": self.label(number) })
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

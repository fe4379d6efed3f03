use serde_json::json;

use super::finding::{Finding, Row};
use crate::error::Error;
use crate::show::line;

/// Prints what is found, and counts it.
#[derive(Default)]
pub(super) struct Report {
    json: bool,
    checks: usize,
    faults: usize,
    notes: usize,
    unknown: usize,
    /// Printed in the end, since they are no results.
    skipped: Vec<Row>,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            ..Self::default()
        }
    }

    pub(super) fn has_fault(&self) -> bool {
        self.faults > 0
    }

    /// Whether nothing was tried, or all of it was skipped.
    pub(super) fn is_empty(&self) -> bool {
        self.checks == 0
    }

    /// The names of the columns.
    pub(super) fn head(&self, sender: &str, url: &str) -> Result<(), Error> {
        if self.json {
            return Ok(());
        }
        line(&format!("{sender} at {url}"))?;
        line("")?;
        line(&columns("check", "answered", "should be", ""))
    }

    pub(super) fn row(&mut self, row: Row) -> Result<(), Error> {
        let (verdict, why) = match &row.finding {
            Finding::Right => ("ok", ""),
            Finding::Fault(why) => ("FAULT", &**why),
            Finding::Note(why) => ("note", &**why),
            Finding::CannotTell(why) => ("cannot tell", &**why),
            Finding::Skipped(why) => ("skipped", &**why),
        };
        match &row.finding {
            Finding::Skipped(_) => {}
            _ => self.checks += 1,
        }
        match &row.finding {
            Finding::Fault(_) => self.faults += 1,
            Finding::Note(_) => self.notes += 1,
            Finding::CannotTell(_) => self.unknown += 1,
            Finding::Right | Finding::Skipped(_) => {}
        }
        if self.json {
            let took = row
                .took
                .map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX));
            return line(
                &json!({
                    "check": row.name,
                    "sent": row.sent,
                    "answered": row.answered,
                    "should_be": row.should_be,
                    "verdict": verdict.to_lowercase().replace(' ', "_"),
                    "why": why,
                    "took_ms": took,
                })
                .to_string(),
            );
        }
        if let Finding::Skipped(_) = &row.finding {
            self.skipped.push(row);
            return Ok(());
        }
        line(&columns(&row.name, &row.answered, &row.should_be, verdict))?;
        if !why.is_empty() {
            line(&format!("    {}: {why}", row.sent))?;
        }
        Ok(())
    }

    /// What was not tried, and how many are what.
    pub(super) fn end(&self) -> Result<(), Error> {
        if self.json {
            return Ok(());
        }
        line("")?;
        for row in &self.skipped {
            if let Finding::Skipped(why) = &row.finding {
                line(&format!("skipped {}: {why}", row.name))?;
            }
        }
        if !self.skipped.is_empty() {
            line("")?;
        }
        let count = |count: usize, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        line(&format!(
            "{}: {}, {}, {} cannot be told, {} skipped",
            count(self.checks, "check", "checks"),
            count(self.faults, "fault", "faults"),
            count(self.notes, "note", "notes"),
            self.unknown,
            self.skipped.len(),
        ))
    }
}

fn columns(name: &str, answered: &str, should_be: &str, verdict: &str) -> String {
    let line = format!("{name:25} {answered:14} {should_be:29} {verdict}");
    line.trim_end().to_owned()
}

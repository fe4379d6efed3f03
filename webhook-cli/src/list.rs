//! What senders there are.

use std::process::ExitCode;

use serde_json::json;
use webhook_core::provider::{Repeats, Timing};

use crate::conclusion::{rule, when};
use crate::error::Error;
use crate::senders::{Sender, Senders};
use crate::show::{length, line};

/// List the senders and their events.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this one, with its events and where its secret is read
    sender: Option<String>,
    /// Print a line of JSON for each sender
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, senders: &Senders) -> Result<ExitCode, Error> {
    let one = match &args.sender {
        Some(name) => Some(senders.find(name)?),
        None => None,
    };
    match (one, args.json) {
        (Some(sender), true) => line(&object(sender).to_string())?,
        (Some(sender), false) => in_full(sender)?,
        (None, true) => senders
            .iter()
            .try_for_each(|sender| line(&object(sender).to_string()))?,
        (None, false) => senders
            .iter()
            .try_for_each(|sender| line(&format!("{:22}{}", sender.name, sender.title)))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn in_full(sender: &Sender) -> Result<(), Error> {
    let field = |name: &str, text: &str| line(&format!("{name:14}{text}"));
    let timing = sender.facts().timing;
    line(&sender.title)?;
    if let Some(alias) = sender.alias {
        field("also called", alias)?;
    }
    field("proves", &sender.proves)?;
    match sender.variable.is_empty() {
        true => field("secret", "none")?,
        false => field("secret", &format!("in {}", sender.variable))?,
    }
    let signing = sender.signing_variable();
    if signing != sender.variable {
        field("signs with", &format!("the private key in {signing}"))?;
    }
    field("counts", &rule(timing.received))?;
    field("waits", &waits(&timing))?;
    field("tries again", &repeats(&timing))?;
    if !timing.if_never_received.is_empty() {
        field("if never", timing.if_never_received)?;
    }
    for (at, sample) in sender.samples.iter().enumerate() {
        let name = if at == 0 { "events" } else { "" };
        field(name, &format!("{:26}{}", sample.name, sample.about))?;
    }
    Ok(())
}

/// How long a sender waits for the answer to each attempt; what is the same as before is said once.
fn waits(timing: &Timing) -> String {
    let waits = timing.attempts.iter().filter_map(|it| it.waits_for_answer);
    let mut waits: Vec<_> = waits.map(length).collect();
    waits.dedup();
    match waits.is_empty() {
        true => "not documented".to_owned(),
        false => waits.join(", then "),
    }
}

/// When a sender tries again.
fn repeats(timing: &Timing) -> String {
    let retries = timing.attempts.iter().skip(1);
    let retries: Vec<_> = retries.map(|it| when(it.after_previous)).collect();
    if !retries.is_empty() {
        return retries.join(", then ");
    }
    match (timing.repeats, timing.documented_horizon) {
        (Repeats::Never, _) => "never".to_owned(),
        (Repeats::ByHand, Some(within)) => format!("only by hand, within {}", length(within)),
        (Repeats::ByHand, None) => "only by hand".to_owned(),
        (Repeats::Roughly(repeats), _) => match repeats.split_once(" tries again ") {
            Some((_name, when)) => when.to_owned(),
            None => repeats.to_owned(),
        },
        (_, Some(within)) => format!("within {}", length(within)),
        (_, None) => "not documented".to_owned(),
    }
}

fn object(sender: &Sender) -> serde_json::Value {
    let timing = sender.facts().timing;
    let attempts = timing.attempts.iter().map(|attempt| {
        json!({
            "after_previous_s": attempt.after_previous.as_secs(),
            "waits_for_answer_ms": attempt.waits_for_answer.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)),
        })
    });
    let events: Vec<_> = sender.samples.iter().map(|it| &*it.name).collect();
    json!({
        "name": sender.name,
        "alias": sender.alias,
        "title": sender.title,
        "variable": Some(&*sender.variable).filter(|it| !it.is_empty()),
        "signing_variable": Some(sender.signing_variable()).filter(|it| !it.is_empty()),
        "proves": sender.proves,
        "events": events,
        "counts": rule(timing.received),
        "attempts": attempts.collect::<Vec<_>>(),
        "repeats": repeats(&timing),
        "horizon_s": timing.horizon().map(|it| it.as_secs()),
        "if_never_received": timing.if_never_received,
    })
}

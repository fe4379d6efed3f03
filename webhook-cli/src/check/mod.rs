//! Sends a receiver what it must tell apart, and says what goes wrong where it does not.
//!
//! There is no list of answers here: each request is judged by the core, as a receiver with its layer would, and the answer
//! that came is compared with what follows from that.

mod case;
mod compared;
mod contents;
mod credentials;
mod deliveries;
mod disguised;
mod effects;
mod endurance;
mod finding;
mod handshakes;
mod kit;
mod place;
mod proof;
mod repeats;
mod report;
mod run;
mod sent;
mod several;
mod sizes;
mod unset;

use std::process::ExitCode;
use std::time::Duration;

use self::case::Case;
use self::effects::Effects;
use self::kit::Kit;
use self::report::Report;
use self::run::Run;
use crate::cli::runtime;
use crate::error::Error;
use crate::net::{Reach, Target};
use crate::secrets;
use crate::send::{duration, header};
use crate::senders::Senders;
use crate::show::{line, note};

/// Try what a receiver must tell apart, and say what goes wrong where it does not.
///
/// It sends authentic deliveries, forged ones of every kind, repeats, and requests that are too long, too slow or cut, and
/// compares each answer with what the sender asks for. Where a sender's ids are text, those in them begin with
/// `webhook-check-`, after what the sender begins its own with, such as `evt_`. A receiver on another machine needs --remote;
/// send it only to your own, since authentic deliveries are acted on.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 if no fault was found, 1 if one was, 2 if nothing could be checked."
)]
pub(crate) struct Args {
    /// The sender: `webhook-rs senders` lists them
    #[arg(required_unless_present = "list")]
    sender: Option<String>,
    /// The URL that the sender was given, with its path
    #[arg(required_unless_present = "list")]
    url: Option<String>,
    /// What most deliveries are about; the sender's most usual event unless given
    #[arg(short, long)]
    event: Option<String>,
    /// Send this header as well, with each delivery
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(http::HeaderName, String)>,
    #[command(flatten)]
    secret: secrets::From,

    /// Allow a receiver on another machine
    #[arg(long)]
    remote: bool,
    /// Send only what the receiver must refuse, and nothing that one may take for good reasons
    #[arg(long)]
    forged_only: bool,
    /// A command that prints how often the receiver has acted, such as the count of its orders: it is run before and after
    #[arg(long, value_name = "COMMAND")]
    effects: Option<String>,
    /// How long that count must stay the same to be taken, where the receiver acts later than it answers
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = some_time)]
    effects_settle: Duration,
    /// How long a receiver may wait for a body that comes byte by byte
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = some_time)]
    slow_after: Duration,
    /// Only this check, after an authentic delivery; can be given more than once
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,
    /// Print a line of JSON for each check
    #[arg(long)]
    json: bool,
    /// List the checks, with the damage that each finds
    #[arg(long)]
    list: bool,
}

/// A time in which something can happen.
fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("nothing happens in no time: give more, such as 5s".to_owned()),
        time => Ok(time),
    }
}

pub(crate) fn run(args: Args, senders: &Senders) -> Result<ExitCode, Error> {
    if args.list {
        return list();
    }
    let (Some(sender), Some(url)) = (&args.sender, &args.url) else {
        return Err(Error::usage("give a sender and the URL of a receiver"));
    };
    runtime()?.block_on(check(&args, senders, sender, url))
}

/// All but those of the other events of a sender.
fn cases() -> Vec<Case> {
    let mut cases = vec![deliveries::authentic()];
    cases.extend(deliveries::cases());
    cases.extend(repeats::cases());
    cases.extend(refusals());
    cases.extend(repeats::effects());
    cases.push(repeats::afterwards());
    cases
}

/// What is wrong with a delivery; among them are some that must be taken all the same.
fn refusals() -> Vec<Case> {
    let mut cases = credentials::cases();
    cases.extend(unset::cases());
    cases.extend(several::cases());
    cases.extend(disguised::cases());
    cases.extend(contents::cases());
    cases.extend(handshakes::cases());
    cases.extend(sizes::cases());
    cases
}

fn list() -> Result<ExitCode, Error> {
    for case in cases() {
        line(&format!("{:26}{}", case.name, case.sent))?;
        if !case.damage.is_empty() {
            line(&format!("{:26}  {}", "", case.damage))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(args: &Args, senders: &Senders, sender: &str, url: &str) -> Result<ExitCode, Error> {
    let sender = senders.find(sender)?;
    let reach = match args.remote {
        true => Reach::Anywhere,
        false => Reach::ThisMachine,
    };
    let target = Target::resolve(url, reach).await?;
    let found = args.secret.signing(sender, target.is_own())?;
    let secrets = found.as_ref().map(|found| &found.secrets[..]);
    let kit = Kit::new(
        sender,
        target,
        secrets.unwrap_or_default(),
        args.event.as_deref(),
        &args.headers,
    )?;
    let events = deliveries::events(&kit)?;
    let handshakes = handshakes::of(&kit)?;
    let of_this_sender = || events.iter().chain(&handshakes);
    let known = |name: &str| {
        cases()
            .iter()
            .chain(of_this_sender())
            .any(|case| case.name == name)
    };
    if let Some(unknown) = args.only.iter().find(|only| !known(only)) {
        return Err(Error::usage(format!(
            "there is no check `{unknown}`: `webhook-rs check --list` prints them"
        )));
    }
    let mut run = Run {
        args,
        kit: &kit,
        effects: args.effects.clone().map(|command| Effects {
            command,
            settle: args.effects_settle,
        }),
        report: Report::new(args.json),
    };
    run.report.head(&sender.title, url)?;
    match args.forged_only {
        true => {
            run.listens().await?;
            note(
                "what the receiver must accept is not sent, so whether it accepts anything is not known",
            );
        }
        false => {
            let secret_was_made = found.as_ref().is_some_and(|found| found.made);
            run.deliveries(events, secret_was_made).await?;
        }
    }
    run.forgeries(handshakes).await?;
    run.afterwards().await?;
    run.report.end()?;
    if kit.has_answered.get().is_none() || run.report.is_empty() {
        return Err(Error::failed(
            "nothing could be checked: see above why, and choose other checks or see that the receiver answers",
        ));
    }
    Ok(match run.report.has_fault() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

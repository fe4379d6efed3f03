//! Signs a delivery, sends it, and says what the sender makes of the answer.

mod courier;
mod delivery;
mod notes;
mod report;
mod wait;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use self::courier::Courier;
use self::delivery::{Deliveries, field, speed};
pub(crate) use self::delivery::{duration, header};
use self::report::Total;
use crate::cli::runtime;
use crate::error::Error;
use crate::net::{Reach, Target};
use crate::secrets;
use crate::senders::Senders;

/// Sign a delivery, send it, and say what the sender makes of the answer.
///
/// The secret is read from the sender's variable (`webhook-rs senders SENDER` names it), from --secret-env or from
/// --secret-file; with several, the first signs. If there is none and the URL is of this machine, one is made and kept, which
/// `listen` uses as well.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 if all were received, 1 if not, also if nobody listens at the URL, 2 if the command line is wrong or nothing could be signed."
)]
pub(crate) struct Args {
    /// The sender: `webhook-rs senders` lists them
    sender: String,
    /// The URL that the sender was given, with its path
    url: String,
    /// What the delivery is about; the sender's most usual event unless given
    #[arg(short, long)]
    event: Option<String>,
    /// Set a field of the JSON body: keys joined by dots, then JSON or plain text, such as `data.id=17`
    #[arg(short, long = "set", value_name = "PATH=VALUE", value_parser = field)]
    fields: Vec<(String, String)>,
    /// Send the bytes of this file as the body
    #[arg(long, value_name = "FILE", conflicts_with = "fields")]
    body: Option<PathBuf>,
    /// Send this header as well, or in place of the sender's own
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(http::HeaderName, String)>,
    #[command(flatten)]
    secret: secrets::From,

    /// Try again as the sender would until it is received: see --speed
    #[arg(long)]
    follow: bool,
    /// How many times faster than in reality the sender's waits between attempts pass
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed, requires = "follow")]
    speed: f64,
    /// How many deliveries to send
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    repeat: u32,
    /// Send the same delivery each time, as a sender does that missed the answer
    #[arg(long, requires = "repeat")]
    same: bool,
    /// How many to send at a time
    #[arg(long, value_name = "CONNECTIONS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: u16,
    /// Hang up after this long, such as `200ms`, if the sender waits longer
    #[arg(long, value_name = "TIME", value_parser = duration)]
    hang_up_after: Option<Duration>,

    /// Print a line of JSON for each attempt
    #[arg(long)]
    json: bool,
    /// Show the credential, which is hidden otherwise
    #[arg(long)]
    reveal: bool,
}

pub(crate) fn run(args: Args, senders: &Senders) -> Result<ExitCode, Error> {
    runtime()?.block_on(send(args, senders))
}

async fn send(args: Args, senders: &Senders) -> Result<ExitCode, Error> {
    let sender = senders.find(&args.sender)?;
    let target = Target::resolve(&args.url, Reach::Anywhere).await?;
    let found = args.secret.signing(sender, target.is_own())?;
    let is_made = found.as_ref().is_some_and(|found| found.made);
    let secret = found.and_then(|found| found.secrets.into_iter().next());
    let deliveries = Deliveries::new(&args, sender)?;
    let courier = Courier::new(&args, sender, target, secret)?;
    notes::before(&courier, &deliveries, is_made)?;
    let courier = courier.for_handshakes_like(&deliveries.next()?)?;
    let sent = stream::iter(0..args.repeat)
        .map(|_| async { courier.deliver(&deliveries.next()?).await })
        .buffer_unordered(args.concurrency.into());
    let total = sent.try_fold(Total::default(), |total, sent| async move {
        Ok(total.and(sent))
    });
    let total = total.await?;
    if args.repeat > 1 && !args.json {
        total.line()?;
    }
    Ok(match total.all_received() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

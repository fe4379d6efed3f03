//! Signs a delivery, sends it, and says what the sender makes of the answer.

mod delivery;
mod report;
mod wait;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use webhook_core::Secret;

use self::delivery::{Deliveries, field, speed};
pub(crate) use self::delivery::{duration, header};
use self::report::{Attempted, Total};
use self::wait::wait;
use crate::cli::runtime;
use crate::conclusion::Conclusion;
use crate::error::Error;
use crate::net::{Patience, Reach, Target, exchange};
use crate::secrets;
use crate::senders::{Draft, Facts, Sender, Senders};
use crate::show::note;

/// How long an answer is waited for if the sender does not say it.
const UNDOCUMENTED_WAIT: Duration = Duration::from_secs(30);

/// Sign a delivery, send it, and say what the sender makes of the answer.
///
/// The secret is read from the sender's variable (`webhook-rs senders SENDER` names it), from --secret-env or from
/// --secret-file; with several, the first signs. If there is none and the URL is of this machine, one is made and kept, which
/// `listen` uses as well.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 if all were received, 1 if not, 2 if the command line is wrong or something could not be sent."
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
    /// Hang up after this long, such as `200ms`, as a sender does that waits no longer
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
    if found.as_ref().is_some_and(|found| found.made) && !args.json {
        note(&format!(
            "signed with a secret that was made for this machine; set {} to that of your receiver",
            sender.signing_variable()
        ));
    }
    let secret = found.and_then(|found| found.secrets.into_iter().next());
    let deliveries = Deliveries::new(&args, sender)?;
    let facts = sender.facts();
    if args.follow && facts.timing.attempts.len() < 2 {
        note(&format!(
            "{} documents no attempts after the first",
            sender.name
        ));
    }
    let courier = Courier {
        sender,
        facts,
        target,
        secret,
        args: &args,
    };
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

/// What became of a delivery.
struct Sent {
    received: bool,
    /// How long its last answer took.
    took: Duration,
}

/// Makes the attempts of deliveries.
struct Courier<'a> {
    sender: &'a Sender,
    facts: Facts,
    target: Target,
    secret: Option<Secret>,
    args: &'a Args,
}

impl Courier<'_> {
    /// Makes one attempt, or with `--follow` all that the sender would.
    async fn deliver(&self, draft: &Draft) -> Result<Sent, Error> {
        let mut attempt = 0;
        loop {
            let (conclusion, took) = self.attempt(draft, attempt).await?;
            let next = conclusion.retries.first().filter(|_| self.args.follow);
            let Some(after) = next else {
                return Ok(Sent {
                    received: conclusion.received,
                    took,
                });
            };
            attempt += 1;
            let attempts = self.facts.timing.attempts.len();
            wait(*after, self.args.speed, (attempt + 1, attempts)).await;
        }
    }

    async fn attempt(&self, draft: &Draft, number: usize) -> Result<(Conclusion, Duration), Error> {
        let now = SystemTime::now();
        let mut request = self.sender.sign(draft, now, self.secret.as_ref())?;
        self.target.apply(&mut request)?;
        let attempts = self.facts.timing.attempts;
        let waits = attempts.get(number).and_then(|it| it.waits_for_answer);
        let patience = match self.args.hang_up_after {
            Some(after) => Patience::HangUp(after),
            None => Patience::Until(waits.unwrap_or(UNDOCUMENTED_WAIT)),
        };
        let exchange = exchange(&self.target, request.clone(), patience).await;
        let conclusion = Conclusion::of(&self.facts.timing, number, &exchange);
        let attempted = Attempted {
            sender: self.sender,
            draft,
            number,
            url: &self.args.url,
            hidden: (!self.args.reveal).then_some(&*self.facts.credential_headers),
            secret: self.secret.as_ref().filter(|_| !self.args.reveal),
            request: &request,
            exchange: &exchange,
            conclusion: &conclusion,
        };
        let is_first_of_one = self.args.repeat == 1 && number == 0;
        match (self.args.json, is_first_of_one) {
            (true, _) => attempted.json()?,
            (false, true) => attempted.in_full()?,
            (false, false) => attempted.in_a_line()?,
        }
        Ok((conclusion, exchange.took))
    }
}

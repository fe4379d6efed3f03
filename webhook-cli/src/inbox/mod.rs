//! Looks into the inbox of a running app, and acts on what is in it.

mod report;
mod store;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use serde_json::json;
use webhook_core::guarantee::{Filter, RecordId, State};

use self::store::Store;
use crate::cli::runtime;
use crate::error::Error;
use crate::send::duration;
use crate::show::{line, note};

/// Look into the inbox of a running app, and act on what is in it.
///
/// The tables must be there: this command creates and migrates none. The app may run meanwhile.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 if it was done, 1 if there is no such delivery, it is done or a worker has it, 2 if the command line is wrong or the inbox cannot be opened.",
    subcommand_precedence_over_arg = true,
    subcommand_value_name = "ACTION",
    subcommand_help_heading = "Actions"
)]
pub(crate) struct Args {
    /// The file of a SQLite inbox, or the URL of PostgreSQL: one with a password belongs in the variable, since other users of
    /// a machine can read command lines
    #[arg(env = "WEBHOOK_STORE", hide_env_values = true)]
    store: String,
    /// Print JSON: an object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Count the deliveries, by endpoint and state
    Counts,
    /// List deliveries, the newest first
    List(ListArgs),
    /// Show one delivery with its body
    Show {
        /// Its number, from the list
        id: i64,
    },
    /// Have dead or pending deliveries handled now, with all attempts before them
    Retry(RetryArgs),
    /// Delete a delivery with its body and its id: should the sender repeat it, it is new
    Forget {
        /// Its number, from the list
        id: i64,
    },
    /// Delete bodies that were handled long ago, and ids that no sender can repeat any more. What is dead stays
    Prune {
        /// How long ago a delivery must have been handled for its body to be deleted
        #[arg(long, value_name = "TIME", default_value = "7d", value_parser = duration)]
        bodies: Duration,
    },
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only in this state
    #[arg(long)]
    state: Option<StateName>,
    /// Only of this endpoint
    #[arg(long)]
    endpoint: Option<Box<str>>,
    /// Only with this label of the secret
    #[arg(long)]
    label: Option<Box<str>>,
    /// Only older than this one: the last of the page before
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    /// At most this many
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Debug, clap::Args)]
struct RetryArgs {
    #[command(flatten)]
    which: Which,
    /// With --dead, only those of this endpoint
    #[arg(long, conflicts_with = "id")]
    endpoint: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Its number, from the list
    id: Option<i64>,
    /// All that are dead
    #[arg(long)]
    dead: bool,
}

/// The states of a delivery.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum StateName {
    Pending,
    Running,
    Done,
    Dead,
}

impl From<StateName> for State {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Pending => Self::Pending,
            StateName::Running => Self::Running,
            StateName::Done => Self::Done,
            StateName::Dead => Self::Dead,
        }
    }
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Error> {
    runtime()?.block_on(act(args))
}

async fn act(args: Args) -> Result<ExitCode, Error> {
    let store = Store::open(&args.store).await?;
    let records = store.records();
    let json = args.json;
    match args.action {
        Action::Counts => report::counts(&records.counts().await?, json)?,
        Action::List(args) => {
            let limit = args.limit;
            let list = records.list(&args.filter()).await?;
            report::list(&list, json)?;
            if let Some(last) = list.last().filter(|_| list.len() == limit as usize) {
                note(&format!("there may be more: --before {}", last.id));
            }
        }
        Action::Show { id } => match records.show(RecordId(id)).await? {
            Some(record) => report::show(&record, json)?,
            None => return missing(id),
        },
        Action::Retry(RetryArgs {
            which: Which { id: Some(id), .. },
            ..
        }) => {
            if !records.retry(RecordId(id)).await? {
                return refused(id, "it is done, or a worker has it");
            }
            done(json, "retried", id, "is due now")?;
        }
        Action::Retry(RetryArgs { endpoint, .. }) => {
            let retried = records.retry_dead(endpoint.as_deref()).await?;
            match json {
                true => line(&json!({ "retried": retried }).to_string())?,
                false => line(&format!("due now: {retried}"))?,
            }
        }
        Action::Forget { id } => {
            if !records.forget(RecordId(id)).await? {
                return refused(id, "a worker has it");
            }
            done(json, "forgotten", id, "is deleted")?;
        }
        Action::Prune { bodies } => {
            let pruned = records.prune(bodies).await?;
            match json {
                true => line(
                    &json!({ "bodies": pruned.bodies, "deliveries": pruned.deliveries })
                        .to_string(),
                )?,
                false => line(&format!(
                    "deleted: bodies {}, deliveries {}",
                    pruned.bodies, pruned.deliveries
                ))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn done(json: bool, name: &str, id: i64, what: &str) -> Result<(), Error> {
    match json {
        true => line(&json!({ name: 1, "id": id }).to_string()),
        false => line(&format!("delivery {id} {what}")),
    }
}

fn missing(id: i64) -> Result<ExitCode, Error> {
    note(&format!(
        "there is no delivery {id}: `list` shows which there are"
    ));
    Ok(ExitCode::FAILURE)
}

fn refused(id: i64, why: &str) -> Result<ExitCode, Error> {
    note(&format!(
        "nothing was changed: there is no delivery {id}, or {why}"
    ));
    Ok(ExitCode::FAILURE)
}

impl ListArgs {
    fn filter(self) -> Filter {
        let mut filter = Filter::default();
        filter.state = self.state.map(Into::into);
        filter.endpoint = self.endpoint;
        filter.label = self.label;
        filter.before = self.before.map(RecordId);
        filter.limit = self.limit;
        filter
    }
}

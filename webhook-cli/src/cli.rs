use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::error::Error;
use crate::senders::Senders;
use crate::show::printable;
use crate::{check, inbox, list, listen, send, verify};

/// Sends webhooks as their senders do, checks receivers, and shows what arrives.
///
/// It needs no account and no sandbox: it signs deliveries of TusFacturas, Klap, Mercado Pago, Stripe, GitHub and others by
/// itself, with your secret or with one that it makes for this machine.
#[derive(Debug, Parser)]
#[command(
    name = "webhook-rs",
    bin_name = "webhook-rs",
    version,
    max_term_width = 100,
    propagate_version = false
)]
struct Cli {
    /// Also know the senders of this file: one TOML table each, as in the documentation of `SchemeBuilder`, with
    /// `secret = "VARIABLE"`
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "SCHEMES",
        hide_env_values = true,
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    schemes: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Send(send::Args),
    Check(check::Args),
    Verify(verify::Args),
    Listen(listen::Args),
    Inbox(inbox::Args),
    Senders(list::Args),
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

pub(crate) fn run() -> ExitCode {
    let Cli { schemes, command } = Cli::parse();
    // A variable that is empty is as good as not set.
    let schemes = schemes.filter(|path| !path.as_os_str().is_empty());
    let senders = || Senders::load(schemes.as_deref());
    let done = match command {
        Command::Send(args) => senders().and_then(|senders| send::run(args, &senders)),
        Command::Check(args) => senders().and_then(|senders| check::run(args, &senders)),
        Command::Verify(args) => senders().and_then(|senders| verify::run(args, &senders)),
        Command::Listen(args) => senders().and_then(|senders| listen::run(args, senders)),
        Command::Inbox(args) => inbox::run(args),
        Command::Senders(args) => senders().and_then(|senders| list::run(&args, &senders)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "webhook-rs", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| report(&error))
}

#[allow(clippy::print_stderr, reason = "it is a command")]
fn report(error: &Error) -> ExitCode {
    // A part of it may be from a request, or from a database.
    eprintln!("webhook-rs: {}", printable(&error.to_string()));
    ExitCode::from(2)
}

/// The runtime of a command that talks to others.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::failed(format!("no threads can be started: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

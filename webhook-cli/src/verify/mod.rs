//! Says whether a captured request is authentic, or why not.

mod capture;
mod change;
mod endpoint;
mod examination;
mod missing;
mod moment;
mod patience;
mod repeated;
mod report;
mod search;
#[cfg(test)]
mod tests;
mod tried;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use bytes::Bytes;
use http::{Method, Request};

use self::capture::Captured;
use self::examination::{Outcome, examine};
use self::moment::Moment;
use self::report::Report;
use self::search::WORK;
use crate::error::Error;
use crate::secrets;
use crate::senders::{Sender, Senders};

/// The request of a capture.
#[cfg(test)]
pub(crate) fn captured(bytes: &[u8]) -> Result<Request<Bytes>, Error> {
    Captured::parse(bytes).map(|captured| captured.request)
}

/// Say whether a captured request is authentic, or why not.
///
/// The request is raw HTTP or a `curl` command, which is parsed and never run. A cause is given only if the signature matches
/// once it is undone: another spelling of the secret, or one that was taken apart at a comma; white space around the body; a
/// body that was minified, re-indented or re-escaped, or whose line ends or byte order mark changed; headers that were split,
/// joined or repeated; for Mercado Pago, another `x-request-id` or `data.id`. Otherwise it cannot be told, and what was tried
/// is listed.
///
/// The secret is read from the sender's variable (`webhook-rs senders SENDER` names it), from --secret-env or from
/// --secret-file. It is never shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  webhook-rs verify stripe < request.http
  pbpaste | webhook-rs verify mercadopago --at 2026-11-29T12:00:00Z

The time is judged apart: it changes neither the result nor the exit status.

Limits: 64 MiB of request, 4 GiB of hashing to find a cause.

Exit status: 0 if it is authentic, 1 if not, 2 if it could not be read or judged.")]
pub(crate) struct Args {
    /// The sender: `webhook-rs senders` lists them
    sender: String,
    /// Read the request from this file, `-` for stdin; stdin unless given
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// When the request arrived, in RFC 3339 or Unix time; its Date unless given, or else now
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    at: Option<SystemTime>,
    #[command(flatten)]
    secret: secrets::From,
    /// Print a line of JSON, with the event
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args, senders: &Senders) -> Result<ExitCode, Error> {
    let sender = senders.find(&args.sender)?;
    let file = args.file.as_deref().filter(|file| *file != Path::new("-"));
    if file.is_none() && args.secret.is_stdin() {
        return Err(Error::usage(
            "both the request and the secret would be read from stdin: give the request with --file FILE",
        ));
    }
    let found = args.secret.configured(sender, false)?;
    let mut captured = Captured::read(file)?;
    endpoint::supply(sender, &mut captured)?;
    let mut finding = examine(sender, &captured, &found.secrets, WORK)?;
    let is_authentic = matches!(
        finding.outcome,
        Outcome::Authentic { .. } | Outcome::Handshake
    );
    if !is_authentic {
        finding
            .notes
            .extend(missing_setting(sender, &captured.request));
    }
    let report = Report {
        sender,
        captured: &captured,
        secrets: &found.secrets,
        finding: &finding,
        moment: Moment::of(args.at, captured.request.headers()),
    };
    match args.json {
        true => report.json()?,
        false => report.text()?,
    }
    Ok(match is_authentic {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What a receiver of this needs beside the secret, and does not have.
fn missing_setting(sender: &Sender, request: &Request<Bytes>) -> Option<String> {
    let setting = sender.particulars.setting.as_ref()?;
    let is_needed = !setting.of_handshakes || request.method() == Method::GET;
    let is_missing = is_needed && std::env::var_os(setting.variable).is_none();
    is_missing.then(|| {
        let (variable, what) = (setting.variable, setting.what);
        format!("{variable} is not set: set it to {what}")
    })
}

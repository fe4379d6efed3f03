use std::process::ExitCode;

use crate::error::Error;
use crate::senders::Senders;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: Args, _: &Senders) -> Result<ExitCode, Error> {
    Err(Error::failed("not yet"))
}
